"""Random slugs whose beginning and length a client chooses. Automatic slugs have neither."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from models import store
from models.accounts import domains
from models.accounts.domains import Domain
from models.accounts.keys import Owner
from models.links import links, reserved_words
from models.links.slugs import SHORTEST, alphabet_of
from producer.fields import item_rules
from producer.fields.item_rules import InvalidValue
from producer.fields.wide_slugs import LONGEST_WIDE_SLUG, spell, wide_slug

ROUNDS_PER_LENGTH = 4


class SlugPattern(NamedTuple):
    """What a random slug has to look like. It stands in the place of an item's slug until one is drawn."""

    prefix: str
    length: int
    """How many random characters follow the prefix."""


def parse_pattern(folder: Any, length: Any) -> SlugPattern:
    """Check what a client wants: a folder, which may be empty, and how many random characters behind its slash."""
    if not isinstance(folder, str):
        raise InvalidValue("The beginning must be text.")
    if length is None:
        length = SHORTEST
    if not isinstance(length, int | float) or isinstance(length, bool) or length not in LENGTHS:
        raise InvalidValue(f"The length must be a whole number from {LENGTHS[0]} to {LENGTHS[-1]}.")
    name = folder.removeprefix("/").removesuffix("/")
    pattern = SlugPattern(f"{name}/" if name else "", int(length))
    wide_slug(pattern.prefix + "x" * pattern.length)
    return pattern


LENGTHS = range(3, LONGEST_WIDE_SLUG + 1)


def fill(items: Sequence[dict[str, Any]], owner: Owner) -> None:
    """Draw a slug for each item that has a pattern: nobody can guess it, and no link of the domain has it.

    Where nearly all slugs of a length are in use, a longer one is drawn, as with automatic slugs. No link fails for it.
    """
    slugs = [item.get("slug") for item in items]
    patterns = {place: slug for place, slug in enumerate(slugs) if isinstance(slug, SlugPattern)}
    if not patterns:
        return
    drawn: dict[int, str] = {}
    with store.read() as db:
        words = reserved_words.load(db)
        for domain, places in _places_by_domain(db, items, patterns, owner).items():
            used = {spell(slug, domain.case_sensitive) for slug in slugs if isinstance(slug, str)} | words
            drawn |= _draw_unused(db, domain, {place: patterns[place] for place in places}, used)
    for place, slug in drawn.items():
        items[place]["slug"] = slug


def _places_by_domain(
    db: Connection, items: Sequence[dict[str, Any]], places: Iterable[int], owner: Owner
) -> dict[Domain, list[int]]:
    """Group items by their domain. One of an unknown domain, which fails later, counts to the default one."""
    names = domains.by_name(db, owner.workspace_id)
    default = domains.find(db, owner.workspace_id, None)
    assert default
    groups: dict[Domain, list[int]] = {}
    for place in places:
        name = items[place].get("domain")
        domain = names.get(item_rules.domain(name), default) if isinstance(name, str) else default
        groups.setdefault(domain, []).append(place)
    return groups


def _draw_unused(db: Connection, domain: Domain, patterns: Mapping[int, SlugPattern], used: set[str]) -> dict[int, str]:
    drawn: dict[int, str] = {}
    missing = dict(patterns)
    rounds = 0
    while missing:
        candidates = _draw(missing, domain.case_sensitive, extra_length=rounds // ROUNDS_PER_LENGTH)
        used |= links.used_slugs(db, domain.id, list(candidates.values()))
        for place, slug in candidates.items():
            if slug not in used:
                drawn[place] = slug
                used.add(slug)
                del missing[place]
        rounds += 1
    return drawn


def _draw(patterns: Mapping[int, SlugPattern], case_sensitive: bool, extra_length: int) -> dict[int, str]:
    alphabet = alphabet_of(case_sensitive)
    candidates: dict[int, str] = {}
    for place, pattern in patterns.items():
        letters = [secrets.choice(alphabet) for _ in range(pattern.length + extra_length)]
        candidates[place] = spell(pattern.prefix, case_sensitive) + "".join(letters)
    return candidates
