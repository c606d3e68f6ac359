"""Judges a batch: every rule over its column, whole where that proves enough, else value by value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

import can_ada

from producer.intake.batch import Batch, Problem
from producer.rules import column_checks
from producer.rules.item_rules import LONGEST_URL, RULES, Refused, Rule, expiry_after

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
OPTIONAL = ("slug", "title", "password", "expires_at", "max_clicks", "tags", "group", "external_id")


@dataclass(frozen=True, slots=True)
class Known:
    """What rules need to know beyond the row."""

    authorities: frozenset[str]
    """Hosts of our own short links: to shorten one of those would be a loop."""
    groups: Mapping[str, int]
    now: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    columns: dict[str, list[Any]]
    """Normalised values by field, None where a row has none; only fields that some row has."""
    problems: dict[int, Problem]


def judge(batch: Batch, known: Known) -> Judged:
    problems = dict(batch.problems)
    columns: dict[str, list[Any]] = {"url": _urls(batch, problems)}
    columns |= {rule.field: _column(rule, batch, problems) for rule in RULES[1:] if rule.field in batch.columns}
    _refuse_loops(columns["url"], known, problems)
    _number_groups(columns, known, problems)
    _settle_expiry(columns, known, problems)
    _merge_utm(columns, problems)
    kept = {name: column for name, column in columns.items() if name in OPTIONAL and any(column)}
    return Judged({"url": columns["url"]} | kept, problems)


def _column(rule: Rule, batch: Batch, problems: dict[int, Problem]) -> list[Any]:
    column = batch.columns[rule.field]
    check = column_checks.CHECKS.get(rule.field)
    if check and batch.clean:
        try:
            proved = check(column)
        except TypeError:  # a value that is no text
            proved = None
        if proved is not None:
            return proved if "" not in column else [value or None for value in proved]
    return _one_by_one(rule, batch, problems)


def _one_by_one(rule: Rule, batch: Batch, problems: dict[int, Problem]) -> list[Any]:
    seen: dict[Any, Any] = {}
    judged: list[Any] = []
    for place, value in enumerate(batch.columns[rule.field]):
        key = value if isinstance(value, str) else None
        result = seen.get(key) if key is not None else None
        if result is None:
            result = judge_value(rule, value, batch.typed)
            if key is not None and len(seen) < batch.rows:
                seen[key] = result
        if isinstance(result, Problem):
            problems.setdefault(place, result)
            result = None
        judged.append(result)
    return judged


def judge_value(rule: Rule, value: Any, typed: bool) -> Any:
    if value is None or (isinstance(value, str) and not value):
        return None
    if typed and (not isinstance(value, rule.types) or isinstance(value, bool)):
        return Problem("INVALID_TYPE", f"{rule.field} has a JSON value of the wrong type")
    try:
        found = rule.judge(value)
        return None if found == "" else found
    except Refused as refused:
        return Problem(rule.code, str(refused))


def _urls(batch: Batch, problems: dict[int, Problem]) -> list[Any]:
    urls = _column(RULES[0], batch, problems) if "url" in batch.columns else [None] * batch.rows
    if None in urls:
        for place, value in enumerate(urls):
            if value is None:
                problems.setdefault(place, Problem("INVALID_URL", "the URL is missing"))
    return urls


def _refuse_loops(urls: list[Any], known: Known, problems: dict[int, Problem]) -> None:
    """A host of ours is rare in a column: whether it is there at all is one look at all of it."""
    joined = "\n".join(filter(None, urls))
    beginnings = [f"//{authority.partition(':')[0]}" for authority in known.authorities]
    if not any(beginning in joined for beginning in beginnings):
        return
    for place, value in enumerate(urls):
        if value and any(beginning in value for beginning in beginnings) and _is_ours(value, known.authorities):
            problems.setdefault(place, Problem("BLOCKED_URL", "the URL is on this short domain itself: a loop"))


def _is_ours(url: str, authorities: frozenset[str]) -> bool:
    """On a domain of ours. One that is known without a port is ours on every port; a dot at the end changes nothing."""
    parsed = can_ada.parse(url)
    hostname = parsed.hostname.removesuffix(".")
    return hostname in authorities or f"{hostname}:{parsed.port}" in authorities


def _number_groups(columns: dict[str, list[Any]], known: Known, problems: dict[int, Problem]) -> None:
    for place, name in enumerate(columns.get("group", ())):
        if name is not None:
            columns["group"][place] = known.groups.get(name)
            if name not in known.groups:
                problems.setdefault(place, Problem("UNKNOWN_GROUP", f"this workspace has no group {name!r}"))


def _settle_expiry(columns: dict[str, list[Any]], known: Known, problems: dict[int, Problem]) -> None:
    lives = columns.pop("ttl", [])
    if not any(lives):
        return
    ends = columns.setdefault("expires_at", [None] * len(lives))
    for place, seconds in enumerate(lives):
        if seconds and ends[place]:
            problems.setdefault(place, Problem("INVALID_TTL", "either ttl or expires_at, not both"))
        elif seconds:
            ends[place] = expiry_after(known.now, seconds)


def _merge_utm(columns: dict[str, list[Any]], problems: dict[int, Problem]) -> None:
    urls = columns["url"]
    given = {name: columns.pop(name) for name in UTM if name in columns}
    for place, values in enumerate(zip(*given.values(), strict=True)):
        fields = {name: value for name, value in zip(given, values, strict=True) if value}
        if fields and urls[place]:
            urls[place] = with_utm(urls[place], fields)
            if len(urls[place]) > LONGEST_URL:
                problems.setdefault(
                    place, Problem("INVALID_UTM", f"the URL is longer than {LONGEST_URL:,} with its UTM fields")
                )


def with_utm(url: str, fields: Mapping[str, str]) -> str:
    """The URL with these parameters in place of its own of the same names; the rest of it stays to the letter."""
    rest, mark, fragment = url.partition("#")
    base, _, query = rest.partition("?")
    kept = [part for part in query.split("&") if part.partition("=")[0] not in fields] if query else []
    added = [f"{name}={quote_plus(value)}" for name, value in fields.items()]
    return f"{base}?{'&'.join(kept + added)}{mark}{fragment}"
