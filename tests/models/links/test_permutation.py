"""The permutation: one to one, and without a pattern that a stranger could follow."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.links.permutation import permute
from models.links.slugs import ALPHABET

KEY = b"k" * 32


@given(st.integers(1, 3000), st.binary(max_size=8))
def test_a_permutation_gives_every_number_below_its_limit_once(limit: int, key: bytes) -> None:
    result = permute(np.arange(limit, dtype=np.uint64), limit, key)
    assert sorted(result.tolist()) == list(range(limit))


def test_consecutive_numbers_are_mapped_without_a_pattern() -> None:
    """Neighbours differ in about half their bits, and the results fill the whole range evenly."""
    limit = len(ALPHABET) ** 7
    result = permute(np.arange(10_000, dtype=np.uint64), limit, KEY)
    flipped = np.bitwise_count(result[1:] ^ result[:-1])
    assert 19 < flipped.mean() < 23
    assert np.histogram(result, 10, (0, limit))[0].min() > 850
    assert abs(np.corrcoef(result[1:].astype(float), result[:-1].astype(float))[0, 1]) < 0.05
