"""Plans: what each allows. The TOML file that PLANS names overrides any number here, and may add plans."""

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
LARGEST_NUMBER = 2**53 - 1  # the largest whole number that every JSON client reads exactly


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbers of a plan; 0 means no limit."""

    name: str
    bulk_calls_per_hour: int = UNLIMITED
    links_per_hour: int = UNLIMITED
    links_per_day: int = UNLIMITED
    total_links: int = UNLIMITED
    longest_ttl: int = 90 * DAY
    """In seconds, for vendors whose API shortens a longer ttl instead of refusing it."""
    batch: Mapping[str, int] = field(default_factory=dict)
    """How many links one call may create, by vendor, where PLANS overrides the vendor's own number."""

    @property
    def limited(self) -> bool:
        """Whether links are counted."""
        return bool(self.links_per_hour or self.links_per_day or self.total_links)

    def batch_limit(self, vendor: str, default: int) -> int:
        """How many links one call of a vendor may create."""
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
    """The plan with a name. A workspace whose plan was removed from the file is on the default one."""
    return table().get(name) or table()[DEFAULT]


@process_caches.function
@cache
def table() -> dict[str, Plan]:
    """Every plan by its name."""
    path = settings.get().plans
    return BUILT_IN | _read(path) if path else BUILT_IN


def _read(path: str) -> dict[str, Plan]:
    """The plans of a file. What it does not name stays as the built-in plan has it."""
    plans: dict[str, Plan] = {}
    try:
        for name, values in tomllib.loads(Path(path).read_text()).items():
            plans[name] = _override(BUILT_IN.get(name, Plan(name)), values)
    except (OSError, ValueError) as error:
        raise SettingsError(f"PLANS={path!r}: expected a TOML file of plans: {error}") from None
    return plans


def _override(plan: Plan, values: Any) -> Plan:
    if not isinstance(values, dict):
        raise ValueError(f"{plan.name} must be a table")
    numbers = dict(values)
    batch = numbers.pop("batch", {})
    _check_names(plan.name, numbers)
    _check_numbers(plan.name, numbers)
    _check_numbers(f"{plan.name}.batch", batch)  # its names are checked where the vendors are known
    return replace(plan, **numbers, batch=MappingProxyType({**plan.batch, **batch}))


def _check_names(plan: str, numbers: dict[str, Any]) -> None:
    names = {field.name for field in fields(Plan)} - {"name", "batch"}
    if not names.issuperset(numbers):
        raise ValueError(f"[{plan}] may have only {', '.join(sorted(names))}")


def _check_numbers(where: str, numbers: Any) -> None:
    if not isinstance(numbers, dict):
        raise ValueError(f"{where} must be a table")
    for name, value in numbers.items():
        is_whole = isinstance(value, int) and not isinstance(value, bool)  # in Python, true is a whole number too
        if not is_whole or not 0 <= value <= LARGEST_NUMBER:
            raise ValueError(f"{where}.{name} must be a whole number, 0 for no limit")
