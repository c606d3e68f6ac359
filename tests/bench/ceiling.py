"""The ceilings: how fast a database takes the very rows that a job wrote, when everything else was done beforehand.

A ceiling reads what the job wrote, shard by shard, in the order in which the product writes it. It copies the tables
with all their indexes and defaults, and then writes the same rows as fast as the database takes them.
"""

import multiprocessing
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from models.ids import parse_id
from models.store.postgresql import PostgreSQL
from models.store.sqlite import PRAGMAS

CONNECTIONS = 2
SQLITE_BATCH = 25_000
BEGIN_SECONDS = 60.0
PREFIX = "ceiling_"

OF_LINKS = (
    "SELECT t.* FROM jobs j JOIN items i ON i.job_id = j.id"
    " JOIN {table} t ON t.domain_id = j.domain_id AND t.slug = i.slug AND t.generation = i.generation"
)
OF_SHARD = 'i.job_id = {job} AND i."index" >= {first} AND i."index" < {end}'
QUERIES = {
    "links": f"{OF_LINKS} WHERE {OF_SHARD} AND t.job_id = i.job_id ORDER BY t.slug",
    "link_tags": f"{OF_LINKS} WHERE {OF_SHARD} ORDER BY t.tag_id, t.slug",
    "urls": f"{OF_LINKS} WHERE {OF_SHARD} ORDER BY t.slug",
    "items": f'SELECT i.* FROM items i WHERE {OF_SHARD} ORDER BY i."index"',
}
"""What a job writes of a shard: the tables in their order, and the rows in theirs."""


class Write(NamedTuple):
    """Rows of one table that are written in one statement."""

    table: str
    rows: Any


Batch = list[Write]


def postgresql(url: str, job_id: str) -> float:
    """Rows a second: two connections that COPY ready binary data, a transaction a shard."""
    with psycopg.connect(url, autocommit=True) as db:
        job = parse_id(job_id)
        total = _count_items(db, job)
        db.execute("ANALYZE links, link_tags, urls, items")
        batches = [_dump(db, job, first) for first in range(0, total, PostgreSQL.shard_rows)]
        for table in QUERIES:
            db.execute(f"DROP TABLE IF EXISTS {PREFIX}{table}".encode())
            db.execute(f"CREATE TABLE {PREFIX}{table} (LIKE {table} INCLUDING ALL)".encode())
        db.execute("CHECKPOINT")
        seconds = _write_at_once(url, batches)
        written = _count_items(db, job, PREFIX)
        for table in QUERIES:
            db.execute(f"DROP TABLE {PREFIX}{table}".encode())
    return _rate(total, written, seconds)


def _count_items(db: Any, job: int, prefix: str = "") -> int:
    count: int = db.execute(f"SELECT count(*) FROM {prefix}items WHERE job_id = {job}").fetchone()[0]
    return count


def _dump(db: psycopg.Connection[Any], job: int, first: int) -> Batch:
    batch: Batch = []
    for table, query in QUERIES.items():
        rows = query.format(table=table, job=job, first=first, end=first + PostgreSQL.shard_rows)
        with db.cursor() as cursor, cursor.copy(f"COPY ({rows}) TO STDOUT (FORMAT BINARY)".encode()) as copy:
            data = b"".join(copy)
        if cursor.rowcount:
            batch.append(Write(table, data))
    return batch


def _write_at_once(url: str, batches: list[Batch]) -> float:
    context = multiprocessing.get_context("fork")
    begin = context.Barrier(CONNECTIONS + 1, timeout=BEGIN_SECONDS)
    shares = [batches[place::CONNECTIONS] for place in range(CONNECTIONS)]
    writers = [context.Process(target=_copy, args=(url, share, begin)) for share in shares]
    for writer in writers:
        writer.start()
    begin.wait()
    start = time.perf_counter()
    for writer in writers:
        writer.join()
    return time.perf_counter() - start


def _copy(url: str, batches: list[Batch], begin: Any) -> None:
    with psycopg.connect(url) as db:
        begin.wait()
        for batch in batches:
            for table, data in batch:
                with (
                    db.cursor() as cursor,
                    cursor.copy(f"COPY {PREFIX}{table} FROM STDIN (FORMAT BINARY)".encode()) as copy,
                ):
                    copy.write(data)
            db.commit()


def sqlite(path: Path, job_id: str) -> float:
    """Rows a second: executemany of ready tuples in one process, with the product's pragmas and large batches."""
    job = parse_id(job_id)
    copy = path.with_name("ceiling.db")
    with closing(sqlite3.connect(path)) as db:
        total = _count_items(db, job)
        schema = _read_schema(db)
        batches = [_fetch(db, job, first) for first in range(0, total, SQLITE_BATCH)]
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        for pragma in PRAGMAS:
            db.execute(f"PRAGMA {pragma}")
        for statement in schema:
            db.execute(statement)
        seconds = _insert(db, batches)
        written = _count_items(db, job)
    return _rate(total, written, seconds)


def _read_schema(db: sqlite3.Connection) -> list[str]:
    statement = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC"
    return [sql for table in QUERIES for (sql,) in db.execute(statement, [table])]


def _fetch(db: sqlite3.Connection, job: int, first: int) -> Batch:
    batch: Batch = []
    for table, query in QUERIES.items():
        rows = db.execute(query.format(table=table, job=job, first=first, end=first + SQLITE_BATCH)).fetchall()
        if rows:
            batch.append(Write(table, rows))
    return batch


def _insert(db: sqlite3.Connection, batches: list[Batch]) -> float:
    start = time.perf_counter()
    for batch in batches:
        db.execute("BEGIN IMMEDIATE")
        for table, rows in batch:
            marks = ", ".join("?" * len(rows[0]))
            db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        db.execute("COMMIT")
    return time.perf_counter() - start


def _rate(total: int, written: int, seconds: float) -> float:
    if written != total:
        raise RuntimeError(f"the ceiling wrote {written} items of {total}")
    return total / seconds
