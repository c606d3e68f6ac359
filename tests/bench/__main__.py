"""`make bench`: every speed with its ratio to a ceiling or a peer in the same run, medians of several rounds.

`python -m tests.bench uploads latency` runs only those sections.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import (
    before,
    changes,
    durability,
    fairness,
    flood,
    growth,
    kinds,
    latency,
    lists,
    memory,
    options,
    pages,
    partitions,
    redirects,
    side_by_side,
    throughput,
    titles,
    uploads,
    vendors,
    watchers,
)
from tests.bench.source_trees import EARLIER_COMMIT
from tests.bench.systems import Figure

Section = Callable[[Path], list[Figure]]


def main() -> int:
    arguments = read_arguments()
    sections = list_sections(arguments.before, arguments.charts)
    figures: list[Figure] = []
    for name in arguments.sections or sections:
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="linkmill-bench-") as folder:
            figures += sections[name](Path(folder))
        print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    if arguments.markdown:
        print_markdown(figures)
    else:
        print_table(figures)
    return 0 if all(figure.is_met for figure in figures) else 1


def read_arguments() -> argparse.Namespace:
    names = list(list_sections(EARLIER_COMMIT, None))
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(names)}; all when none is named")
    parser.add_argument("--before", default=EARLIER_COMMIT, metavar="COMMIT", help="what the section of that name runs")
    parser.add_argument("--charts", type=Path, metavar="FOLDER", help="where the charts are drawn")
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/performance.md has it")
    arguments = parser.parse_args()
    unknown = set(arguments.sections) - set(names)
    if unknown:
        parser.error(f"unknown section: {', '.join(sorted(unknown))}")
    return arguments


def list_sections(commit: str, charts: Path | None) -> dict[str, Section]:
    return {
        "postgresql": throughput.postgresql,
        "kinds": kinds.measure,
        "sqlite": throughput.sqlite,
        "partitions": partitions.measure,
        "changes": changes.postgresql,
        "changes-sqlite": changes.sqlite,
        "before": partial(before.postgresql, commit=commit),
        "before-sqlite": partial(before.sqlite, commit=commit),
        "side-by-side": partial(side_by_side.measure, chart_folder=charts),
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
        "lists": lists.postgresql,
        "lists-sqlite": lists.sqlite,
        "pages": pages.postgresql,
        "pages-sqlite": pages.sqlite,
        "growth": partial(growth.measure, chart_folder=charts),
    }


def print_table(figures: list[Figure]) -> None:
    table = Table("measurement", "Linkmill", "compared with", "ratio", "target", "")
    for figure in figures:
        verdict = "ok" if figure.is_met else "MISSED"
        table.add_row(figure.name, figure.ours, figure.compared, figure.ratio, figure.target, verdict)
    Console(width=140).print(table)


def print_markdown(figures: list[Figure]) -> None:
    print("| what | Linkmill | compared with | ratio | wanted |")
    print("|---|---|---|---|---|")
    for figure in figures:
        print(f"| {' | '.join(figure[:5])} |")


if __name__ == "__main__":
    raise SystemExit(main())
