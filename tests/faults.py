"""Faults of processes and of the broker, done to a running system."""

import json
import os
import signal
import sqlite3
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any
from uuid import uuid4

import psutil
import redis
from sqlalchemy import make_url

from models import settings
from tests.system import System
from tests.waiting import wait_until

COMMAND_PARTS = {
    "bulk": "bulk@",
    "interactive": "interactive@",
    "callers": "callers@",
    "beat": " beat ",
    "web": "granian",
    "broker": "valkey",
}
OUTAGE_SECONDS = 4.0
STEADY_SECONDS = 0.3  # a lock that lasts for so long while a process is stopped belongs to that process


def kill_process(name: str) -> Callable[[System], None]:
    """Return a fault: kill -9 of a whole node, of beat, web or the broker."""

    def strike(system: System) -> None:
        find_process(system, name).kill()

    return strike


def kill_shard_owner(system: System) -> None:
    """Kill -9 a process of the pool while it works on a shard."""
    owners = wait_until(lambda: shard_owners(system), what="a shard to be worked on")
    os.kill(owners[0], signal.SIGKILL)


def freeze_writer(system: System) -> psutil.Process:
    """SIGSTOP a process of the pool while the database waits for the rest of its transaction."""
    return wait_until(lambda: _freeze_any_writer(system), what="a writer")


def freeze_node(system: System) -> None:
    """SIGSTOP a node with an open transaction, and continue it when others have taken over its work."""
    holder = freeze_writer(system)
    with suspended(find_process(system, "bulk")):
        tokens = _lease_tokens(system)
        wait_until(lambda: tokens.isdisjoint(_lease_tokens(system)), 60, "every lease to be taken over")
    with suppress(psutil.NoSuchProcess):
        holder.resume()


def flush_broker(system: System) -> None:
    with closing(connect_to_broker(system)) as client:
        client.flushall()


def cut_connections(system: System) -> None:
    """End every connection of every client of the broker."""
    with closing(connect_to_broker(system)) as client:
        for kind in ("normal", "pubsub"):
            client.client_kill_filter(_type=kind, skipme=True)


def hang_broker(system: System) -> None:
    with suspended(find_process(system, "broker")):
        time.sleep(OUTAGE_SECONDS)


def stop_broker(system: System) -> None:
    with stopped_broker(system):
        time.sleep(OUTAGE_SECONDS)


@contextmanager
def suspended(process: psutil.Process) -> Iterator[None]:
    """SIGSTOP a process for the length of the block."""
    process.suspend()
    try:
        yield
    finally:
        if process.is_running():
            process.resume()


@contextmanager
def stopped_broker(system: System) -> Iterator[None]:
    """Keep the broker down for the length of the block, however often the runner starts it again."""
    over = threading.Event()
    find_process(system, "broker").kill()
    killer = threading.Thread(target=_keep_killing, args=(system, "broker", over))
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()


def _keep_killing(system: System, name: str, over: threading.Event) -> None:
    while not over.wait(0.02):
        process = _find_child(system, name)
        if process:
            process.kill()


def find_process(system: System, name: str) -> psutil.Process:
    """Wait for the main process of an entry of the Procfile."""
    return wait_until(lambda: _find_child(system, name), what=f"{name} to run")


def _find_child(system: System, name: str) -> psutil.Process | None:
    for child in psutil.Process(system.process.pid).children():
        try:
            if COMMAND_PARTS[name] in f"{' '.join(child.cmdline())} ":
                return child
        except psutil.NoSuchProcess:
            continue
    return None


def shard_owners(system: System, job_id: str | None = None) -> list[int]:
    """Return the ids of living processes that work on a shard at this moment, of one job or of any."""
    query = "SELECT owner FROM shards WHERE state = 'running' AND kind IN ('create', 'update', 'delete')"
    if job_id:
        query += f" AND job_id = {job_id}"
    if not _is_on_sqlite(system):
        query = (
            "SELECT split_part(application_name, ' ', 2)"
            f" FROM ({query}) JOIN pg_stat_activity ON owner LIKE pid || ' %'"
        )
    pids = [int(owner.split()[0]) for (owner,) in system.sql(query)]
    return [pid for pid in pids if psutil.pid_exists(pid)]


def _lease_tokens(system: System) -> set[int]:
    return {token for (token,) in system.sql("SELECT token FROM shards WHERE state = 'running'")}


def _freeze_any_writer(system: System) -> psutil.Process | None:
    for pid in shard_owners(system):
        process = _freeze_if_writing(system, pid)
        if process:
            return process
    return None


def _freeze_if_writing(system: System, pid: int) -> psutil.Process | None:
    """Stop a process; continue it when it turns out to have no transaction open."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.suspend()
        if _stays_in_transaction(system, pid) and process.status() == psutil.STATUS_STOPPED:
            return process
        process.resume()
    return None


def _stays_in_transaction(system: System, pid: int) -> bool:
    deadline = time.monotonic() + STEADY_SECONDS
    while time.monotonic() < deadline:
        if not _is_writing(system, pid):
            return False
        time.sleep(0.02)
    return True


def _is_writing(system: System, pid: int) -> bool:
    if _is_on_sqlite(system):
        return _is_locked(str(make_url(system.database_url).database))
    query = f"SELECT 1 FROM pg_stat_activity WHERE application_name = 'linkmill {pid}' AND backend_xid IS NOT NULL"
    return bool(system.sql(query))


def _is_locked(path: str) -> bool:
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
            return False
        except sqlite3.OperationalError:
            return True


def _is_on_sqlite(system: System) -> bool:
    return system.database_url.startswith("sqlite")


def connect_to_broker(system: System) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(settings.socket_path(system.data_dir)), decode_responses=True)


def send_message(
    system: System, queue: str, headers: dict[str, Any], body: bytes, content_type: str = "application/json"
) -> None:
    """Put a message into a queue as kombu does, whatever its content."""
    properties = {
        "body_encoding": "base64",
        "delivery_tag": uuid4().hex,
        "delivery_mode": 2,
        "priority": 0,
        "delivery_info": {"exchange": "", "routing_key": queue},
    }
    message = {
        "body": b64encode(body).decode(),
        "content-type": content_type,
        "content-encoding": "utf-8",
        "headers": headers,
        "properties": properties,
    }
    with closing(connect_to_broker(system)) as client:
        client.lpush(queue, json.dumps(message))


def csv_rows(count: int) -> bytes:
    lines = [f"https://example.com/{index},Title {index}\n" for index in range(count)]
    return ("url,title\n" + "".join(lines)).encode()
