"""The ceilings: how fast the databases write the same rows when everything else was done beforehand."""

import multiprocessing
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.bench.rows import MOMENT, Row

BATCH = 10_000
CONNECTIONS = 2
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DOMAIN, WORKSPACE, JOB, GENERATION = 217_834_000_000_000, 217_834_000_000_001, 217_834_000_000_002, 1_234_567_890

LINKS = "(domain_id, slug, url, title, expires_at, created_at, workspace_id, job_id, generation)"
ITEMS = '(job_id, "index", line, status, slug, error)'
COUNTS = "SELECT (SELECT count(*) FROM reference_links), (SELECT count(*) FROM reference_items)"
TABLES = (
    "DROP TABLE IF EXISTS reference_links; DROP TABLE IF EXISTS reference_items",
    'CREATE TABLE reference_links (domain_id bigint NOT NULL, slug text COLLATE "C" NOT NULL, url text NOT NULL,'
    " title text, expires_at timestamptz, created_at timestamptz NOT NULL, workspace_id bigint NOT NULL,"
    " job_id bigint NOT NULL, generation int NOT NULL, PRIMARY KEY (domain_id, slug))",
    "CREATE INDEX reference_links_list ON reference_links (workspace_id, created_at, slug)",
    'CREATE TABLE reference_items (job_id bigint NOT NULL, "index" bigint NOT NULL, line bigint NOT NULL,'
    ' status text NOT NULL, slug text COLLATE "C", error text, PRIMARY KEY (job_id, "index"))',
)


def postgresql(url: str, rows: list[Row]) -> float:
    """Rows a second: two connections that COPY ready text, sorted by slug within each batch."""
    with psycopg.connect(url, autocommit=True) as db:
        for statement in ";".join(TABLES).split(";"):
            db.execute(statement.encode())
    context = multiprocessing.get_context("fork")
    begin = context.Barrier(CONNECTIONS + 1)
    batches = [_copy_texts(batch) for batch in _batches(rows)]
    shares = [batches[place::CONNECTIONS] for place in range(CONNECTIONS)]
    writers = [context.Process(target=_copy, args=(url, share, begin)) for share in shares]
    for writer in writers:
        writer.start()
    begin.wait()
    start = time.perf_counter()
    for writer in writers:
        writer.join()
    rate = len(rows) / (time.perf_counter() - start)
    with psycopg.connect(url, autocommit=True) as db:
        found = db.execute(
            "SELECT (SELECT count(*) FROM reference_links), (SELECT count(*) FROM reference_items)"
        ).fetchone()
        db.execute("DROP TABLE reference_links, reference_items")
    if found != (len(rows), len(rows)):
        raise RuntimeError(f"the ceiling wrote {found} rows of {len(rows)}")
    return rate


def sqlite(path: Path, rows: list[Row]) -> float:
    """Rows a second: executemany of ready tuples in one process, links and items."""
    batches = [_tuples(batch) for batch in _batches(rows)]
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;")
    for statement in ";".join(TABLES).split(";"):
        db.execute(statement.replace('COLLATE "C"', "").replace("timestamptz", "text"))
    start = time.perf_counter()
    for links, items in batches:
        db.execute("BEGIN IMMEDIATE")
        db.executemany(f"INSERT INTO reference_links {LINKS} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", links)
        db.executemany(f"INSERT INTO reference_items {ITEMS} VALUES (?, ?, ?, ?, ?, ?)", items)
        db.execute("COMMIT")
    rate = len(rows) / (time.perf_counter() - start)
    db.close()
    return rate


def _batches(rows: list[Row]) -> Iterator[list[tuple[int, str, Row]]]:
    """Each row with its index and a slug: its own, or a random one."""
    chance = random.Random(7)
    for at in range(0, len(rows), BATCH):
        batch = rows[at : at + BATCH]
        slugs = [row.slug or "".join(chance.choices(LETTERS, k=7)) for row in batch]
        yield list(zip(range(at, at + len(batch)), slugs, batch, strict=True))


def _tuples(batch: list[tuple[int, str, Row]]) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    links: list[tuple[object, ...]] = [
        (DOMAIN, slug, row.url, row.title, row.expires_at, MOMENT, WORKSPACE, JOB, GENERATION)
        for _, slug, row in sorted(batch, key=lambda entry: entry[1])
    ]
    items: list[tuple[object, ...]] = [(JOB, index, index + 2, "created", slug, None) for index, slug, _ in batch]
    return links, items


def _copy_texts(batch: list[tuple[int, str, Row]]) -> tuple[bytes, bytes]:
    links, items = _tuples(batch)
    return _text(links), _text(items)


def _text(rows: list[tuple[object, ...]]) -> bytes:
    return "".join("\t".join(r"\N" if cell is None else str(cell) for cell in row) + "\n" for row in rows).encode()


def _copy(url: str, batches: list[tuple[bytes, bytes]], begin: object) -> None:
    with psycopg.connect(url) as db:
        begin.wait()  # type: ignore[attr-defined]
        for links, items in batches:
            with db.cursor() as cursor:
                with cursor.copy(f"COPY reference_links {LINKS} FROM STDIN") as copy:
                    copy.write(links)
                with cursor.copy(f"COPY reference_items {ITEMS} FROM STDIN") as copy:
                    copy.write(items)
            db.commit()
