"""A PgBouncer in transaction mode, where Debian's package is installed."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests.waiting import wait_until

SESSIONS = 2  # of the database, for however many connections to the pooler
CONFIGURATION = """
[databases]
* = host={host} user={user}

[pgbouncer]
unix_socket_dir = {folder}
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 200
logfile = {folder}/log
"""


@contextmanager
def running_pooler(url: str, folder: Path) -> Iterator[str]:
    """Start a pooler before the server of a database. Yields the URL of that database through it."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("no PgBouncer on this machine: apt-get install pgbouncer")
    address = make_url(url)
    path = folder / "pgbouncer.ini"
    host = Path(str(address.query["host"]))
    values = {"host": host, "user": address.username, "folder": folder, "sessions": SESSIONS}
    path.write_text(CONFIGURATION.format(**values))
    process = subprocess.Popen([program, *_user_options(host, folder), str(path)], stderr=subprocess.DEVNULL)
    pooled = f"postgresql://{address.username}@/{address.database}?host={folder}&port=6432"
    try:
        wait_until(lambda: _answers(pooled), what="the pooler")
        yield pooled
    finally:
        process.terminate()
        process.wait()


def _user_options(host: Path, folder: Path) -> list[str]:
    """PgBouncer does not run as root, but as the user of the server, whose socket it has to reach."""
    if os.getuid():
        return []
    user = (host / ".s.PGSQL.5432").owner()
    shutil.chown(folder, user)
    return ["-u", user]


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
