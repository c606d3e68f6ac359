"""The problem of a single item as an error of the request that sent it, with pointers to the fields at fault."""

from collections.abc import Mapping
from typing import Any, TypeVar

from models.errors import Conflict, Invalid, field_error
from producer.fields.item_fields import BY_NAME, ITEM_FIELDS, UTM, parts_of
from producer.intake.batch import ItemProblem
from producer.rules.judging import judge_value

RequestError = TypeVar("RequestError", Conflict, Invalid)

CONFLICTS = ("SLUG_TAKEN", "RESERVED_SLUG")


def item_error(code: str, message: str, item: Mapping[str, Any]) -> Conflict | Invalid:
    """Builds the error of a request that sent this one item."""
    errors = []
    for name in fields_at_fault(code, item):
        errors.append(field_error(message, name, code=code))
    if code in CONFLICTS:
        return _with_code(Conflict(message, errors), code)
    return _with_code(Invalid(message, errors), code)


def conflict(field: str, code: str, message: str) -> Conflict:
    """Builds the error of a field whose value belongs to another object already."""
    return _with_code(Conflict(message, [field_error(message, field, code=code)]), code)


def invalid(field: str, code: str, message: str) -> Invalid:
    """Builds the error of a field with an invalid value."""
    return _with_code(Invalid(message, [field_error(message, field, code=code)]), code)


def _with_code(error: RequestError, code: str) -> RequestError:
    error.code = code
    return error


def fields_at_fault(code: str, item: Mapping[str, Any]) -> list[str]:
    """The fields that break a rule with this code by themselves, or else those that break it together."""
    if code == "UNKNOWN_FIELD":
        return sorted(item.keys() - BY_NAME.keys())
    alone = [field.name for field in ITEM_FIELDS if _breaks_rule(field.name, item, code)]
    if alone:
        return alone
    together = FIELDS_OF_CODE.get(code, ())
    if len(together) == 1:
        return list(together)
    return [name for name in together if item.get(name)]


def _breaks_rule(name: str, item: Mapping[str, Any], code: str) -> bool:
    result = judge_value(BY_NAME[name], item.get(name), typed=True)
    return isinstance(result, ItemProblem) and result.code == code


SLUG = ("slug", *parts_of("slug"))
FIELDS_OF_CODE: dict[str, tuple[str, ...]] = {field.error_code: (field.name,) for field in ITEM_FIELDS} | {
    "INVALID_UTM": UTM,
    "BLOCKED_URL": ("url",),
    "INVALID_SLUG": SLUG,
    "SLUG_TAKEN": SLUG,
    "RESERVED_SLUG": SLUG,
}
