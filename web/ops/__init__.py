"""For operators: health, metrics, API docs, commands, and preparation at start."""

from web.ops import commands, docs, health, metrics, moving, partitioning

BLUEPRINTS = (health.blueprint, metrics.blueprint, docs.blueprint)
COMMANDS = (
    *(commands.keys, commands.workspaces, commands.upgrade, commands.recount),
    partitioning.partition,
    *moving.COMMANDS,
)
