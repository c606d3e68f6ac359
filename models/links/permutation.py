"""A keyed permutation of the numbers below a limit: a Feistel network with AES as its round function, in columns."""

import hashlib

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]

ROUNDS = 10


def permute(values: Numbers, limit: int, key: bytes) -> Numbers:
    """Each value below `limit` becomes another below it, no two the same, and nobody without the key can tell which."""
    half = ((limit - 1).bit_length() + 1) // 2
    cipher = Cipher(algorithms.AES(hashlib.sha256(key).digest()[:16]), modes.ECB())  # noqa: S305 - single blocks, as a PRF
    out = _feistel(values, half, cipher)
    outside = np.flatnonzero(out >= limit)
    while outside.size:  # cycle-walking: what left the range goes on until it is back
        out[outside] = _feistel(out[outside], half, cipher)
        outside = outside[out[outside] >= limit]
    return out


def _feistel(values: Numbers, half: int, cipher: Cipher[modes.ECB]) -> Numbers:
    mask = np.uint64((1 << half) - 1)
    left, right = values >> np.uint64(half), values & mask
    for turn in range(ROUNDS):
        left, right = right, left ^ (_round(right, turn, cipher) & mask)
    return left << np.uint64(half) | right


def _round(values: Numbers, turn: int, cipher: Cipher[modes.ECB]) -> Numbers:
    blocks = np.empty((values.size, 2), np.uint64)
    blocks[:, 0], blocks[:, 1] = values, turn
    encrypted = cipher.encryptor().update(blocks.tobytes())
    return np.frombuffer(encrypted, np.uint64).reshape(-1, 2)[:, 0]
