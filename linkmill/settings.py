"""Which server is meant and with which key: from options, the environment, or a file."""

import json
import os
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from .errors import Failed

SERVER = "LINKMILL_SERVER"
KEY = "LINKMILL_KEY"
DEFAULT_SERVER = "http://localhost:8000"
LARGEST_KEY_FILE = 1 << 16


@dataclass(frozen=True, slots=True)
class Where:
    server: str
    key: str = field(repr=False)


def find(server: str | None, key_file: str | None) -> Where:
    kept = _kept()
    address = chosen_server(server)
    if key_file:
        return Where(address, checked_key(key_of(Path(key_file))))
    key = os.environ.get(KEY, "").strip()
    if not key and kept.get("server") == address:  # a key is never shown to another server than its own
        key = kept.get("key", "")
    if not key:
        raise Failed(f"no key for {address}: run `linkmill login`, or give --key-file FILE or {KEY}")
    return Where(address, checked_key(key))


def chosen_server(server: str | None) -> str:
    return _normal(server or os.environ.get(SERVER) or _kept().get("server") or DEFAULT_SERVER)


def key_of(path: Path) -> str:
    """The key in a file: as it is, or the token of what `keys create --json` printed, as in var/first-key.json."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_KEY_FILE).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"--key-file {path}: {getattr(error, 'strerror', None) or 'no text'}") from None
    if not text.startswith("{"):
        return text
    try:
        return str(json.loads(text)["token"])
    except (ValueError, KeyError):
        raise Failed(f"--key-file {path}: neither a key nor JSON with a token") from None


def checked_key(key: str) -> str:
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise Failed("the key is not one: it has no blanks and no special signs")
    return key


def keep(where: Where) -> Path:
    """Writes the file that `find` reads, for this user alone."""
    path = config_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:  # which is made with mode 600
        file.write(f"server = {json.dumps(where.server)}\nkey = {json.dumps(where.key)}\n")
    Path(file.name).replace(path)
    return path


def config_file() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "linkmill" / "config.toml"


def _kept() -> dict[str, str]:
    path = config_file()
    try:
        found = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Failed(f"{path} cannot be read: {error}") from None
    return {name: str(value) for name, value in found.items()}


def _normal(server: str) -> str:
    try:
        parts = urlsplit(server)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment:
        raise Failed(f"the server is {server!r}: it should be like https://links.example.com")
    return server.rstrip("/")
