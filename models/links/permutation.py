"""A keyed permutation of the numbers below a limit: a Feistel network with AES as its round function, vectorised."""

import hashlib

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]
BlockCipher = Cipher[modes.ECB]

ROUNDS = 10


def permute(values: Numbers, limit: int, key: bytes) -> Numbers:
    """Map each value below `limit` to another one below it, no two to the same, unpredictably without the key."""
    half_bits = ((limit - 1).bit_length() + 1) // 2
    # ECB is safe here: single blocks, used as a pseudorandom function and not to encrypt data.
    cipher = Cipher(algorithms.AES(hashlib.sha256(key).digest()[:16]), modes.ECB())  # noqa: S305
    result = _feistel(values, half_bits, cipher)
    outside = np.flatnonzero(result >= limit)
    while outside.size:  # cycle-walking: permute again what is outside the range, until it is back
        result[outside] = _feistel(result[outside], half_bits, cipher)
        outside = outside[result[outside] >= limit]
    return result


def _feistel(values: Numbers, half_bits: int, cipher: BlockCipher) -> Numbers:
    mask = np.uint64((1 << half_bits) - 1)
    high = values >> np.uint64(half_bits)
    low = values & mask
    for round_number in range(ROUNDS):
        high, low = low, high ^ (_round(low, round_number, cipher) & mask)
    return high << np.uint64(half_bits) | low


def _round(values: Numbers, round_number: int, cipher: BlockCipher) -> Numbers:
    blocks = np.empty((values.size, 2), np.uint64)
    blocks[:, 0] = values
    blocks[:, 1] = round_number
    encrypted = cipher.encryptor().update(blocks.tobytes())
    return np.frombuffer(encrypted, np.uint64).reshape(-1, 2)[:, 0]
