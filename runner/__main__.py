"""`make run`: settings, locks, checks and database, and then what the Procfile names, or some of it."""

import argparse
import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from models import settings, store
from models.accounts import domains
from models.errors import LinkmillError
from models.settings import Settings
from producer.telemetry import logs
from runner import broker, leftovers, lock, output, preflight, procfile, tether
from runner.environment import flower_auth, shared_environment
from runner.output import RUNNER
from runner.procfile import BROKER, FLOWER, WEB, Entry
from runner.supervise import Run, supervise
from web import create_app
from web.ops.prepare import FIRST_KEY, prepare

PROCFILE = Path(__file__).parents[1] / "Procfile"


def main(arguments: list[str]) -> int:
    """Run until a signal comes; return the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    tether.end_with_make()
    os.umask(0o077)  # the data belong to this user alone
    logs.bind_context(process=RUNNER)  # for lines before the processes start
    try:
        options = _read_options(arguments)
        _run(settings.get(), options.procfile, options.only)
    except KeyboardInterrupt:
        return 0
    except (LinkmillError, OSError) as error:
        return _refuse(str(error))
    except DBAPIError as error:
        return _refuse(f"DATABASE_URL={preflight.mask_password(settings.get().database_url)!r}: {error.orig}")
    return 0


def _read_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m runner", description="Start what a Procfile names.")
    parser.add_argument("procfile", nargs="?", type=Path, default=PROCFILE)
    parser.add_argument(
        "--only", type=_names, default=[], metavar="NAMES", help="some of its processes, as in --only web,beat"
    )
    return parser.parse_args(arguments)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _run(config: Settings, path: Path, only: list[str]) -> None:
    entries = _entries(config, path, only)
    names = [entry.name for entry in entries]
    with lock.locked(config.data_dir, names):
        leftovers.end_orphans(config.data_dir)
        preflight.check(config, names)
        if config.redis_embedded:
            broker.private_folder(settings.socket_path(config.data_dir).parent)
        flower_auth(config)
        _prepare_database(renames=not only)
        environment = shared_environment(config, os.environ, leftovers.mark(config.data_dir))
        with output.labelled([RUNNER, *names], config.log_format) as say:
            asyncio.run(supervise(Run(config, entries, environment, say), lambda: _announce(config, names)))


def _prepare_database(renames: bool) -> None:
    """Migrate; refuse to run when the short URLs of this host would differ from those of the others."""
    prepare(create_app(), renames)
    with store.read() as db:
        domains.check_base_url(db)


def _entries(config: Settings, path: Path, only: list[str]) -> tuple[Entry, ...]:
    entries = procfile.read(path)
    if only:
        entries = procfile.choose(entries, only)
    if not config.redis_embedded:
        entries = tuple(entry for entry in entries if entry.name != BROKER)
    return entries


def _announce(config: Settings, names: list[str]) -> None:
    """Print what is ready on stdout, where nothing else is printed."""
    lines = [f"ready  {'  '.join(_addresses(config, names) or names)}"]
    key = config.data_dir / FIRST_KEY
    if key.exists():
        lines.append(f"the first API key is in {key}")
    with suppress(OSError):  # a closed stdout is no reason to stop
        os.write(1, "".join(f"{line}\n" for line in lines).encode())


def _addresses(config: Settings, names: list[str]) -> list[str]:
    addresses = {WEB: f"{config.base_url}/app", FLOWER: f"http://{preflight.FLOWER_HOST}:{config.flower_port}"}
    return [address for name, address in addresses.items() if name in names]


def _refuse(reason: str) -> int:
    print(" ".join(reason.split()), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
