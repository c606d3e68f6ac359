"""Cuts the power of running systems at random moments, and prints what was told and then lost."""

import argparse
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from types import ModuleType
from typing import NamedTuple

from tests.powercut import NAMESPACE, inside, outside
from tests.powercut.clients import CLIENTS, Api, Busy
from tests.powercut.databases import DATA_DIR, WEAKNESSES, connected, database, recovered, weakened
from tests.powercut.ledger import Ledger
from tests.powercut.machine import Machine, mounted, running_machine
from tests.waiting import wait_until

STORES = ("sqlite", "postgresql")
COLUMNS = ("store", "system", "commits", "cuts", "blocks lost", "facts told", "facts lost", "jobs stuck")
WIDTHS = (10, 14, 24, 4, 11, 10, 10, 10)
LONGEST_PAUSE = 0.5  # seconds between two cuts
LEAST_FACTS = 10  # told between two cuts
ROUND = 20  # cuts of one system
SHORT_CUTS = 3
MOST_WEAK_CUTS = 20  # until something is lost
IMAGE = "cut.img"
WEAK_IMAGE = "weak.img"
AS_USUAL = "as usual"
MOST_SHOWN = 5


class Result(NamedTuple):
    """What some power cuts cost."""

    cuts: int = 0
    blocks: int = 0
    lost: tuple[str, ...] = ()

    def plus(self, other: "Result") -> "Result":
        return Result(self.cuts + other.cuts, self.blocks + other.blocks, self.lost + other.lost)


class Scene(NamedTuple):
    """A system on a disk whose power can be cut."""

    store: str
    work: Path
    machine: Machine
    url: str
    api: Api
    check_clients: Callable[[], None]


def main() -> int:
    options = read_options()
    enter_namespace()
    print(f"seed {options.seed}")
    print(line(COLUMNS), flush=True)
    random.seed(options.seed)
    good: list[bool] = []
    for store in options.store or STORES:
        if options.short:
            good.append(run_inside(store, WEAKNESSES[store][:1]))
        else:
            good.append(run_outside(store, options.cuts))
            good.append(run_inside(store, WEAKNESSES[store]))
    return 0 if all(good) else 1


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.powercut", description=__doc__)
    parser.add_argument("--cuts", type=int, default=200, help="of real processes, on each store")
    parser.add_argument("--short", action="store_true", help="only a few cuts of a system inside this process")
    parser.add_argument("--store", action="append", choices=STORES)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), help="that of an earlier run")
    return parser.parse_args()


def enter_namespace() -> None:
    """Start again in a mount namespace of our own, so that nothing stays mounted, whatever happens."""
    if os.environ.get(NAMESPACE):
        return
    if os.geteuid() != 0 or not Path("/dev/fuse").exists():
        sys.exit("A disk of its own needs root and /dev/fuse.")
    os.environ[NAMESPACE] = "1"
    os.execvp("unshare", ["unshare", "--mount", sys.executable, "-m", "tests.powercut", *sys.argv[1:]])


def run_outside(store: str, cuts: int) -> bool:
    """Cut the power of real processes, in rounds of which each has a new system."""
    result = Result()
    facts = 0
    stuck = 0
    while result.cuts < cuts and not result.lost:
        with work_folder() as work:
            with running_scene(store, work, outside) as scene:
                result = result.plus(cut_often(scene, min(ROUND, cuts - result.cuts)))
                facts += len(scene.api.ledger.facts)
            stuck += finish(store, work, outside)
    return show(store, "processes", AS_USUAL, result, facts, stuck)


def run_inside(store: str, weaknesses: tuple[str, ...]) -> bool:
    """Cut the power of a system in this process; then weaken its commits, and cut until it has lost something."""
    with work_folder() as work:
        with running_scene(store, work, inside) as scene:
            result = cut_often(scene, SHORT_CUTS)
            facts = len(scene.api.ledger.facts)
            good = [cut_weakened(scene, weakness) for weakness in weaknesses]
        stuck = finish(store, work, inside)
    return show(store, "in one process", AS_USUAL, result, facts, stuck) and all(good)


def cut_weakened(scene: Scene, weakness: str) -> bool:
    """Show that facts are lost where commits do not wait for the disk: then these cuts would have found them."""
    scene.api.ledger.facts.clear()
    result = Result()
    with weakened(scene.store, scene.url, weakness):
        while result.cuts < MOST_WEAK_CUTS and not result.lost:
            result = result.plus(cut(scene, WEAK_IMAGE))
    values = (scene.store, "in one process", weakness, result.cuts, result.blocks)
    print(line((*values, len(scene.api.ledger.facts), len(result.lost), "")), flush=True)
    return bool(result.lost)


@contextmanager
def work_folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="powercut-") as name:
        os.environ["XDG_RUNTIME_DIR"] = name
        work = Path(name)
        work.chmod(0o755)  # PostgreSQL runs as another user
        yield work


@contextmanager
def running_scene(store: str, work: Path, kind: ModuleType) -> Iterator[Scene]:
    with (
        running_machine(work) as machine,
        database(store, machine.folder) as url,
        kind.system(machine.folder, url, Ledger()) as api,
        busy(api) as check_clients,
    ):
        yield Scene(store, work, machine, url, api, check_clients)


@contextmanager
def busy(api: Api) -> Iterator[Callable[[], None]]:
    """Let every client repeat their requests. Gives what raises the error of a client that failed."""
    stop = Event()

    def repeat(step: Callable[[Api], None]) -> None:
        while not stop.is_set():
            with suppress(Busy):
                step(api)

    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        clients = [pool.submit(repeat, step) for step in CLIENTS]

        def check() -> None:
            for client in clients:
                if client.done():
                    client.result()

        try:
            yield check
        finally:
            stop.set()


def cut_often(scene: Scene, cuts: int) -> Result:
    result = Result()
    while result.cuts < cuts and not result.lost:
        result = result.plus(cut(scene, IMAGE))
    return result


def cut(scene: Scene, image: str) -> Result:
    """Cut the power at a random moment, and look for what was told until then. Clients wait meanwhile."""
    await_facts(scene)
    ledger = scene.api.ledger
    with ledger.lock:
        blocks = scene.machine.cut(scene.work / image, random.random())
        try:
            with (
                mounted(scene.work / image, scene.work / "after") as disk,
                recovered(scene.store, disk, scene.work) as url,
                connected(url) as db,
            ):
                lost = ledger.find_lost(db, disk / DATA_DIR / "uploads")
        except Exception as error:  # a database that does not start, or is damaged
            lost = [repr(error)]
    return Result(1, blocks, tuple(lost))


def await_facts(scene: Scene) -> None:
    """Wait until enough was told since the last cut, and then for a random time."""
    ledger = scene.api.ledger
    before = ledger.count
    until = time.monotonic() + random.uniform(0, LONGEST_PAUSE)

    def is_time() -> bool:
        scene.check_clients()
        return ledger.count >= before + LEAST_FACTS and time.monotonic() >= until

    wait_until(is_time, 120, "clients to be told something")


def finish(store: str, work: Path, kind: ModuleType) -> int:
    """Start the system again on what the last cut left; return how many jobs do not end."""
    with mounted(work / IMAGE, work / "after") as disk, recovered(store, disk, work) as url:
        stuck: int = kind.finish(disk, url)
    return stuck


def show(store: str, system: str, commits: str, result: Result, facts: int, stuck: int) -> bool:
    """Print a line, and return whether nothing was lost."""
    print(line((store, system, commits, result.cuts, result.blocks, facts, len(result.lost), stuck)), flush=True)
    for fact in result.lost[:MOST_SHOWN]:
        print(f"  {fact}", file=sys.stderr)
    return not result.lost and not stuck


def line(values: tuple[object, ...]) -> str:
    return "  ".join(str(value).ljust(width) for value, width in zip(values, WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
