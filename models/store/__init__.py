"""The store: one engine a process, transactions, and the dialect that answers for every difference."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Connection, Engine, create_engine, make_url

from models import process_caches, settings
from models.store import postgresql, sqlite
from models.store.dialect import Columns, Dialect
from models.store.driver import Question, Straight

__all__ = ["Columns", "Connection", "Question", "dialect", "dispose", "engine", "read", "rest", "straight", "write"]

DIALECTS: dict[str, Dialect] = {"postgresql": postgresql.PostgreSQL(), "sqlite": sqlite.SQLite()}


@process_caches.function
@cache
def engine() -> Engine:
    """Made at first use, so always after a fork: a connection must not be shared by two processes."""
    url = make_url(settings.get().database_url)
    made = create_engine(url, hide_parameters=True, **dialect().engine_options())
    dialect().prepare(made)
    return made


@process_caches.function
@cache
def dialect() -> Dialect:
    return DIALECTS[make_url(settings.get().database_url).get_backend_name()]


@process_caches.function
@cache
def straight() -> Straight:
    return Straight(engine(), dialect())


def rest() -> None:
    """For a bulk writer, after each of its transactions."""
    dialect().rest(engine())


def dispose() -> None:
    """Lets go of every connection without closing it: for a process that has just been forked."""
    if engine.cache_info().currsize:
        engine().dispose(close=False)
        engine.cache_clear()
        straight.cache_clear()


@contextmanager
def read() -> Iterator[Connection]:
    """A transaction that only looks."""
    with engine().connect() as connection:
        connection = connection.execution_options(**dialect().reading)
        with connection.begin():
            yield connection


@contextmanager
def write(patience: float | None = None) -> Iterator[Connection]:
    """A transaction that changes something, committed at the end of the block.

    Where there is one lock for all writers, patience says how many seconds to wait for it.
    """
    with engine().connect() as connection:
        connection = connection.execution_options(write=True, patience=patience)
        with connection.begin():
            yield connection
