"""Judges a batch of rows by the rules of their fields: whole columns where a check proves them, else each value."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

import can_ada

from models import settings
from models.accounts.domains import Domain
from producer.fields import column_checks, item_fields, wide_slugs
from producer.fields.item_fields import BY_NAME, ItemField
from producer.fields.item_rules import URL_MISSING, InvalidValue, add_scheme, expiry_after, stored_time
from producer.fields.wide_slugs import LONGEST_WIDE_SLUG, SlugKind
from producer.intake.batch import Batch, ItemProblem
from producer.rules import short_urls
from producer.rules.utm import merge_utm


@dataclass(frozen=True, slots=True)
class JudgingContext:
    """What rules need beyond the row itself."""

    authorities: frozenset[str]
    """Hosts of our own short links. A link to one of them would be a loop."""
    groups: Mapping[str, int]
    """The workspace's groups by name, and by number as text."""
    now: datetime
    slugs: SlugKind = SlugKind.PLAIN
    case_sensitive: bool = True
    """Whether case matters in the slugs of the domain."""
    scheme: str = ""
    """What is added to URLs without a scheme."""
    creates_groups: bool = False
    """Whether any name is a group's: those of groups that do not exist yet too."""
    domains: Mapping[str, Domain] = field(default_factory=dict)
    """The workspace's domains by id and hostname, for rows that name one of them."""
    domain_id: int = 0
    """The domain of rows that name none."""


@dataclass(frozen=True, slots=True)
class JudgedBatch:
    columns: dict[str, list[Any]]
    """Normalised values by field, None where a row has none. Only fields that some row has, and always `url`.

    Groups are numbers, or names where the job creates groups.
    """
    problems: dict[int, ItemProblem]
    """The first problem of each row that fails, by its place in the batch."""


def judge(batch: Batch, context: JudgingContext) -> JudgedBatch:
    """Judge rows that create links."""
    problems = dict(batch.problems)
    columns = judge_fields(batch, item_fields.of_kind(context.slugs), context, problems, NO_URL)
    resolve_domains(columns, context, problems)
    spell_slugs(columns, context.case_sensitive, problems)
    refuse_loops(columns, context.authorities, problems)
    if not context.creates_groups:
        resolve_groups(columns, context.groups, problems)
    resolve_ttl(columns, context.now, problems)
    _resolve_disabled(columns, context.now)
    _complete_created_at(columns, context.now)
    merge_utm(columns)
    filled = {name: column for name, column in columns.items() if name == "url" or any(column)}
    return JudgedBatch(filled, problems)


def judge_fields(
    batch: Batch,
    fields: Iterable[ItemField],
    context: JudgingContext,
    problems: dict[int, ItemProblem],
    without_url: ItemProblem | None = None,
) -> dict[str, list[Any]]:
    """Apply each field's own rule, and note problems. `without_url`: the problem of a row that has no URL.

    There always is a column of URLs.
    """
    batch = short_urls.with_slugs(batch, context.domains)
    if context.scheme and "url" in batch.columns:
        batch = _with_schemes(batch, context.scheme)
    columns: dict[str, list[Any]] = {"url": _url_column(batch, problems, without_url)}
    for item_field in fields:
        if item_field.name != "url" and item_field.name in batch.columns:
            columns[item_field.name] = _column(item_field, batch, problems)
    return columns


def _with_schemes(batch: Batch, scheme: str) -> Batch:
    urls = []
    for url in batch.columns["url"]:
        is_complete = not isinstance(url, str) or url.startswith(COMPLETE_URLS)
        urls.append(url if is_complete else add_scheme(url, scheme))
    return replace(batch, columns=batch.columns | {"url": urls})


COMPLETE_URLS = ("https://", "http://")


def _url_column(batch: Batch, problems: dict[int, ItemProblem], without_url: ItemProblem | None) -> list[Any]:
    urls: list[Any] = [None] * batch.rows
    if "url" in batch.columns:
        urls = _column(BY_NAME["url"], batch, problems)
    if without_url and None in urls:
        for place, value in enumerate(urls):
            if value is None:
                problems.setdefault(place, without_url)
    return urls


NO_URL = ItemProblem("INVALID_URL", URL_MISSING)


def _column(field: ItemField, batch: Batch, problems: dict[int, ItemProblem]) -> list[Any]:
    column = batch.columns[field.name]
    if field.check is None:
        values: list[Any] = [None] * batch.rows
        _judge_places(field, batch, range(batch.rows), values, problems)
        return values
    values, unproven = column_checks.prove(field.check, column, batch.clean)
    _judge_places(field, batch, unproven, values, problems)
    if "" not in values:
        return values
    return [value or None for value in values]


def _judge_places(
    field: ItemField, batch: Batch, places: Iterable[int], values: list[Any], problems: dict[int, ItemProblem]
) -> None:
    """Apply the rule of a field to its values at some places."""
    column = batch.columns[field.name]
    chosen = [column[place] for place in places]
    texts = {value for value in chosen if isinstance(value, str)}  # values of a column repeat often
    results = {text: judge_value(field, text, batch.typed) for text in texts}
    for place, value in zip(places, chosen, strict=True):
        result = results[value] if isinstance(value, str) else judge_value(field, value, batch.typed)
        if isinstance(result, ItemProblem):
            problems.setdefault(place, result)
            result = None
        values[place] = result


def judge_value(field: ItemField, value: Any, typed: bool) -> Any:
    """The normalised value, None when there is none, or an ItemProblem. `typed`: the value comes from JSON."""
    if value is None or value == "":
        return None
    if typed and not _has_json_type(field, value):
        return ItemProblem("INVALID_TYPE", f"{field.name} has the wrong JSON type. It must be {_types(field)}.")
    try:
        result = field.rule(value)
    except InvalidValue as error:
        return ItemProblem(field.error_code, str(error))
    return None if result == "" else result


def _has_json_type(field: ItemField, value: Any) -> bool:
    if isinstance(value, bool):  # in Python a bool is an int too
        return bool in field.json_types
    return isinstance(value, field.json_types)


def _types(field: ItemField) -> str:
    return " or ".join(map(TYPE_NAMES.__getitem__, field.json_types))


TYPE_NAMES: dict[type, str] = {str: "text", int: "a whole number", list: "a list", bool: "true or false"}


def resolve_domains(columns: dict[str, list[Any]], context: JudgingContext, problems: dict[int, ItemProblem]) -> None:
    """The column has the domain of each row that is not on the job's, and None for all others."""
    for place, name in enumerate(columns.get("domain", ())):
        if name is None:
            continue
        domain = context.domains.get(name)
        if domain is None:
            message = f"This workspace has no domain {name[:64]!r}."
            problems.setdefault(place, ItemProblem("UNKNOWN_DOMAIN", message))
        columns["domain"][place] = domain if domain and domain.id != context.domain_id else None


def spell_slugs(columns: dict[str, list[Any]], case_sensitive: bool, problems: dict[int, ItemProblem]) -> None:
    own_domains = columns.get("domain") or []
    if "slug" not in columns or (case_sensitive and not any(own_domains)):
        return
    slugs = columns["slug"]
    for place, (slug, domain) in enumerate(zip_longest(slugs, own_domains)):
        if not slug:
            continue
        slugs[place] = wide_slugs.spell(slug, domain.case_sensitive if domain else case_sensitive)
        if len(slugs[place]) > LONGEST_WIDE_SLUG:  # some letters become two in lower case
            problems.setdefault(place, TOO_LONG_IN_LOWER_CASE)


TOO_LONG_IN_LOWER_CASE = ItemProblem(
    "INVALID_SLUG", f"The slug has more than {LONGEST_WIDE_SLUG} characters in lower case, as this domain stores it."
)


def refuse_loops(columns: dict[str, list[Any]], authorities: frozenset[str], problems: dict[int, ItemProblem]) -> None:
    urls = columns["url"]
    own_domains = columns.get("domain") or [None] * len(urls)
    all_authorities = authorities.union(domain.hostname for domain in set(own_domains) if domain)
    # Our own hosts are rare: for most batches one search through the whole column is enough.
    joined = "\n".join(filter(None, urls))
    for authority in all_authorities:
        beginning = f"//{authority.partition(':')[0]}"
        if beginning not in joined:
            continue
        for place, url in enumerate(urls):
            if url and beginning in url and leads_to(url, _authorities_of(own_domains[place], authorities)):
                problems.setdefault(place, LOOP)


def _authorities_of(domain: Domain | None, authorities: frozenset[str]) -> frozenset[str]:
    if domain is None:
        return authorities
    return frozenset((settings.get().authority, domain.hostname))


LOOP = ItemProblem("BLOCKED_URL", "The URL leads to this short domain itself, which would be a loop.")


def leads_to(url: str, authorities: Collection[str]) -> bool:
    """Whether a URL is on a domain of ours. An authority without a port covers every port."""
    parsed = can_ada.parse(url)
    hostname = parsed.hostname.removesuffix(".")
    return hostname in authorities or f"{hostname}:{parsed.port}" in authorities


def resolve_groups(columns: dict[str, list[Any]], groups: Mapping[str, int], problems: dict[int, ItemProblem]) -> None:
    for place, name in enumerate(columns.get("group", ())):
        if name is None:
            continue
        columns["group"][place] = groups.get(name)
        if name not in groups:
            problems.setdefault(place, ItemProblem("UNKNOWN_GROUP", f"This workspace has no group {name!r}."))


def resolve_ttl(columns: dict[str, list[Any]], now: datetime, problems: dict[int, ItemProblem]) -> None:
    ttls = columns.pop("ttl", [])
    if not any(ttls):
        return
    expiries = columns.setdefault("expires_at", [None] * len(ttls))
    for place, seconds in enumerate(ttls):
        if seconds and expiries[place]:
            problems.setdefault(place, ItemProblem("INVALID_TTL", "An item can have ttl or expires_at, not both."))
        elif seconds:
            expiries[place] = expiry_after(now, seconds)


def _resolve_disabled(columns: dict[str, list[Any]], now: datetime) -> None:
    """A link is stored with the moment at which it was disabled."""
    if "disabled" in columns:
        moment = stored_time(now)
        columns["disabled"] = [moment if disabled else None for disabled in columns["disabled"]]


def _complete_created_at(columns: dict[str, list[Any]], now: datetime) -> None:
    """Where some rows have a moment of their own, the others need theirs as well: all are written together."""
    moments = columns.get("created_at")
    if moments and any(moments):
        moment = stored_time(now)
        columns["created_at"] = [created_at or moment for created_at in moments]
