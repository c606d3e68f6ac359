"""Passwords of links: only their hashes are stored."""

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

# OWASP's minimum for argon2id, about 27 ms: an upload may have a password in every row.
hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    return hasher.hash(password)


def verify(password: str, password_hash: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except VerificationError:
        return False
