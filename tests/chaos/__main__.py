"""Lets one fault after another happen to a running job, and prints what was lost, duplicated or stuck."""

import argparse
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos import disks, goodput, ground, measure, mixture
from tests.chaos.fault import BOTH_STORES
from tests.chaos.ground import Ground
from tests.cost import Cost

ROWS = 500_000
LARGEST_SEED = 1 << 30
COLUMNS = ("store", "fault", "times", "rows", "lost", "duplicated", "stuck", "seconds to recover")
WIDTHS = (10, 54, 5, 9, 4, 10, 5, 18)


def main() -> int:
    options = read_options()
    if not disks.may_mount():
        print("Only root can mount disks: the faults of full disks are left out.", file=sys.stderr)
    if options.minutes:
        print(f"seed {options.seed}", flush=True)
    print(line(COLUMNS), flush=True)
    with TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # a server that root starts runs as another user
        results = [is_zero for store in options.stores for is_zero in run_store(store, folder / store, options)]
    return 0 if all(results) else 1


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--stores", nargs="+", choices=BOTH_STORES, default=BOTH_STORES)
    parser.add_argument("--rows", type=int, default=ROWS, help="of the job during which a fault happens")
    parser.add_argument("--only", default="", metavar="PATTERN", help="faults whose name matches")
    parser.add_argument("--minutes", type=float, default=0, help="let faults happen at random for so long instead")
    parser.add_argument("--seed", type=int, default=random.randrange(LARGEST_SEED), help="that of an earlier run")
    return parser.parse_args()


def run_store(store: str, folder: Path, options: argparse.Namespace) -> Iterator[bool]:
    folder.mkdir()
    for one in GROUNDS[store](folder):
        chosen = [fault for fault in one.faults if store in fault.stores and re.search(options.only, fault.name)]
        if options.minutes:
            yield report(store, *mixture.run(one, chosen, options.minutes, options.seed))
            return
        for fault in chosen:
            yield report(store, fault.name, *measure.measure_fault(one.system, fault, options.rows))
        if one.is_near and not options.only:
            yield report_goodput(one)


GROUNDS = {"sqlite": ground.on_sqlite, "postgresql": ground.on_postgresql}


def report(store: str, name: str, times: int, cost: Cost) -> bool:
    values = (store, name, times, cost.rows, cost.lost, cost.duplicated, cost.stuck, f"{cost.seconds:.1f}")
    print(line(values), flush=True)
    return cost.is_zero


def report_goodput(one: Ground) -> bool:
    share = goodput.measure(one.system)
    print(f"{one.store}: under a kill -9 every 2 s, {share:.2f} of the rows are done that are done without", flush=True)
    return share >= goodput.LEAST


def line(values: tuple[object, ...]) -> str:
    return "  ".join(str(value).ljust(width) for value, width in zip(values, WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
