"""`make run`: settings, lock, checks, database, and then everything that the Procfile names."""

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
from runner.environment import flower_auth, shared
from runner.supervise import Run, supervise
from web import create_app
from web.ops.prepare import prepare

PROCFILE = Path(__file__).parents[1] / "Procfile"


def main(arguments: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    tether.to_make()
    os.umask(0o077)  # the data are this user's alone
    try:
        _run(settings.get(), Path(arguments[0]) if arguments else PROCFILE)
    except KeyboardInterrupt:
        return 0
    except (LinkmillError, OSError) as error:
        return _refuse(str(error))
    except DBAPIError as error:
        return _refuse(f"DATABASE_URL={preflight.masked(settings.get().database_url)!r}: {error.orig}")
    return 0


def _run(chosen: Settings, path: Path) -> None:
    entries = tuple(entry for entry in procfile.read(path) if entry.name != "broker" or chosen.redis_embedded)
    with lock.owned(chosen.data_dir):
        leftovers.end_orphans(chosen.data_dir)
        preflight.check(chosen)
        if chosen.redis_embedded:
            broker.private_folder(settings.socket_path(chosen.data_dir).parent)
        flower_auth(chosen)
        prepare(create_app())
        environment = shared(chosen, os.environ, leftovers.mark(chosen.data_dir))
        with output.prefixed(["up", *(entry.name for entry in entries)]) as say:
            asyncio.run(supervise(Run(chosen, entries, environment, say), lambda: _announce(chosen)))


def _announce(chosen: Settings) -> None:
    ready = f"ready  {chosen.base_url}/app  http://{preflight.FLOWER_HOST}:{chosen.flower_port}"
    with suppress(OSError):  # a stdout that was closed is no reason to stop
        os.write(1, f"{ready}\nthe first key lies in {chosen.data_dir / 'first-key.json'}\n".encode())


def _refuse(reason: str) -> int:
    print(" ".join(reason.split()), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
