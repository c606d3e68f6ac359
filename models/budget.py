"""The budget of connections to PostgreSQL: how many the processes of a host need, by the formula of docs/operate.md."""

from collections.abc import Collection

from models.settings import Settings

WEB_PROCESSES = 2
INTERACTIVE_PROCESSES = 2
PER_WORKER = 2
FOR_OTHERS = 2  # commands and observers


def of_workers(workers: int) -> int:
    """Return how many connections the workers of a host use. Web leaves so many to them."""
    return PER_WORKER * (workers + INTERACTIVE_PROCESSES)


def of_host(settings: Settings, names: Collection[str]) -> int:
    """Return how many connections these processes of the Procfile may open at the same time."""
    needs = {
        "web": WEB_PROCESSES * settings.db_connections,
        "bulk": PER_WORKER * settings.workers,
        "interactive": PER_WORKER * INTERACTIVE_PROCESSES,
        "callers": settings.db_connections,
    }
    return FOR_OTHERS + sum(need for name, need in needs.items() if name in names)
