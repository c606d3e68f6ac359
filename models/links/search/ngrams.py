"""N-grams: which short pieces of text a block of links contains, as a filter of bits that may say yes in error."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

# Bytes of a piece. Every block has nearly all short pieces of digits; longer ones tell texts of digits apart.
SIZES = (1, 2, 3, 6)
SEPARATOR = "\n"
NUMBER_BITS = 20
MOST_BITS = 1 << NUMBER_BITS
LEAST_BITS = 1 << 10
LARGEST_SHARE = 1 / 3  # of the bits that are set
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # spreads the pieces over the numbers (Fibonacci hashing)
SHIFT = np.uint64(64 - NUMBER_BITS)
MOST_PIECES = 16  # of a text that is sought

Array = NDArray[np.uint64]


def fold(text: str) -> str:
    """Spell texts alike that differ in case only, at least those that a database takes for equal.

    Databases do not agree about the dot of a Turkish İ, or on the sigma at the end of a word.
    """
    return text.lower().replace("\u0307", "").replace("ς", "σ")


def bits_of(texts: Iterable[str]) -> bytes:
    """Make the filter of some texts. A larger filter is folded in half as long as few of its bits are set."""
    pieces = _pieces(fold(SEPARATOR.join(texts)))
    is_set = np.zeros(MOST_BITS, bool)
    for size in SIZES:
        is_set[_numbers(pieces[size])] = True
    while len(is_set) > LEAST_BITS:
        middle = len(is_set) // 2
        half = is_set[:middle] | is_set[middle:]
        if half.mean() > LARGEST_SHARE:
            break
        is_set = half
    return np.packbits(is_set, bitorder="little").tobytes()


def numbers_of(text: str) -> list[int]:
    """The bits that are set where a text is contained: in a filter of N bits, each number modulo N."""
    pieces = _pieces(fold(text))
    longest = max((size for size in SIZES if len(pieces[size])), default=SIZES[0])
    numbers = np.unique(_numbers(pieces[longest]))
    step = -(-len(numbers) // MOST_PIECES) or 1
    chosen: list[int] = numbers[::step].tolist()
    return chosen


def _pieces(text: str) -> dict[int, Array]:
    """The pieces of each size, as numbers."""
    single = np.frombuffer(text.encode(), np.uint8).astype(np.uint64)
    double = _joined(single, single, 1)
    triple = _joined(double, single, 2)
    return {1: single, 2: double, 3: triple, 6: _joined(triple, triple, 3)}


def _joined(pieces: Array, others: Array, distance: int) -> Array:
    """Each piece with the one that begins so many bytes behind it."""
    followers = others[distance:]
    return pieces[: len(followers)] | followers << np.uint64(8 * distance)


def _numbers(pieces: Array) -> Array:
    return pieces * FACTOR >> SHIFT
