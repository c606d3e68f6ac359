"""Takes many steps and runs many races on both stores, and prints what was checked."""

import argparse
import os
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from models import migrate
from models.accounts.keys import Owner
from producer.signals import broker
from tests.fixtures.fake_redis import FakeRedis
from tests.fixtures.processes import process_environment
from tests.owners import new_owner
from tests.postgresql import shared_postgresql
from tests.proof import machine, races

STORES = ("sqlite", "postgresql")
STEPS = 1_000_000
ROUNDS = 1_000
LARGEST_SEED = 1 << 30
COLUMNS = ("store", "what", "times", "broken", "seconds")
WIDTHS = (10, 28, 9, 6, 8)

Part = Callable[[Owner, FakeRedis], int]


def main() -> int:
    options = read_options()
    print(f"seed {options.seed}")
    print(line(COLUMNS), flush=True)
    seed: int = options.seed

    def take_steps(owner: Owner, fake: FakeRedis) -> int:
        return machine.run_stories(owner, fake, options.steps // 2, seed, shrinks=True)

    def run_races(owner: Owner, fake: FakeRedis) -> int:
        return races.run_rounds(owner, fake, options.rounds, seed).total() // races.THREADS

    parts: dict[str, Part] = {"steps of the state machine": take_steps, "races of eight at one job": run_races}
    with TemporaryDirectory(prefix="proof-") as folder, databases(Path(folder)) as urls:
        stores = options.store or list(urls)
        results = [run_part(store, urls[store], Path(folder), name, parts[name]) for store in stores for name in parts]
    return 0 if all(results) else 1


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS, help="of the state machine, on both stores together")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the race detector, on each store")
    parser.add_argument("--store", action="append", choices=STORES)
    parser.add_argument("--seed", type=int, default=random.randrange(LARGEST_SEED), help="that of an earlier run")
    return parser.parse_args()


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with shared_postgresql(f"proof-{os.getpid()}") as server:
        with psycopg.connect(server, autocommit=True) as db:
            db.execute("CREATE DATABASE proof")
        yield {
            "sqlite": f"sqlite:///{folder}/linkmill.db",
            "postgresql": server.replace("/postgres?", "/proof?"),
        }


def run_part(store: str, url: str, folder: Path, name: str, part: Part) -> bool:
    """Run one part, print its line, and return whether every promise held."""
    started = time.monotonic()
    with system(url, folder) as (owner, fake):
        try:
            times = part(owner, fake)
        except Exception:
            traceback.print_exc()
            print(line((store, name, "", "yes", "")), flush=True)
            return False
    print(line((store, name, f"{times:,}", "no", f"{time.monotonic() - started:.0f}")), flush=True)
    return True


@contextmanager
def system(url: str, folder: Path) -> Iterator[tuple[Owner, FakeRedis]]:
    """This process with a database and a Redis."""
    settings = {"DATA_DIR": str(folder), "DATABASE_URL": url, "UPLOADS_URL": "memory://uploads"}
    fake = FakeRedis()
    with process_environment(settings), pytest.MonkeyPatch.context() as patch:
        patch.setattr(broker, "client", lambda: fake.client)
        migrate.upgrade()
        yield new_owner("default"), fake


def line(values: tuple[object, ...]) -> str:
    return "  ".join(str(value).ljust(width) for value, width in zip(values, WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
