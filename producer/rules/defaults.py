"""Defaults: item fields for the rows of an upload that lack them, some with patterns such as `promo-{index}`."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from models.errors import Invalid
from models.links import passwords
from producer.intake import batch
from producer.intake.batch import Batch, Problem
from producer.intake.formats import FIELDS, NDJSON, Layout
from producer.rules.item_errors import refusal
from producer.rules.item_rules import CONTROL, RULES
from producer.rules.judging import UTM, Known, judge, judge_value

PATTERNED = ("slug", "title", *UTM, "external_id")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
PLACES: dict[str, Callable[[Batch, int], Iterable[Any]]] = {
    "index": lambda read, first: range(first, first + read.rows),
    "row": lambda read, first: range(first + 1, first + read.rows + 1),
    "line": lambda read, first: read.lines,
    "external_id": lambda read, first: read.columns.get("external_id") or [None] * read.rows,
}
"""What a pattern may name, as a column."""

LIFE = ("expires_at", "ttl")  # a pair: a row that has either lacks neither
SAMPLE_URL = "https://example.com/"
SAMPLE_ID = "a"
WRONG = "a default is not as it should be"

Defaults = Mapping[str, Any]


class Hashed(str):
    """A password that is a hash already: in clear it is not kept, not even until the job is done."""


def check(defaults: Defaults, known: Known) -> None:
    """Raises when no row could do with these: they are judged as a row that has nothing else."""
    found = [*_unknown_fields(defaults), *_unknown_places(defaults)]
    wrong = {each["pointer"] for each in found}
    sample = _sampled({name: value for name, value in defaults.items() if _fault(name, "", "")["pointer"] not in wrong})
    for rule in RULES:
        result = judge_value(rule, sample.get(rule.field), typed=True)
        if isinstance(result, Problem):
            found.append(_fault(rule.field, *result))
    if found:
        raise Invalid(WRONG, found)
    _judge_together(sample, known)


def kept(defaults: Defaults) -> dict[str, Any]:
    """As they are stored with their job."""
    hashes = {"password": passwords.hashed(defaults["password"])} if defaults.get("password") else {}
    return {**defaults, **hashes}


def filled(read: Batch, defaults: Defaults, first_index: int) -> Batch:
    """The batch with defaults where its rows have nothing. What a row says itself stays, also that it has none."""
    columns, absent = dict(read.columns), None if read.typed else ""
    given = {name: value for name, value in defaults.items() if value not in (None, "")}
    mortal = _either(read, absent) if set(given).intersection(LIFE) else []
    for name in sorted(given, key=lambda name: name != "external_id"):  # which a pattern may name
        column = columns.get(name) or [absent] * read.rows
        values = _values(name, given[name], replace(read, columns=columns), first_index)
        lacks = (not has for has in mortal) if name in LIFE else (value in (None, absent) for value in column)
        columns[name] = [new if lack else old for old, new, lack in zip(column, values, lacks, strict=True)]
    _spare_unread(columns, read)
    clean = read.clean and not any(isinstance(value, str) and CONTROL.search(value) for value in given.values())
    return replace(read, columns=columns, clean=clean)


def _either(read: Batch, absent: str | None) -> list[bool]:
    columns = [read.columns.get(name) or [absent] * read.rows for name in LIFE]
    return [any(value not in (None, absent) for value in pair) for pair in zip(*columns, strict=True)]


def _values(name: str, value: Any, read: Batch, first: int) -> Iterator[Any] | list[Any]:
    named = PLACEHOLDER.findall(value) if name in PATTERNED and isinstance(value, str) else []
    if not named:
        return [Hashed(value) if name == "password" else value] * read.rows
    plain = PLACEHOLDER.sub("%s", value.replace("%", "%%"))
    columns = [PLACES[place](read, first) for place in named]
    texts: Iterator[Any] = map(plain.__mod__, zip(*columns, strict=True))
    if "external_id" not in named:
        return texts
    ids = columns[named.index("external_id")]
    return [text if of else None for text, of in zip(texts, ids, strict=True)]  # nothing to say of a row without one


def _spare_unread(columns: dict[str, list[Any]], read: Batch) -> None:
    """What could not be read at all has no external id either, by which a link might be found."""
    for place, problem in read.problems.items():
        if problem.code == "MALFORMED_ROW" and "external_id" in columns:
            columns["external_id"][place] = None


def _unknown_fields(defaults: Defaults) -> list[dict[str, str]]:
    names = sorted(defaults.keys() - set(FIELDS))
    return [_fault(name, "UNKNOWN_FIELD", f"no item has a field {name[:64]!r}") for name in names]


def _unknown_places(defaults: Defaults) -> list[dict[str, str]]:
    found = []
    for name in PATTERNED:
        named = PLACEHOLDER.findall(value) if isinstance(value := defaults.get(name), str) else []
        allowed = [place for place in PLACES if place != name]
        if wrong := [place for place in named if place not in allowed]:
            allowed_names = ", ".join(f"{{{place}}}" for place in allowed)
            message = f"{{{wrong[0][:64]}}} is none of {allowed_names}"
            found.append(_fault(name, "UNKNOWN_PLACEHOLDER", message))
    return found


def _sampled(defaults: Defaults) -> dict[str, Any]:
    """The defaults as the first row might have them."""
    row = Batch(1, [1], {"external_id": [SAMPLE_ID]}, {}, lambda _place: {}, typed=True)
    return {name: next(iter(_values(name, value, row, 0))) for name, value in defaults.items()}


def _judge_together(sample: Defaults, known: Known) -> None:
    if not sample.get("url"):
        sample, known = {**sample, "url": SAMPLE_URL}, replace(known, authorities=frozenset())
    item = json.dumps(sample).encode() + b"\n"
    judged = judge(batch.read(item, Layout(NDJSON), 1, 0, 1), known)
    if judged.problems:
        problem = judged.problems[0]
        names = [each["pointer"].removeprefix("/") for each in refusal(*problem, sample).errors]
        raise Invalid(WRONG, [_fault(name, *problem) for name in names])


def _fault(name: str, code: str, message: str) -> dict[str, str]:
    return {"pointer": "/defaults/" + name.replace("~", "~0").replace("/", "~1"), "code": code, "message": message}
