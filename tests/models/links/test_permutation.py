"""The permutation: one to one, and without a pattern that a stranger could follow."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.links.permutation import permute
from models.links.slugs import ALPHABET

KEY = b"k" * 32


@given(st.integers(1, 3000), st.binary(max_size=8))
def test_a_permutation_gives_every_number_below_its_limit_once(limit: int, key: bytes) -> None:
    found = permute(np.arange(limit, dtype=np.uint64), limit, key)
    assert sorted(found.tolist()) == list(range(limit))


def test_neighbours_are_far_apart() -> None:
    """Consecutive numbers differ in about half their bits, and fill every part of what there is."""
    limit = len(ALPHABET) ** 7
    found = permute(np.arange(10_000, dtype=np.uint64), limit, KEY)
    flipped = np.bitwise_count(found[1:] ^ found[:-1])
    assert 19 < flipped.mean() < 23
    assert np.histogram(found, 10, (0, limit))[0].min() > 850
    assert abs(np.corrcoef(found[1:].astype(float), found[:-1].astype(float))[0, 1]) < 0.05
