"""Connections to PostgreSQL: what holds for each of them, and what becomes of them."""

import math
import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

import psycopg
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import InvalidatePoolError

from models.store.dialect import SessionLimits
from models.store.staged_rows import ArrayText

CONNECT_SECONDS = 5
# A connection whose other end has vanished is noticed within 8 s. Milliseconds; the kernel counts no probes then.
KEEPALIVE = {"keepalives_idle": 4, "keepalives_interval": 2, "tcp_user_timeout": 8_000}
# random_page_cost is what a random page costs on a solid disk or in memory. With the default of 4, which is that of
# rotating disks, a hundred links are looked up by reading the whole table until it has some hundred thousand rows.
# The statistics that the sweep collects need only a small sample: `default_statistics_target` of 10 is 3,000 rows.
# Statements are written for READ COMMITTED, whatever the database's default is.
SESSION_OPTIONS = (
    "-c timezone=UTC -c random_page_cost=1.1 -c default_statistics_target=10"
    " -c default_transaction_isolation=read\\ committed"
)
PING_AFTER_SECONDS = 1.0  # a connection that was used within this time is assumed to be alive


def engine_options(url: URL, limits: SessionLimits) -> dict[str, Any]:
    options = f"{SESSION_OPTIONS} -c statement_timeout={round(limits.statement * 1000)}"
    options += f" -c idle_session_timeout={round(limits.idle * 1000)}"
    for more in url.normalized_query.get("options", ()):
        options += f" {more}"  # the last one of a name counts
    connect_args = {
        "application_name": f"linkmill {os.getpid()}",
        "options": options,
        "connect_timeout": CONNECT_SECONDS,
        "cursor_factory": PlanningCursor,
        **KEEPALIVE,
    }
    return {
        "connect_args": connect_args,
        # Last in, first out: a worker that uses one connection at a time keeps the one that its claims name.
        "pool_use_lifo": True,
    }


def prepare(engine: Engine) -> None:
    """Register what happens when connections are opened and transactions begin."""
    event.listen(engine, "connect", lambda raw, record: record.info.clear())
    event.listen(engine, "checkin", lambda raw, record: record.info.update(used_at=time.monotonic()))
    event.listen(engine, "checkout", partial(_ping_unused, engine.dialect))
    event.listen(engine, "begin", _begin)
    event.listen(engine, "rollback", _discard_interrupted)


def _ping_unused(dialect: Any, raw: Any, record: Any, _proxy: object) -> None:
    """Check a connection that was not used for a while: the server may have restarted in the meantime."""
    if time.monotonic() - record.info.get("used_at", math.inf) > PING_AFTER_SECONDS:
        try:
            dialect.do_ping(raw)
        except psycopg.Error as error:
            raise InvalidatePoolError from error


def _begin(db: Connection) -> None:
    if not db.get_execution_options().get("durable", True):
        db.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _discard_interrupted(db: Connection) -> None:
    """Close a connection whose command was interrupted by a signal: it cannot be rolled back."""
    connection = None if db.invalidated else db.connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        return
    if connection.info.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
        db.invalidate()


class PlanningCursor(psycopg.Cursor[Any]):
    """Has a statement with an array planned for that array, each time. The plans of all others are kept.

    psycopg prepares a statement after five executions, and the server then keeps the plan that fits the tables of that
    moment. A plan made while `links` was empty reads all of its million rows, and compares each with 25,000 slugs.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        if params and _has_array(params):
            options["prepare"] = False
        return super().execute(query, params, **options)


def _has_array(params: Mapping[str, Any] | Sequence[Any]) -> bool:
    values = params.values() if isinstance(params, Mapping) else params
    return any(isinstance(value, list | ArrayText) for value in values)
