"""Plans: what each allows. Every number is a setting: a TOML file named by PLANS overrides those here."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models import process_caches, settings
from models.errors import SettingsError

DEFAULT = "builder"
DAY = 86_400
UNLIMITED = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Numbers of a plan; 0 stands for «as many as you like»."""

    name: str
    bulk_calls_per_hour: int = UNLIMITED
    links_per_hour: int = UNLIMITED
    links_per_day: int = UNLIMITED
    total_links: int = UNLIMITED
    longest_ttl: int = 90 * DAY
    """Seconds; for shapes whose vendor cuts a longer ttl instead of refusing it."""
    batch: Mapping[str, int] = field(default_factory=dict)
    """How many links one call may create, for vendors whose own number the PLANS file overrides."""

    @property
    def limited(self) -> bool:
        """Whether links are counted at all."""
        return bool(self.links_per_hour or self.links_per_day or self.total_links)

    def batch_limit(self, vendor: str, default: int) -> int:
        """Return how many links one call of a vendor may create."""
        return self.batch.get(vendor, default)


BUILT_IN = {
    plan.name: plan
    for plan in (
        Plan("pro", bulk_calls_per_hour=50, links_per_day=10_000),
        Plan("builder", bulk_calls_per_hour=500, links_per_hour=50_000),
        Plan("enterprise"),
    )
}


def of(name: str) -> Plan:
    """The plan of that name; a workspace whose plan was taken out of the file has the default one."""
    return table().get(name) or table()[DEFAULT]


@process_caches.function
@cache
def table() -> dict[str, Plan]:
    path = settings.get().plans
    return BUILT_IN | _overridden(path) if path else BUILT_IN


def _overridden(path: str) -> dict[str, Plan]:
    try:
        found = tomllib.loads(Path(path).read_text())
        return {name: _plan(BUILT_IN.get(name, Plan(name)), given) for name, given in found.items()}
    except (OSError, ValueError) as error:
        raise SettingsError(f"PLANS={path!r}: expected a TOML file of plans: {error}") from None


def _plan(plan: Plan, given: Any) -> Plan:
    if not isinstance(given, dict):
        raise ValueError(f"{plan.name} is no table")
    numbers = dict(given)
    batch = numbers.pop("batch", {})
    _check_names(plan.name, numbers)
    _check_numbers(plan.name, numbers)
    _check_numbers(f"{plan.name}.batch", batch)
    return replace(plan, **numbers, batch=MappingProxyType({**plan.batch, **batch}))


def _check_names(plan: str, numbers: dict[str, Any]) -> None:
    names = {field.name for field in fields(Plan)} - {"name", "batch"}
    if set(numbers) - names:
        raise ValueError(f"[{plan}] has only {', '.join(sorted(names))}")


def _check_numbers(where: str, numbers: Any) -> None:
    """Check what a table says. The names of vendors in a batch table are checked where the vendors are known."""
    if not isinstance(numbers, dict):
        raise ValueError(f"{where} is no table")
    for name, value in numbers.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
            raise ValueError(f"{where}.{name} is a whole number, 0 for no limit")
