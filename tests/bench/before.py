"""How many times as fast as an earlier commit: both run in turn, in the same run, each time with a new database."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil
import xlsxwriter

from tests import ROOT
from tests.bench import kinds, latency, load, rows, vendors
from tests.bench.memory import peaks
from tests.bench.source_trees import earlier_tree
from tests.bench.systems import ROUNDS, Client, Figure, empty, postgresql_system, time_call
from tests.bench.throughput import MILLION
from tests.system import System, running_system

XLSX_ROWS = 500_000
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LINKS = 100_000
CALLS = 100
WARM_SECONDS = 2.0
REDIRECT_SECONDS = 8.0
NOT_SLOWER = 0.95  # medians of small requests differ by that much from run to run

Start = Callable[[Path, Path], AbstractContextManager[System]]
"""Starts the system of a source tree, the second path, with its data in the first."""


class Measure(NamedTuple):
    """One speed, or one cost, by which both are compared. `read` receives a system and the folder of the files."""

    name: str
    unit: str
    least: float  # how many times as good as before
    read: Callable[[System, Path], float]
    is_cost: bool = False

    def ratio(self, before: float, now: float) -> float:
        return before / now if self.is_cost else now / before


class Values(NamedTuple):
    """What one measure read, a value a round."""

    before: list[float]
    now: list[float]


def postgresql(folder: Path, commit: str) -> list[Figure]:
    _write_workbook(folder / "rows.xlsx")
    kinds.RICH.write(folder / "rich.csv")
    return _compare("PostgreSQL", folder, commit, ON_POSTGRESQL, postgresql_system)


def sqlite(folder: Path, commit: str) -> list[Figure]:
    return _compare("SQLite", folder, commit, ON_SQLITE, _sqlite_system)


def _compare(store: str, folder: Path, commit: str, measures: Sequence[Measure], start: Start) -> list[Figure]:
    rows.write(folder / "plain.csv", rows.make(MILLION))
    rows.write(folder / "links.csv", rows.make(LINKS))
    values = [Values([], []) for _ in measures]
    with earlier_tree(commit) as tree:
        for turn in range(ROUNDS):
            for value, read in zip(values, _read_all(folder, f"before-{turn}", tree, measures, start), strict=True):
                value.before.append(read)
            for value, read in zip(values, _read_all(folder, f"now-{turn}", ROOT, measures, start), strict=True):
                value.now.append(read)
    return [_figure(store, commit, measure, value) for measure, value in zip(measures, values, strict=True)]


def _read_all(folder: Path, place: str, root: Path, measures: Sequence[Measure], start: Start) -> list[float]:
    data = folder / place
    data.mkdir()
    folder.chmod(0o755)  # a server that root starts runs as another user
    with start(data, root) as system:
        return [measure.read(system, folder) for measure in measures]


@contextmanager
def _sqlite_system(folder: Path, root: Path) -> Iterator[System]:
    with running_system(folder, f"sqlite:///{folder}/linkmill.db", root=root) as system:
        yield system


def _figure(store: str, commit: str, measure: Measure, values: Values) -> Figure:
    before = statistics.median(values.before)
    now = statistics.median(values.now)
    ratio = statistics.median(map(measure.ratio, values.before, values.now))
    what = f"{store}, {measure.name}, compared with {commit}"
    return Figure(
        what,
        f"{now:,.{_digits(now)}f} {measure.unit}",
        f"{before:,.{_digits(before)}f} {measure.unit} before",
        f"{ratio:.2f}",
        f">= {measure.least}",
        ratio >= measure.least,
    )


def _digits(value: float) -> int:
    return 1 if value < 100 else 0


def _upload(system: System, folder: Path, name: str, count: int, content_type: str = kinds.CSV) -> float:
    """Upload a file into an empty database, and return its rows a second."""
    if system.database_url.startswith("postgresql"):
        empty(system.database_url)
    client = Client(system)
    seconds = time_call(lambda: _create(client, folder / name, count, content_type))
    return count / seconds


def _create(client: Client, path: Path, count: int, content_type: str) -> None:
    job = client.wait_for_end(client.post_file(path, content_type))
    if job["counts"]["created"] != count:
        raise RuntimeError(f"{path.name}: not every row created a link: {job}")


def _peak_memory(system: System, _folder: Path) -> float:
    return max(peaks(psutil.Process(system.process.pid)).values())


def _wait(system: System, _folder: Path, count: int) -> float:
    client = Client(system)
    return statistics.median(latency.post_and_wait(client, count, turn) for turn in range(CALLS))


def _vendor_call(system: System, _folder: Path) -> float:
    return statistics.median(vendors.time_calls(system, vendors.prepare_calls(system)))


def _vendor_calls_at_once(system: System, _folder: Path) -> float:
    return vendors.links_per_second(system, vendors.prepare_calls(system), vendors.CLIENTS)


def _redirects(system: System, folder: Path) -> float:
    """Follow links at random, and return how many a second."""
    _upload(system, folder, "links.csv", LINKS)
    slugs = folder / "slugs"
    of_last_job = "SELECT slug FROM links WHERE job_id = (SELECT id FROM jobs ORDER BY created_at DESC LIMIT 1)"
    slugs.write_text("\n".join(slug for (slug,) in system.sql(of_last_job)))
    load.run(system.url, slugs, WARM_SECONDS)
    measured = load.run(system.url, slugs, REDIRECT_SECONDS)
    if measured.failed:
        raise RuntimeError(f"{measured.failed} redirects failed")
    return measured.rate


def _write_workbook(path: Path) -> None:
    with xlsxwriter.Workbook(path, {"strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, rows.Row._fields[:3])
        for index in range(XLSX_ROWS):
            sheet.write_row(index + 1, 0, rows.row(index, XLSX_ROWS)[:3])


PLAIN = partial(_upload, name="plain.csv", count=MILLION)
RICH = partial(_upload, name="rich.csv", count=kinds.ROWS)
WORKBOOK = partial(_upload, name="rows.xlsx", count=XLSX_ROWS, content_type=XLSX_TYPE)

ON_POSTGRESQL = (
    Measure(f"xlsx of {XLSX_ROWS:,} rows", "rows/s", 2.0, WORKBOOK),
    Measure("largest process after it", "MB", NOT_SLOWER, _peak_memory, is_cost=True),
    Measure(f"CSV of {MILLION:,} rows", "rows/s", 1.3, PLAIN),
    Measure(f"{kinds.ROWS:,} rows with {kinds.RICH.name}", "rows/s", 1.7, RICH),
    Measure("1 row, Prefer: wait", "ms", NOT_SLOWER, partial(_wait, count=1), is_cost=True),
    Measure("100 rows, Prefer: wait", "ms", NOT_SLOWER, partial(_wait, count=100), is_cost=True),
    Measure("1,000 rows, Prefer: wait", "ms", NOT_SLOWER, partial(_wait, count=1_000), is_cost=True),
    Measure("vendor call of 100 links", "ms", NOT_SLOWER, _vendor_call, is_cost=True),
    Measure("the same, 8 clients", "links/s", NOT_SLOWER, _vendor_calls_at_once),
    Measure(f"redirects of {LINKS:,} links at random", "/s", 1.7, _redirects),
)
ON_SQLITE = (
    Measure(f"CSV of {MILLION:,} rows", "rows/s", 1.5, PLAIN),
    Measure(f"redirects of {LINKS:,} links at random", "/s", 1.3, _redirects),
)
