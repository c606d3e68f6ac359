"""Jobs that change or delete a million links, compared with one statement of the database and with a vendor's calls."""

import json
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from models.store.sqlite import PRAGMAS
from models.tables import deleted_links, items, links
from tests.bench.systems import ROUNDS, Client, Figure, empty, postgresql_system
from tests.system import System, running_system

MILLION = 1_000_000
LINKS_A_CALL, CALLS = 100, 50
LEAST, LEAST_SQLITE = 60_000, 25_000
LEAST_TIMES = 50

Execute = Callable[[str], object]


class Rates(NamedTuple):
    """Rows a second."""

    job: float
    ceiling: float
    calls: float


class Round(NamedTuple):
    update: Rates
    deletion: Rates


def postgresql(folder: Path) -> list[Figure]:
    rounds: list[Round] = []
    with postgresql_system(folder) as system:
        for _ in range(ROUNDS):
            empty(system.database_url)
            system.sql("TRUNCATE deleted_links")
            rounds.append(measure_round(system, folder, MILLION))
    return _figures("PostgreSQL", rounds, LEAST)


def sqlite(folder: Path) -> list[Figure]:
    rounds: list[Round] = []
    for turn in range(ROUNDS):
        place = folder / str(turn)
        place.mkdir()
        with running_system(place, f"sqlite:///{place}/linkmill.db") as system:
            rounds.append(measure_round(system, place, MILLION))
    return _figures("SQLite", rounds, LEAST_SQLITE)


def measure_round(system: System, folder: Path, count: int) -> Round:
    """Change every link and delete it: by a job, by one statement, and some of them by calls."""
    _create(system, folder, count)
    update, _ = _time_job(system, _write(folder, "external_id,title", "link-{0},New title {0}", count), "update", count)
    calls = _time_calls(system, _update_call)
    update_ceiling = _time_update(system, count)
    path = _write(folder, "external_id", "link-{0}", count)
    deletion, job_id = _time_job(system, path, "delete", count)
    _undo(system, job_id, count)
    deletion_ceiling = _time_deletion(system, job_id, count)
    _create(system, folder, LINKS_A_CALL * CALLS)
    deletion_calls = _time_calls(system, _deletion_call)
    return Round(Rates(update, update_ceiling, calls), Rates(deletion, deletion_ceiling, deletion_calls))


def _create(system: System, folder: Path, count: int) -> None:
    path = _write(
        folder, "url,title,external_id", "https://shop.example.com/products/{0}?ref=mail,Product {0},link-{0}", count
    )
    _time_job(system, path, "create", count)


def _write(folder: Path, header: str, line: str, count: int) -> Path:
    path = folder / "changes.csv"
    with path.open("w") as file:
        file.write(f"{header}\n")
        file.writelines(f"{line.format(index)}\n" for index in range(count))
    return path


def _time_job(system: System, path: Path, action: str, count: int) -> tuple[float, str]:
    """Return the rows a second of a job that does something to every row, and the job's id."""
    client = Client(system)
    start = time.perf_counter()
    job = client.wait_for_end(client.post_csv(path, action=action))
    seconds = time.perf_counter() - start
    _check(job, f"{action}d", count)
    return count / seconds, str(job["id"])


def _undo(system: System, job_id: str, count: int) -> None:
    client = Client(system)
    undo = json.loads(client.send("POST", f"/api/jobs/{job_id}/undo")[1])
    _check(client.wait_for_end(undo["id"]), "created", count)


def _check(job: dict[str, Any], status: str, count: int) -> None:
    if job["counts"][status] != count:
        raise RuntimeError(f"not every row is {status}: {job}")


def _time_calls(system: System, call: Callable[[Client, list[str]], tuple[int, bytes]]) -> float:
    """Links a second of Dub's calls, one after the other on one connection."""
    client = Client(system)
    batches = [[f"link-{turn * LINKS_A_CALL + place}" for place in range(LINKS_A_CALL)] for turn in range(CALLS)]
    start = time.perf_counter()
    for external_ids in batches:
        status, body = call(client, external_ids)
        if status != 200:
            raise RuntimeError(f"{status}: {body!r}")
    return LINKS_A_CALL * CALLS / (time.perf_counter() - start)


def _update_call(client: Client, external_ids: list[str]) -> tuple[int, bytes]:
    body = {"externalIds": external_ids, "data": {"title": "Title of a call"}}
    return client.send("PATCH", "/links/bulk", json.dumps(body).encode(), Content_Type="application/json")


def _deletion_call(client: Client, external_ids: list[str]) -> tuple[int, bytes]:
    link_ids = ",".join(f"ext_{external_id}" for external_id in external_ids)
    return client.send("DELETE", f"/links/bulk?linkIds={link_ids}")


def _time_update(system: System, count: int) -> float:
    """One UPDATE from a table that has the new values ready."""
    with _connected(system) as execute:
        execute("CREATE TEMP TABLE staged (named text, title text)")
        execute("INSERT INTO staged SELECT external_id, 'Other title ' || external_id FROM links")
        _settle(system, execute)
        return count / _time_statements(execute, [UPDATE.format(workspace=_workspace(system))])


def _time_deletion(system: System, job_id: str, count: int) -> float:
    """One DELETE that keeps what the job of the same rows keeps, in the same tables, under a job that never was."""
    with _connected(system) as execute:
        execute("CREATE TEMP TABLE staged (named text, item_index bigint)")
        execute(f'INSERT INTO staged SELECT external_id, "index" FROM items WHERE job_id = {job_id}')
        _settle(system, execute)
        names = [column.name for column in links.c if column.name in deleted_links.c]
        values = {
            "workspace": _workspace(system),
            "job": f"-{job_id}",
            "links": ", ".join(f'"{name}"' for name in names),
            "items": ", ".join(f'"{column.name}"' for column in items.c if column.name != "job_id"),
            "of_job": job_id,
        }
        deletion = DELETION_SQLITE if _is_on_sqlite(system) else DELETION
        return count / _time_statements(execute, [part.format(**values) for part in deletion])


SAME_LINK = "links.workspace_id = {workspace} AND links.external_id = staged.named"
UPDATE = f"UPDATE links SET title = staged.title FROM staged WHERE {SAME_LINK}"
KEEP_ITEMS = "INSERT INTO items (job_id, {items}) SELECT {job}, {items} FROM items WHERE job_id = {of_job}"
DELETION = (
    f"WITH moved AS (DELETE FROM links USING staged WHERE {SAME_LINK} RETURNING staged.item_index, links.*)"
    " INSERT INTO deleted_links (deleted_by, item_index, {links}) SELECT {job}, item_index, {links} FROM moved",
    KEEP_ITEMS,
)
DELETION_SQLITE = (
    "INSERT INTO deleted_links (deleted_by, item_index, {links}) SELECT {job}, item_index, {links}"
    f" FROM staged JOIN links ON {SAME_LINK}",
    "DELETE FROM links WHERE workspace_id = {workspace} AND external_id IN (SELECT named FROM staged)",
    KEEP_ITEMS,
)


def _time_statements(execute: Execute, statements: list[str]) -> float:
    start = time.perf_counter()
    execute("BEGIN")
    for statement in statements:
        execute(statement)
    execute("COMMIT")
    return time.perf_counter() - start


def _settle(system: System, execute: Execute) -> None:
    """Give the planner its statistics, and write what is still to be written."""
    if not _is_on_sqlite(system):
        execute("ANALYZE staged")
        execute("VACUUM ANALYZE links")
        execute("CHECKPOINT")


@contextmanager
def _connected(system: System) -> Iterator[Execute]:
    if _is_on_sqlite(system):
        path = system.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            for pragma in PRAGMAS:
                db.execute(f"PRAGMA {pragma}")
            yield db.execute
    else:
        with psycopg.connect(system.database_url, autocommit=True) as connection:
            yield lambda statement: connection.execute(statement.encode())


def _workspace(system: System) -> int:
    ((workspace_id,),) = system.sql("SELECT DISTINCT workspace_id FROM links")
    return int(workspace_id)


def _is_on_sqlite(system: System) -> bool:
    return system.database_url.startswith("sqlite")


def _figures(store: str, rounds: list[Round], least: float) -> list[Figure]:
    updates = [each.update for each in rounds]
    deletions = [each.deletion for each in rounds]
    return [
        *_figures_of(f"{store}, 1,000,000 titles changed by external_id", updates, least),
        *_figures_of(f"{store}, 1,000,000 links deleted by external_id", deletions, least),
    ]


def _figures_of(what: str, rates: list[Rates], least: float) -> list[Figure]:
    job = statistics.median(each.job for each in rates)
    ceiling = statistics.median(each.ceiling for each in rates)
    calls = statistics.median(each.calls for each in rates)
    ratio = statistics.median(each.job / each.ceiling for each in rates)
    times = statistics.median(each.job / each.calls for each in rates)
    ours = f"{job:,.0f} rows/s"
    return [
        Figure(
            f"{what}, one statement",
            ours,
            f"{ceiling:,.0f} rows/s",
            f"{ratio:.2f}",
            f">= {least:,} rows/s",
            job >= least,
        ),
        Figure(
            "the same, Dub's calls of 100",
            ours,
            f"{calls:,.0f} rows/s",
            f"{times:.0f}",
            f">= {LEAST_TIMES}",
            times >= LEAST_TIMES,
        ),
    ]
