"""What is wrong with a single item, said to whoever sent it: a refusal that points at the fields."""

from collections.abc import Mapping
from typing import Any, TypeVar

from models.errors import Conflict, Invalid
from producer.intake.batch import Problem
from producer.intake.formats import FIELDS
from producer.rules.item_rules import RULES
from producer.rules.judging import UTM, judge_value

Refusal = TypeVar("Refusal", Conflict, Invalid)

CONFLICTS = ("SLUG_TAKEN", "RESERVED_SLUG")
FIELD_OF = {rule.code: (rule.field,) for rule in RULES} | {
    "INVALID_UTM": UTM,
    "BLOCKED_URL": ("url",),
    "SLUG_TAKEN": ("slug",),
    "RESERVED_SLUG": ("slug",),
}


def refusal(code: str, message: str, given: Mapping[str, Any]) -> Conflict | Invalid:
    """The error of an item as an error of the request that sent it alone."""
    found = [_fault(name, code, message) for name in _at_fault(code, given)]
    return _coded(Conflict(message, found), code) if code in CONFLICTS else _coded(Invalid(message, found), code)


def conflict(field: str, code: str, message: str) -> Conflict:
    """What one field asks for is somebody else's already."""
    return _coded(Conflict(message, [_fault(field, code, message)]), code)


def invalid(field: str, code: str, message: str) -> Invalid:
    """One field is not as it should be."""
    return _coded(Invalid(message, [_fault(field, code, message)]), code)


def _coded(refused: Refusal, code: str) -> Refusal:
    refused.code = code
    return refused


def _fault(field: str, code: str, message: str) -> dict[str, str]:
    return {"pointer": "/" + field.replace("~", "~0").replace("/", "~1"), "code": code, "message": message}


def _at_fault(code: str, given: Mapping[str, Any]) -> list[str]:
    """The fields that break a rule of this code; where it takes several of them together to do so, those."""
    if code == "UNKNOWN_FIELD":
        return sorted(given.keys() - set(FIELDS))
    found = {rule.field: judge_value(rule, given.get(rule.field), typed=True) for rule in RULES}
    alone = [name for name, result in found.items() if isinstance(result, Problem) and result.code == code]
    together = FIELD_OF.get(code, ())
    return alone or [name for name in together if len(together) == 1 or given.get(name)]
