"""Automatic slugs: ranges of numbers, each spelled as a slug that cannot be guessed from the others."""

from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from models import store
from models.links.permutation import Numbers, permute
from models.tables import slug_counters

SHORTEST = 7
LONGEST_AUTOMATIC = 10  # 62 ** 10 is the last power that fits a BIGINT
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # in byte order: numbers sort as slugs do
FOLDED_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


SHORTEST_OF_ALL = 5  # some vendors' calls make slugs this short
SKIPPED_SHARE = 100
TURN = 1 << 15
"""How many slugs begin with the same letter before the next letter's turn.

So the slugs of a shard are in one or two parts of the index. If they were all over a large index, every shard would
have most of its pages read and written.
"""


class SlugRange(NamedTuple):
    """Consecutive numbers of slugs of one length."""

    length: int
    start: int
    size: int


def alphabet_of(case_sensitive: bool) -> str:
    """The alphabet of a domain. It stays as long as the domain does, so no two numbers of it give the same slug."""
    return ALPHABET if case_sensitive else FOLDED_ALPHABET


def reserve(db: Connection, domain_id: int, shortest: int, count: int, alphabet: str = ALPHABET) -> list[SlugRange]:
    """Reserve the next slugs of a domain, of the shortest length that has some. Numbers that stay unused are lost."""
    ranges: list[SlugRange] = []
    for length in range(shortest, LONGEST_AUTOMATIC + 1):
        start = _advance_counter(db, domain_id, length, count)
        available = max(0, len(alphabet) ** length - start)
        size = min(count, available)
        if size:
            ranges.append(SlugRange(length, start, size))
        count -= size
        if not count:
            break
    return ranges


def _advance_counter(db: Connection, domain_id: int, length: int, count: int) -> int:
    row = {"domain_id": domain_id, "length": length, "next_value": count}
    upsert = store.dialect().insert(slug_counters).values(row)
    upsert = upsert.on_conflict_do_update(
        index_elements=["domain_id", "length"],
        set_={"next_value": slug_counters.c.next_value + count},
    )
    next_value = db.execute(upsert.returning(slug_counters.c.next_value)).scalar_one()
    return int(next_value) - count


def skip(db: Connection, domain_id: int, count: int, alphabet: str = ALPHABET) -> None:
    """Leave out the next numbers of each length: at most a hundredth of those that a length has."""
    for length in range(SHORTEST_OF_ALL, LONGEST_AUTOMATIC + 1):
        _advance_counter(db, domain_id, length, min(count, len(alphabet) ** length // SKIPPED_SHARE))


def cut(ranges: list[SlugRange], count: int) -> tuple[list[SlugRange], list[SlugRange]]:
    """Cut so many numbers off some ranges; return them and the rest."""
    taken: list[SlugRange] = []
    rest: list[SlugRange] = []
    for length, start, size in ranges:
        taken_size = min(size, count)
        count -= taken_size
        taken.append(SlugRange(length, start, taken_size))
        rest.append(SlugRange(length, start + taken_size, size - taken_size))
    return taken, [slug_range for slug_range in rest if slug_range.size]


def in_byte_order(ranges: list[SlugRange], domain_id: int, key: bytes, alphabet: str = ALPHABET) -> list[str]:
    """The slugs of some ranges, sorted: rows that take them in order are in the order of the index."""
    slugs: list[str] = []
    for slug_range in ranges:
        slugs += _spell(np.sort(_permuted(slug_range, domain_id, key, alphabet)), slug_range.length, alphabet)
    if len(ranges) > 1:
        slugs.sort()
    return slugs


def in_random_order(ranges: list[SlugRange], domain_id: int, key: bytes, alphabet: str = ALPHABET) -> list[str]:
    slugs: list[str] = []
    for slug_range in ranges:
        slugs += _spell(_permuted(slug_range, domain_id, key, alphabet), slug_range.length, alphabet)
    return slugs


def _permuted(slug_range: SlugRange, domain_id: int, key: bytes, alphabet: str) -> Numbers:
    """Spread consecutive numbers over those of a length, no two to the same, unpredictably without the key."""
    key += f"/{domain_id}/{slug_range.length}".encode()
    per_letter = len(alphabet) ** (slug_range.length - 1)
    letters = permute(np.arange(len(alphabet), dtype=np.uint64), len(alphabet), key)
    parts = []
    number, end = slug_range.start, slug_range.start + slug_range.size
    while number < end:
        turn, place, room = _locate(number, len(alphabet), per_letter)
        size = min(room, end - number)
        places = np.arange(place, place + size, dtype=np.uint64)
        first = letters[turn]
        parts.append(first * np.uint64(per_letter) + permute(places, per_letter, key + f"/{first}".encode()))
        number += size
    return np.concatenate(parts)


def _locate(number: int, letters: int, per_letter: int) -> tuple[int, int, int]:
    """Which letter's turn a number is in, its place behind that letter, and how many numbers the turn still has."""
    cycle, in_cycle = divmod(number, TURN * letters)
    turn_size = min(TURN, per_letter - cycle * TURN)  # the last cycle is what remains
    turn, place = divmod(in_cycle, turn_size)
    return turn, cycle * TURN + place, turn_size - place


def _spell(numbers: Numbers, length: int, alphabet: str) -> list[str]:
    base = np.uint64(len(alphabet))
    letters = np.frombuffer(alphabet.encode(), np.uint8)
    digits = np.empty((numbers.size, length), np.uint8)
    for place in range(length - 1, -1, -1):
        numbers, digits[:, place] = np.divmod(numbers, base)
    text = letters[digits].tobytes().decode()
    return [text[start : start + length] for start in range(0, len(text), length)]
