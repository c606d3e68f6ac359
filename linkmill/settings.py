"""The server and the key of a command: from its options, the environment, or the file that `login` writes."""

import json
import os
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from .errors import LinkmillError

SERVER = "LINKMILL_SERVER"
KEY = "LINKMILL_KEY"
DEFAULT_SERVER = "http://localhost:8000"
LARGEST_KEY_FILE = 1 << 16


@dataclass(frozen=True, slots=True)
class Account:
    """A server's address and a key for it."""

    server: str
    key: str = field(repr=False)


def find_account(server: str | None, key_file: str | None) -> Account:
    """Choose the server and its key; raise LinkmillError when there is no key."""
    address = choose_server(server)
    if key_file:
        return Account(address, check_key(read_key(Path(key_file))))
    key = os.environ.get(KEY, "").strip()
    login = _read_login()
    if not key and login.get("server") == address:  # a stored key is sent to no other server than its own
        key = login.get("key", "")
    if not key:
        raise LinkmillError(f"no key for {address}: run `linkmill login`, or pass --key-file FILE or {KEY}")
    return Account(address, check_key(key))


def choose_server(server: str | None) -> str:
    return _normalize(server or os.environ.get(SERVER) or _read_login().get("server") or DEFAULT_SERVER)


def _normalize(server: str) -> str:
    if not _is_valid(server):
        raise LinkmillError(f"the server is {server!r}: it must look like https://links.example.com")
    return server.rstrip("/")


def _is_valid(server: str) -> bool:
    try:
        parts = urlsplit(server)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return False
    return "@" not in parts.netloc and not parts.query and not parts.fragment


def read_key(path: Path) -> str:
    """Read a file that holds a key, or the JSON of `keys create --json` such as var/first-key.json."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_KEY_FILE).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise LinkmillError(f"--key-file {path}: {getattr(error, 'strerror', None) or 'this is not text'}") from None
    if not text.startswith("{"):
        return text
    try:
        return str(json.loads(text)["token"])
    except (ValueError, KeyError):
        raise LinkmillError(f"--key-file {path}: expected a key, or JSON with a token") from None


def check_key(key: str) -> str:
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise LinkmillError("this is not a key: a key has no blanks and no special characters")
    return key


def store(account: Account) -> Path:
    """Write the file that `find_account` reads, for this user alone."""
    path = login_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:  # its mode is 600
        file.write(f"server = {json.dumps(account.server)}\nkey = {json.dumps(account.key)}\n")
    Path(file.name).replace(path)
    return path


def login_file() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "linkmill" / "config.toml"


def _read_login() -> dict[str, str]:
    path = login_file()
    try:
        values = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise LinkmillError(f"{path} cannot be read: {error}") from None
    return {name: str(value) for name, value in values.items()}
