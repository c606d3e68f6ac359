"""`make bench`: every speed with its ratio to a ceiling or a peer in the same run, medians of several rounds.

`python -m tests.bench uploads latency` runs only those.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import (
    durability,
    fairness,
    flood,
    kinds,
    latency,
    memory,
    options,
    redirects,
    throughput,
    titles,
    uploads,
    vendors,
    watchers,
)
from tests.bench.systems import Figure

BENCHES: dict[str, Callable[[Path], list[Figure]]] = {
    "postgresql": throughput.postgresql,
    "kinds": kinds.measure,
    "sqlite": throughput.sqlite,
    "plain": throughput.plain_way,
    "uploads": uploads.measure,
    "durability": durability.measure,
    "latency": latency.measure,
    "vendors": vendors.measure,
    "redirects": redirects.postgresql,
    "redirects-sqlite": redirects.sqlite,
    "options": options.measure,
    "results": uploads.results,
    "titles": titles.measure,
    "watchers": watchers.measure,
    "fairness": fairness.postgresql,
    "fairness-sqlite": fairness.sqlite,
    "flood": flood.postgresql,
    "flood-sqlite": flood.sqlite,
    "memory": memory.measure,
}


def main(names: list[str]) -> int:
    if unknown := set(names) - set(BENCHES):
        print(f"unknown benchmark: {', '.join(sorted(unknown))}. Choose from {', '.join(BENCHES)}.", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in names or BENCHES:
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="linkmill-bench-") as folder:
            figures += BENCHES[name](Path(folder))
        print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    show(figures)
    return 0 if all(figure.is_met for figure in figures) else 1


def show(figures: list[Figure]) -> None:
    table = Table("measurement", "Linkmill", "compared with", "ratio", "target", "")
    for figure in figures:
        verdict = "ok" if figure.is_met else "MISSED"
        table.add_row(figure.name, figure.ours, figure.compared, figure.ratio, figure.target, verdict)
    Console(width=140).print(table)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
