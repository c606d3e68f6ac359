"""Passwords of links: only hashes of them are kept."""

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's least: some 27 ms


def hashed(password: str) -> str:
    return hasher.hash(password)


def fits(password: str, kept: str) -> bool:
    try:
        return hasher.verify(kept, password)
    except VerificationError:
        return False
