"""Reads a shard of NDJSON: one JSON object on each line."""

from typing import Any

import msgspec

from producer.fields import change_fields, item_fields
from producer.intake.batch import LONGEST_EXCERPT, Batch, ItemProblem, malformed_row
from producer.intake.csv_batch import is_clean
from producer.intake.json_bodies import decode_json
from producer.intake.layouts import CHANGES_COLUMN, CLICK_COLUMNS, REFUSED, RESULT_COLUMNS, RESULT_PREFIX

decoder = msgspec.json.Decoder()


def read_ndjson(data: bytes, line: int, skip: int, rows: int, prepared: bool = False, changes: bool = False) -> Batch:
    """Reads `rows` rows after the first `skip`; blank lines are no rows. `prepared`: this program wrote the data.

    `changes`: the rows change links. There null is an empty text, which clears a field.
    """
    texts = data.removesuffix(b"\n").split(b"\n")
    filled = [place for place, text in enumerate(texts) if text not in (b"", b"\r")][skip : skip + rows]
    problems: dict[int, ItemProblem] = {}
    items: list[dict[str, Any]] = []
    for row, place in enumerate(filled):
        item = _read_object(texts[place])
        if isinstance(item, str):
            problems[row] = malformed_row(line + place, item)
            item = {}
        elif prepared and REFUSED in item:
            problems[row] = ItemProblem(*item.pop(REFUSED))
        items.append(item)
    names: set[str] = set().union(*items)
    if changes:
        _empty_nulls(items)
    known_names = change_fields.NAMES if changes else item_fields.NAMES
    _note_unknown_fields(items, names.difference(known_names), problems)
    excerpts = {row: _excerpt(texts[filled[row]]) for row in problems}
    return Batch(
        len(items),
        [line + place for place in filled],
        {name: [item.get(name) for item in items] for name in known_names if name in names},
        problems,
        lambda row: items[row] or {"row": excerpts.get(row, "{}")},
        typed=True,
        # An escape such as \u0000 could hide a control character.
        clean=b"\\" not in data and is_clean(data),
    )


def _read_object(text: bytes) -> dict[str, Any] | str:
    """The object on a line, or why there is none."""
    try:
        value = decode_json(decoder, text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"This is not valid JSON: {error}."
    except RecursionError:
        return "This JSON is nested too deeply."
    if not isinstance(value, dict):
        return "This is not a JSON object."
    if "error_code" in value:
        return _without_results(value)
    return value


def _without_results(item: dict[str, Any]) -> dict[str, Any]:
    """An item of our results that comes back, without the members that results add."""
    added = [_added_name(name, item) for name in RESULT_COLUMNS]
    if not item.keys() >= set(added):
        return item
    added.append(_added_name(CHANGES_COLUMN, item))
    if CLICK_COLUMNS[-1] in item:
        added += [_added_name(name, item) for name in CLICK_COLUMNS]
    return {name: value for name, value in item.items() if name not in added}


def _added_name(name: str, item: dict[str, Any]) -> str:
    while RESULT_PREFIX + name in item:
        name = RESULT_PREFIX + name
    return name


def _empty_nulls(items: list[dict[str, Any]]) -> None:
    for item in items:
        for name, value in item.items():
            if value is None:
                item[name] = ""


def _note_unknown_fields(items: list[dict[str, Any]], unknown: set[str], problems: dict[int, ItemProblem]) -> None:
    if not unknown:
        return
    for row, item in enumerate(items):
        unknown_here = sorted(unknown.intersection(item))
        if unknown_here:
            problem = ItemProblem("UNKNOWN_FIELD", f"An item has no field {unknown_here[0][:64]!r}.")
            problems.setdefault(row, problem)


def _excerpt(text: bytes) -> str:
    """What an item keeps of a row that cannot be read. A password may stand anywhere in it."""
    if b"password" in text:
        return ""
    return text.decode(errors="replace")[:LONGEST_EXCERPT]
