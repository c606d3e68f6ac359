"""Sealing: secrets are encrypted before they are stored, under the key of SECRET_KEY_FILE where one is set."""

import base64
import binascii
import hashlib
from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from models import process_caches, settings
from models.errors import SettingsError

MARK = b"sealed:"  # before a stored value; without it the value is not encrypted
KEY_BYTES = 32
KEY_ID_LENGTH = 8


def seal(value: bytes) -> bytes:
    """Encrypt a value under the first key of the file; without a file return it as it is."""
    if not keys():
        return value
    newest = next(iter(keys().values()))
    return seal_prefix() + newest.encrypt(value)


def unseal(stored: bytes) -> bytes:
    """Return a value as it was before it was sealed. A value that was stored before there was a key is not."""
    if not stored.startswith(MARK):
        return stored
    key_id, _, token = stored.removeprefix(MARK).partition(b":")
    try:
        return keys()[key_id.decode()].decrypt(token)
    except (KeyError, InvalidToken):
        raise _missing_key() from None


def seal_prefix() -> bytes:
    """How values begin that are sealed under the newest key: any text where there is no key."""
    return MARK + next(iter(keys())).encode() + b":" if keys() else b""


@process_caches.function
@cache
def keys() -> dict[str, Fernet]:
    """The keys of the file by their ids, the newest first; none where no file is set."""
    path = settings.get().secret_key_file
    if not path:
        return {}
    try:
        lines = Path(path).read_text().split()
        found = {_key_id(line): Fernet(base64.urlsafe_b64encode(_decode(line))) for line in lines}
    except (OSError, ValueError):
        found = {}
    if not found:
        raise SettingsError(
            f"SECRET_KEY_FILE={path!r}: expected a file with a key in each line, as `openssl rand -base64 32` prints it"
        )
    return found


def _decode(line: str) -> bytes:
    try:
        key = base64.b64decode(line.translate(str.maketrans("-_", "+/")), validate=True)
    except binascii.Error as error:
        raise ValueError(line) from error
    if len(key) != KEY_BYTES:
        raise ValueError(line)
    return key


def _key_id(line: str) -> str:
    """Name a key without revealing it, so that a value says which one it is sealed under."""
    return hashlib.sha256(b"linkmill " + _decode(line)).hexdigest()[:KEY_ID_LENGTH]


def _missing_key() -> SettingsError:
    path = settings.get().secret_key_file
    expected = "the file with the key under which the secrets in the database are encrypted"
    return SettingsError(f"SECRET_KEY_FILE={path!r}: expected {expected}")
