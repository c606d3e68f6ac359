"""Hashes of slugs and external ids: equal ones have equal numbers, whether they are values or cells of a file.

Only this process understands the numbers. Different keys with equal numbers only make a shard wait without need.
"""

import secrets
import string
from collections.abc import Iterable, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from producer.fields.item_rules import LONGEST_EXTERNAL_ID
from producer.intake.csv_text.cells import Bytes, CsvCells, Places

Hashes = NDArray[np.uint64]


def _number_letters(letters: Iterable[int], spelling: Iterable[int]) -> Hashes:
    """A number for each letter by its spelling, and 0 for all other bytes."""
    numbers = np.zeros(256, np.uint64)
    numbers[list(letters)] = np.array(list(spelling)) + 1
    return numbers


PLAIN = (string.ascii_letters + string.digits + "-_").encode()
AS_WRITTEN = _number_letters(PLAIN, PLAIN)
IN_LOWER_CASE = _number_letters(PLAIN, PLAIN.lower())
ANY_BYTE = _number_letters(range(256), range(256))

FACTOR = np.uint64(secrets.randbits(64) | 1)


def hash_values(values: Sequence[str]) -> Hashes:
    encoded = [value.encode() for value in values]
    ends = np.fromiter(accumulate(map(len, encoded)), np.int64, len(encoded))
    starts = np.concatenate(([0], ends)).astype(np.int64)[:-1]
    numbers = _hash_parts(np.frombuffer(b"".join(encoded), np.uint8), starts, ends, ANY_BYTE)
    assert numbers is not None
    return numbers


def hash_cells(cells: CsvCells, place: int, case_sensitive: bool) -> Hashes | None:
    """Hash the cells of a column that are not empty. Return None if some might be stored in another form.

    None too for a cell that is too long to be a key: each of its letters, of up to four million, would take a step.
    """
    starts, ends = cells.bounds(place)
    if (ends - starts).max(initial=0) > LONGEST_EXTERNAL_ID:
        return None
    is_filled = ends > starts
    letters = AS_WRITTEN if case_sensitive else IN_LOWER_CASE
    return _hash_parts(np.frombuffer(cells.data, np.uint8), starts[is_filled], ends[is_filled], letters)


def _hash_parts(text: Bytes, starts: Places, ends: Places, letters: Hashes) -> Hashes | None:
    """Hash parts of a text, the longest first: each step takes one more letter of all that are long enough."""
    lengths = ends - starts
    places = starts[np.argsort(-lengths, kind="stable")]
    hashes = np.ones(places.size, np.uint64)
    for size in _count_longer(lengths):
        numbers = letters[text[places[:size]]]
        if not numbers.all():
            return None
        hashes[:size] *= FACTOR
        hashes[:size] += numbers
        places[:size] += 1
    return hashes * FACTOR  # the last letters reach the upper bits too


def _count_longer(lengths: Places) -> list[int]:
    """How many parts are longer than 0, 1, 2, … letters, down to one."""
    counts = np.bincount(lengths)
    sizes: list[int] = (lengths.size - np.cumsum(counts))[:-1].tolist()
    return sizes
