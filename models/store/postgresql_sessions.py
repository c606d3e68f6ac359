"""Connections to PostgreSQL: what holds for each of them, and what becomes of them."""

import math
import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

import psycopg
from sqlalchemy import URL, Connection, Engine, ExceptionContext, event
from sqlalchemy.exc import InvalidatePoolError

from models.store import connection_limits
from models.store.dialect import SessionLimits
from models.store.silence import Silence, WatchedConnection
from models.store.staged_rows import ArrayText

CONNECT_SECONDS = 5
QUICK_CONNECT_SECONDS = 2  # where somebody waits; psycopg takes no less, and tries each host of the URL
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
# Of a process that somebody waits for: an answer comes within 5 s, also where the other end has vanished.
WATCHED = {"connect_timeout": QUICK_CONNECT_SECONDS, "tcp_user_timeout": 3_000}
PING_AFTER_SECONDS = 1.0  # a connection that was used within this time is assumed to be alive


def engine_options(url: URL, limits: SessionLimits) -> dict[str, Any]:
    connect_args = {
        "application_name": f"linkmill {os.getpid()}",
        "connect_timeout": CONNECT_SECONDS,
        "cursor_factory": PlanningCursor,
        **KEEPALIVE,
    }
    if limits.silence:
        connect_args |= WATCHED
    if limits.pooled:
        connect_args["prepare_threshold"] = None  # the next transaction has another session
    else:
        connect_args["options"] = _session_options(url, limits)
    # Last in, first out: a worker that uses one connection at a time keeps the one that its claims name.
    return {"connect_args": connect_args, "pool_use_lifo": True}


def _session_options(url: URL, limits: SessionLimits) -> str:
    options = f"{SESSION_OPTIONS} -c statement_timeout={round(limits.statement * 1000)}"
    options += f" -c idle_session_timeout={round(limits.idle * 1000)}"
    for more in url.normalized_query.get("options", ()):
        options += f" {more}"  # the last one of a name counts
    return options


def prepare(engine: Engine, limits: SessionLimits) -> None:
    """Register what happens when connections are opened and transactions begin."""
    if limits.silence:
        event.listen(engine, "do_connect", partial(_connect, Silence(limits.silence)))
    if limits.reserve and not limits.pooled:
        event.listen(engine, "connect", partial(_leave_reserve, limits.reserve))
    event.listen(engine, "connect", lambda raw, record: record.info.clear())
    event.listen(engine, "checkin", lambda raw, record: record.info.update(used_at=time.monotonic()))
    event.listen(engine, "checkout", partial(_ping_unused, engine.dialect))
    if limits.pooled:
        event.listen(engine, "begin", partial(_set_options, _transaction_options(limits)))
    event.listen(engine, "begin", _begin)
    event.listen(engine, "rollback", _discard_interrupted)
    event.listen(engine, "handle_error", _discard_read_only)


def _connect(
    silence: Silence, _dialect: Any, _record: Any, args: Sequence[Any], parameters: Mapping[str, Any]
) -> WatchedConnection:
    return silence.open(partial(WatchedConnection.connect, *args, **parameters))


def _leave_reserve(reserve: int, raw: psycopg.Connection[Any], _record: Any) -> None:
    """Close a new connection when others need it more: the request that opens it gets 503, and jobs go on."""
    limit = connection_limits.read(raw)
    if limit.free < min(reserve, limit.most // 2):
        raw.close()
        raise psycopg.OperationalError(f"the last {reserve} connections are reserved for the workers")


def _ping_unused(dialect: Any, raw: Any, record: Any, _proxy: object) -> None:
    """Check a connection that was not used for a while: the server may have restarted in the meantime."""
    if time.monotonic() - record.info.get("used_at", math.inf) > PING_AFTER_SECONDS:
        try:
            dialect.do_ping(raw)
        except psycopg.Error as error:
            raise InvalidatePoolError from error


def _transaction_options(limits: SessionLimits) -> str:
    """The options of a session, for one transaction: a pooler refuses those of a session, or forgets them."""
    options = ("timezone = 'UTC'", "random_page_cost = 1.1", f"statement_timeout = {round(limits.statement * 1000)}")
    return f"SET TRANSACTION ISOLATION LEVEL READ COMMITTED; {'; '.join(f'SET LOCAL {option}' for option in options)}"


def _set_options(options: str, db: Connection) -> None:
    if db.get_isolation_level() != "AUTOCOMMIT":
        db.exec_driver_sql(options)


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


def _discard_read_only(context: ExceptionContext) -> None:
    """Close the connections to a server that accepts no writes: it is, or will be, another one that does."""
    if isinstance(context.original_exception, psycopg.errors.ReadOnlySqlTransaction):
        context.is_disconnect = True


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
