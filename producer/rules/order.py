"""Order: which shards of an upload wait for earlier ones, since they have keys in common.

So a file ends as a loop over its rows would end it, although other shards are worked on at the same time.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from producer.intake.cutting import ReadBytes, ShardRange, cut
from producer.rules import keys
from producer.rules.key_hashes import Hashes
from producer.rules.keys import KeyRules
from producer.rules.name_kinds import NameKinds

LARGEST_NUMBER = np.uint64((1 << 20) - 1)
LONGEST_MARK = 64  # bytes: a mark of a key may begin in one part of an upload and end in the next


def cut_in_order(read: ReadBytes, rules: KeyRules) -> Iterator[ShardRange]:
    """Cut an upload into shards, and say of each which earlier ones it waits for."""
    watch = KeyWatch(read, rules)
    return in_order(cut(watch.read, rules.layout), watch)


class KeyWatch:
    """Reads an upload, notes whether rows with keys have gone by, and reads the keys of shards that did."""

    def __init__(self, read: ReadBytes, rules: KeyRules) -> None:
        self.source = read
        self.rules = rules
        self.has_seen_keys = keys.are_expected(rules)
        self.tail = b""
        self.names = NameKinds(rules.layout, rules.options.get("defaults", {})) if rules.names_links else None

    def read(self, offset: int, length: int) -> bytes:
        """Read the next part of the upload."""
        data = self.source(offset, length)
        if not self.has_seen_keys:
            self.has_seen_keys = keys.may_be_in(self.tail + data, self.rules)
            self.tail = data[-LONGEST_MARK:]
        return data

    def has_mixed_names(self, shard: ShardRange) -> bool:
        """Whether the rows up to the end of a shard may call one link by two names."""
        if self.names is None:
            return False
        return self.names.read(self.source(shard.offset, shard.length))

    def keys_of(self, shard: ShardRange) -> Hashes:
        data = self.source(shard.offset, shard.length)
        return keys.read(data, self.rules, shard.line, shard.rows, shard.first_index)


def in_order(shards: Iterable[ShardRange], watch: KeyWatch) -> Iterator[ShardRange]:
    """Say of each shard which earlier ones it waits for. A shard that is the only one with keys is not read."""
    known = KnownKeys()
    first: ShardRange | None = None
    for shard in shards:
        if watch.has_mixed_names(shard):
            yield shard._replace(after_index=shard.first_index or None)
            continue
        if first is None:
            first = shard if watch.has_seen_keys else None
            yield shard
            continue
        if not known.ends:
            known.add(watch.keys_of(first), first)
        yield shard._replace(after_index=known.add(watch.keys_of(shard), shard))


class KnownKeys:
    """The keys of the shards so far. Each is one number: the upper bits are those of its hash, the lower the shard's.

    They lie in sorted arrays, the newest last, each at most as large as the one before it. Another key with the same
    upper bits makes a shard wait without need, and is rare.
    """

    def __init__(self) -> None:
        self.arrays: list[Hashes] = []
        self.ends: list[int] = []

    def add(self, hashes: Hashes, shard: ShardRange) -> int | None:
        """Add the keys of the next shard. Return the index behind the last shard that has one of them, if one has."""
        candidates = np.sort(hashes | LARGEST_NUMBER)
        after_index = self._end_of_last(candidates, shard)
        number = min(len(self.ends), int(LARGEST_NUMBER))
        self.ends.append(shard.first_index + shard.rows)
        self.arrays.append(candidates - LARGEST_NUMBER + np.uint64(number))
        self._merge_arrays()
        return after_index

    def _end_of_last(self, candidates: Hashes, shard: ShardRange) -> int | None:
        if len(self.ends) > LARGEST_NUMBER:
            return shard.first_index
        for array in reversed(self.arrays):
            number = _largest_number(array, candidates)
            if number is not None:
                return self.ends[number]
        return None

    def _merge_arrays(self) -> None:
        while len(self.arrays) > 1 and self.arrays[-2].size <= self.arrays[-1].size:
            newest = self.arrays.pop()
            # The stable way to sort recognises that both are sorted, and merges them.
            self.arrays[-1] = np.sort(np.concatenate((self.arrays[-1], newest)), kind="stable")


def _largest_number(array: Hashes, candidates: Hashes) -> int | None:
    """The largest shard number of an array's keys that have the upper bits of a candidate."""
    places = np.searchsorted(array, candidates, side="right") - 1
    nearest = array[places[places >= 0]]
    numbers = nearest[nearest | LARGEST_NUMBER == candidates[places >= 0]] & LARGEST_NUMBER
    return int(numbers.max()) if numbers.size else None
