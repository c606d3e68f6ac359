"""Slugs: the alphabet, automatic ones by the range, and the words that are kept for our own routes."""

from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, select

from models import store
from models.links.permutation import Numbers, permute
from models.tables import reserved_slugs, slug_counters

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # in byte order: numbers sort as slugs do
LETTERS = np.frombuffer(ALPHABET.encode(), np.uint8)
SHORTEST = 7
LONGEST_AUTOMATIC = 10  # 62 ** 10 is the last power that a database's whole number holds

RESERVED = frozenset(
    (
        "about abuse account accounts admin admins api apis app apps assets auth billing cdn checkout config contact "
        "console dashboard developer developers docs domain domains download downloads email error errors events "
        "export exports faq favicon file files flower forgot ftp graphql group groups health healthz help host "
        "hosting http https imap import imports info install integrations internal invite item items job jobs key "
        "keys legal link links livez localhost login logout mail manage metrics monitor oauth openapi page pages "
        "panel password payment payments ping plan plans policy preview pricing privacy profile qr query readyz "
        "redirect register report reports reset robots root rss search secure security session sessions settings "
        "setup signin signout signup sitemap smtp sso static stats status subscribe support swagger system tag tags "
        "team teams terms token tools trust unsubscribe update upload uploads usage user users v1 v2 v3 verify "
        "version web webhook webhooks well-known worker workers workspace workspaces wp-admin wp-content wp-includes "
        "wp-json wp-login www xmlrpc"
    ).split()
)


class Range(NamedTuple):
    length: int
    start: int
    size: int


def reserve(db: Connection, domain_id: int, shortest: int, count: int) -> list[Range]:
    """Takes the next automatic slugs of a domain. A range that is not used afterwards is a gap, and costs nothing."""
    ranges: list[Range] = []
    for length in range(shortest, LONGEST_AUTOMATIC + 1):
        start = _advance(db, domain_id, length, count)
        got = min(count, max(0, len(ALPHABET) ** length - start))
        ranges.append(Range(length, start, got))
        count -= got
        if not count:
            break
    return [taken for taken in ranges if taken.size]


def spell(ranges: list[Range], domain_id: int, key: bytes) -> list[str]:
    """The slugs of some ranges, in byte order: rows that take them in turn are sorted for the index as they stand."""
    slugs = [slug for taken in ranges for slug in _spelled(np.sort(_mixed(taken, domain_id, key)), taken.length)]
    return slugs if len(ranges) == 1 else sorted(slugs)


def strew(ranges: list[Range], domain_id: int, key: bytes) -> list[str]:
    """The same slugs in no order."""
    return [slug for taken in ranges for slug in _spelled(_mixed(taken, domain_id, key), taken.length)]


def reserved(db: Connection) -> frozenset[str]:
    """Every word that no link may take."""
    return RESERVED.union(db.execute(select(reserved_slugs.c.slug)).scalars())


def keep_reserved(db: Connection, words: set[str]) -> None:
    """Notes the first segments of our own routes; a word stays when its route goes, since old clients still call it."""
    rows = [{"slug": word} for word in sorted(words)]
    db.execute(store.dialect().insert(reserved_slugs).on_conflict_do_nothing(), rows)


def _advance(db: Connection, domain_id: int, length: int, count: int) -> int:
    row = {"domain_id": domain_id, "length": length, "next_value": count}
    insert = store.dialect().insert(slug_counters).values(row)
    advanced = insert.on_conflict_do_update(
        index_elements=["domain_id", "length"],
        set_={"next_value": slug_counters.c.next_value + count},
    ).returning(slug_counters.c.next_value)
    return int(db.execute(advanced).scalar_one()) - count


def _mixed(taken: Range, domain_id: int, key: bytes) -> Numbers:
    numbers = np.arange(taken.start, taken.start + taken.size, dtype=np.uint64)
    return permute(numbers, len(ALPHABET) ** taken.length, key + f"/{domain_id}/{taken.length}".encode())


def _spelled(numbers: Numbers, length: int) -> list[str]:
    digits = np.empty((numbers.size, length), np.uint8)
    base = np.uint64(len(ALPHABET))
    for place in range(length - 1, -1, -1):
        numbers, digits[:, place] = np.divmod(numbers, base)
    text = LETTERS[digits].tobytes().decode()
    return [text[at : at + length] for at in range(0, len(text), length)]
