"""`make run`: settings, lock, checks and database, and then everything that the Procfile names."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from models import settings
from models.errors import LinkmillError
from models.settings import Settings
from runner import broker, leftovers, lock, output, preflight, procfile, tether
from runner.environment import flower_auth, shared_environment
from runner.supervise import Run, supervise
from web import create_app
from web.ops.prepare import prepare

PROCFILE = Path(__file__).parents[1] / "Procfile"


def main(arguments: list[str]) -> int:
    """Run until a signal comes; return the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    tether.end_with_make()
    os.umask(0o077)  # the data belong to this user alone
    try:
        _run(settings.get(), Path(arguments[0]) if arguments else PROCFILE)
    except KeyboardInterrupt:
        return 0
    except (LinkmillError, OSError) as error:
        return _refuse(str(error))
    except DBAPIError as error:
        return _refuse(f"DATABASE_URL={preflight.mask_password(settings.get().database_url)!r}: {error.orig}")
    return 0


def _run(config: Settings, path: Path) -> None:
    entries = procfile.read(path)
    if not config.redis_embedded:
        entries = tuple(entry for entry in entries if entry.name != "broker")
    with lock.locked(config.data_dir):
        leftovers.end_orphans(config.data_dir)
        preflight.check(config)
        if config.redis_embedded:
            broker.private_folder(settings.socket_path(config.data_dir).parent)
        flower_auth(config)
        prepare(create_app())
        environment = shared_environment(config, os.environ, leftovers.mark(config.data_dir))
        with output.prefixed(["runner", *(entry.name for entry in entries)]) as say:
            asyncio.run(supervise(Run(config, entries, environment, say), lambda: _announce(config)))


def _announce(config: Settings) -> None:
    """Print the addresses on stdout, where nothing else is printed."""
    ready = f"ready  {config.base_url}/app  http://{preflight.FLOWER_HOST}:{config.flower_port}"
    key = f"the first API key is in {config.data_dir / 'first-key.json'}"
    with suppress(OSError):  # a closed stdout is no reason to stop
        os.write(1, f"{ready}\n{key}\n".encode())


def _refuse(reason: str) -> int:
    print(" ".join(reason.split()), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
