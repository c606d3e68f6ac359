"""Defaults: item fields for the rows of an upload that lack them, some with placeholders such as `promo-{index}`."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from models.errors import FieldError, Invalid, field_error
from models.links import passwords
from producer.fields import item_fields
from producer.fields.item_fields import BY_NAME, parts_of
from producer.fields.item_rules import CONTROL
from producer.intake.batch import Batch, ItemProblem
from producer.intake.layouts import NDJSON, Layout
from producer.intake.reading import read_batch
from producer.rules.item_errors import item_error
from producer.rules.judging import JudgingContext, judge, judge_value

Defaults = Mapping[str, Any]

INVALID_DEFAULT = "A default is not valid."
EXPIRY_FIELDS = ("expires_at", *parts_of("expires_at"))
SLUG_FIELDS = ("slug", *parts_of("slug"))
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
PLACEHOLDER_COLUMNS: dict[str, Callable[[Batch, int], Iterable[Any]]] = {
    "index": lambda batch, first_index: range(first_index, first_index + batch.rows),
    "row": lambda batch, first_index: range(first_index + 1, first_index + batch.rows + 1),
    "line": lambda batch, first_index: batch.lines,
    "external_id": lambda batch, first_index: batch.columns.get("external_id") or [None] * batch.rows,
}
"""What a placeholder stands for: a value for each row of a batch."""


class PasswordHash(str):
    """A default password, hashed when the job was accepted: the clear text is not stored, not even for a while."""


def check(defaults: Defaults, context: JudgingContext) -> None:
    """Raises Invalid when no row could use these defaults: they are judged as a row that has nothing else."""
    valid = dict(defaults)
    errors: list[FieldError] = []
    for name in sorted(defaults):
        problem = _shape_problem(name, defaults[name])
        if problem:
            errors.append(_error(name, problem))
            del valid[name]
    sample = _first_row(valid)
    for field in item_fields.of_kind(context.slugs):
        result = judge_value(field, sample.get(field.name), typed=True)
        if isinstance(result, ItemProblem):
            errors.append(_error(field.name, result))
    if errors:
        raise Invalid(INVALID_DEFAULT, errors)
    _judge_together(sample, context)


def _shape_problem(name: str, value: Any) -> ItemProblem | None:
    """What is wrong with a default before any row is known: its name, or a placeholder."""
    field = BY_NAME.get(name)
    if field is None:
        return ItemProblem("UNKNOWN_FIELD", f"An item has no field {name[:64]!r}.")
    if not field.takes_patterns:
        return None
    allowed = [placeholder for placeholder in PLACEHOLDER_COLUMNS if placeholder != name]
    for placeholder in _placeholders(value):
        if placeholder not in allowed:
            listed = "{" + "}, {".join(allowed) + "}"
            message = f"{{{placeholder[:64]}}} is not a placeholder. Use one of {listed}."
            return ItemProblem("UNKNOWN_PLACEHOLDER", message)
    return None


def _placeholders(value: Any) -> list[str]:
    if not isinstance(value, str):
        return []
    return PLACEHOLDER.findall(value)


def _first_row(defaults: Defaults) -> dict[str, Any]:
    """The defaults as the first row might get them."""
    row = Batch(1, [1], {"external_id": ["a"]}, {}, lambda _place: {}, typed=True)
    return {name: next(iter(_values(name, value, row, 0))) for name, value in defaults.items()}


def _judge_together(sample: Defaults, context: JudgingContext) -> None:
    if not sample.get("url"):
        sample = {**sample, "url": "https://example.com/"}
        context = replace(context, authorities=frozenset())  # example.com may be ours in a test
    row = json.dumps(sample).encode() + b"\n"
    judged = judge(read_batch(row, Layout(NDJSON), 1, 0, 1), context)
    if not judged.problems:
        return
    problem = judged.problems[0]
    errors = []
    for error in item_error(*problem, sample).errors:
        errors.append(_error(error["pointer"].removeprefix("/"), problem))
    raise Invalid(INVALID_DEFAULT, errors)


def _error(name: str, problem: ItemProblem) -> FieldError:
    return field_error(problem.message, "defaults", name, code=problem.code)


def for_storage(defaults: Defaults) -> dict[str, Any]:
    """The defaults as they are stored with their job: the password hashed."""
    stored = dict(defaults)
    if stored.get("password"):
        stored["password"] = passwords.hash_password(stored["password"])
    return stored


def fill(rows: Batch, defaults: Defaults, first_index: int) -> Batch:
    """Returns the batch with defaults where its rows have nothing. In JSON null is nothing, an empty text is not."""
    values = {name: value for name, value in defaults.items() if value not in (None, "")}
    columns = dict(rows.columns)
    # external_id first: other defaults may use it as a placeholder.
    for name in sorted(values, key=lambda name: name != "external_id"):
        filled = replace(rows, columns=columns)
        defaults_of_rows = _values(name, values[name], filled, first_index)
        columns[name] = _filled_column(rows, name, defaults_of_rows)
    _clear_unreadable(columns, rows)
    has_control = any(isinstance(value, str) and CONTROL.search(value) for value in values.values())
    return replace(rows, columns=columns, clean=rows.clean and not has_control)


def with_values(rows: Batch, values: Mapping[str, Any]) -> Batch:
    """Returns the batch with the same values in every row, those of the option `set`. None clears a field."""
    if not values:
        return rows
    columns = dict(rows.columns)
    for name, value in values.items():
        if name == "password" and value:
            value = PasswordHash(value)
        columns[name] = ["" if value is None else value] * rows.rows
    return replace(rows, columns=columns, clean=False)


def _filled_column(rows: Batch, name: str, defaults: Iterable[Any]) -> list[Any]:
    """The column of a field, with the default in rows that have nothing."""
    # A row that has a ttl needs no default expires_at, and the other way round; the same is true of slugs.
    deciding_fields = next((fields for fields in (EXPIRY_FIELDS, SLUG_FIELDS) if name in fields), (name,))
    deciding_columns = [_column(rows, field) for field in deciding_fields]
    absent = (None,) if rows.typed else (None, "")
    filled = []
    for value, default, *deciding in zip(_column(rows, name), defaults, *deciding_columns, strict=True):
        has_nothing = all(each in absent for each in deciding)
        filled.append(default if has_nothing else value)
    return filled


def _column(rows: Batch, name: str) -> list[Any]:
    nothing = None if rows.typed else ""
    return rows.columns.get(name) or [nothing] * rows.rows


def _values(name: str, value: Any, rows: Batch, first_index: int) -> Iterator[Any] | list[Any]:
    """The default of a field for each row."""
    if name == "password":
        return [PasswordHash(value)] * rows.rows
    field = BY_NAME.get(name)
    placeholders = _placeholders(value) if field and field.takes_patterns else []
    if not placeholders:
        return [value] * rows.rows
    pattern = PLACEHOLDER.sub("%s", value.replace("%", "%%"))
    columns = [PLACEHOLDER_COLUMNS[placeholder](rows, first_index) for placeholder in placeholders]
    texts: Iterator[Any] = map(pattern.__mod__, zip(*columns, strict=True))
    if "external_id" not in placeholders:
        return texts
    # A row without an external id gets no text that would need one.
    ids = columns[placeholders.index("external_id")]
    return [text if external_id else None for text, external_id in zip(texts, ids, strict=True)]


def _clear_unreadable(columns: dict[str, list[Any]], rows: Batch) -> None:
    """A row that could not be read gets no external id, by which it would find an existing link."""
    for place, problem in rows.problems.items():
        if problem.code == "MALFORMED_ROW" and "external_id" in columns:
            columns["external_id"][place] = None
