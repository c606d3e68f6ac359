"""Compares pairs of links: follows both of each, several pairs at once, in the order of the file."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import NamedTuple

from .follow import Follower, Place
from .pairs import Pair

BLOCK = 500
"""So many pairs are taken from the file at a time: memory stays small, and Ctrl-C ends soon."""


class Outcome(StrEnum):
    SAME = "same"
    NOWHERE = "nowhere"
    """Neither link leads anywhere."""
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    """One of the two did not answer."""
    MISSING = "missing"
    """The row has no new link."""
    IDENTICAL = "identical"
    """The two are one link, so nothing can be compared: its domain still leads to the old service, or already here."""


GOOD = (Outcome.SAME, Outcome.NOWHERE)


@dataclass(frozen=True, slots=True)
class Comparison:
    pair: Pair
    old: Place
    new: Place
    outcome: Outcome


class Followers(NamedTuple):
    old: Follower
    new: Follower


def compare(pairs: Iterable[Pair], followers: Followers, at_once: int) -> Iterator[Comparison]:
    source = iter(pairs)
    with ThreadPoolExecutor(at_once) as pool:
        while block := list(islice(source, BLOCK)):
            yield from pool.map(partial(compare_pair, followers), block)


def compare_pair(followers: Followers, pair: Pair) -> Comparison:
    if not pair.new:
        return Comparison(pair, NOT_FOLLOWED, NOT_FOLLOWED, Outcome.MISSING)
    if not followers.new.server and without_scheme(pair.old) == without_scheme(pair.new):
        return Comparison(pair, NOT_FOLLOWED, NOT_FOLLOWED, Outcome.IDENTICAL)
    old = followers.old.follow(pair.old)
    new = followers.new.follow(pair.new)
    return Comparison(pair, old, new, _outcome(old, new))


NOT_FOLLOWED = Place(None, reason="not followed")


def without_scheme(link: str) -> str:
    return link.partition("://")[2] or link


def _outcome(old: Place, new: Place) -> Outcome:
    if old.is_unknown or new.is_unknown:
        return Outcome.UNKNOWN
    if old.url != new.url:
        return Outcome.DIFFERENT
    return Outcome.SAME if old.url else Outcome.NOWHERE
