"""Cuts the hosts of one installation off in turn, and prints what was lost and how long others waited."""

import argparse
import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.hosts import network
from tests.hosts.installation import BROKER, DATABASE, SEVEN, SMALL, STORE, Plan, installed
from tests.hosts.measure import Cut, Outcome, measure

ROWS = 600_000
CUTS = (Cut("worker-1", 60), Cut(DATABASE, 15), Cut(BROKER, 15), Cut(STORE, 30), Cut("web-1", 30))
SHORT_ROWS = 60_000
SHORT_CUTS = (Cut(DATABASE, 3),)
COLUMNS = ("cut off", "for s", "rows", "lost", "doubled", "stuck", "failed", "seconds lost", "slowest answer, s")
WIDTHS = (12, 5, 9, 4, 7, 5, 6, 12, 17)


def main() -> int:
    options = read_options()
    obstacle = network.find_obstacle()
    if obstacle:
        print(obstacle, file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no namespace is left behind
    plan, rows, cuts = (SMALL, SHORT_ROWS, SHORT_CUTS) if options.short else (SEVEN, options.rows, CUTS)
    with TemporaryDirectory(prefix="linkmill-hosts-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # a server that root starts runs as another user
        os.environ.setdefault("XDG_RUNTIME_DIR", name)
        return run(plan, rows, [cut for cut in cuts if options.only in cut.host], folder)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="of the job during which a host is cut off")
    parser.add_argument("--only", default="", metavar="NAME", help="hosts whose name contains this")
    parser.add_argument("--short", action="store_true", help="one host of ours, one short cut and a small job")
    return parser.parse_args()


def run(plan: Plan, rows: int, cuts: list[Cut], folder: Path) -> int:
    print(line(COLUMNS), flush=True)
    with installed(plan, folder) as installation:
        usual = measure(installation, rows)
        report("nothing", 0, usual, usual)
        is_zero = usual.is_zero
        for cut in cuts:
            outcome = measure(installation, rows, cut)
            report(cut.host, cut.seconds, outcome, usual)
            is_zero = is_zero and outcome.is_zero
    return 0 if is_zero else 1


def report(host: str, seconds: float, outcome: Outcome, usual: Outcome) -> None:
    counts = outcome[:5]
    lost = f"{max(0.0, outcome.seconds - usual.seconds):.1f}"
    print(line((host, f"{seconds:g}", *counts, lost, f"{outcome.slowest_answer:.1f}")), flush=True)


def line(values: tuple[object, ...]) -> str:
    return "  ".join(str(value).ljust(width) for value, width in zip(values, WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
