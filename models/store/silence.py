"""Silence of PostgreSQL: whether a server that sends nothing is busy with a statement, or away.

A server that is stopped, and a network that drops packets, end no connection. So while a statement takes long, a thread
tries to connect. When that takes too long as well, whatever waits for the server fails, and so does every new statement
until the server answers again.
"""

import threading
import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import psycopg

RESULT = TypeVar("RESULT")
PAUSE_SECONDS = 0.5  # between two attempts to connect while the server is away
AWAY_SECONDS = 10.0  # after an attempt: longer than the next one takes, so that nothing is refused for ever
MESSAGE = "the database does not answer"
TIMEOUT = "timeout expired"  # what psycopg says of each server of the URL that it could not reach in time


class WatchedConnection(psycopg.Connection[Any]):
    """A connection whose statements end when its server is away."""

    silence: "Silence"
    server: str

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        try:
            return super().wait(self.silence.watch(gen, self.server), *args, **options)
        except Away:
            self.pgconn.finish()
            raise


class Away(psycopg.OperationalError):
    """The server does not answer."""


Connect = Callable[[], WatchedConnection]


class Silence:
    """What a process knows of one database. A statement is suspect after so many `seconds` without an answer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.away_until = 0.0
        self.answered_at = 0.0
        self.server = ""  # the one that answered last, of several in the URL
        self.connect: Connect | None = None
        self.is_looking = threading.Lock()

    def open(self, connect: Connect) -> WatchedConnection:
        """Open a connection, unless the server is known to be away. `connect` has a time limit of its own."""
        self._refuse_while_away()
        self.connect = connect
        try:
            connection = connect()
        except psycopg.OperationalError as error:
            if TIMEOUT in str(error):
                self.away_until = time.monotonic() + AWAY_SECONDS
                self._look()
            raise
        connection.silence = self
        connection.server = server_of(connection)
        return connection

    def watch(self, steps: Generator[Any, Any, RESULT], server: str) -> Generator[Any, Any, RESULT]:
        """Take the steps of a statement. While the server is silent, they are called now and then without news."""
        self._refuse_while_away()
        began = time.monotonic()
        try:
            wanted = next(steps)
            while True:
                news = yield wanted
                if not news:
                    self._judge(began, server)
                wanted = steps.send(news)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def _refuse_while_away(self) -> None:
        if time.monotonic() < self.away_until:
            raise Away(MESSAGE)

    def _judge(self, began: float, server: str) -> None:
        self._refuse_while_away()
        if self.answered_at > began and self.server != server:
            raise Away("another server has taken the place of this one")
        if time.monotonic() - max(began, self.answered_at) > self.seconds:
            self._look()

    def _look(self) -> None:
        """Find out whether the server answers, in a thread that ends when it does."""
        if self.is_looking.acquire(blocking=False):
            threading.Thread(target=self._look_until_answer, name="silence", daemon=True).start()

    def _look_until_answer(self) -> None:
        try:
            while not self._answers():
                time.sleep(PAUSE_SECONDS)
        finally:
            self.is_looking.release()

    def _answers(self) -> bool:
        """Whether the server answers. A refusal is an answer too: the statements that wait are refused as well."""
        assert self.connect
        try:
            connection = self.connect()
            self.server = server_of(connection)
            connection.close()
        except psycopg.OperationalError as error:
            if TIMEOUT in str(error):
                self.away_until = time.monotonic() + AWAY_SECONDS
                return False
        self.away_until = 0.0
        self.answered_at = time.monotonic()
        return True


def server_of(connection: psycopg.Connection[Any]) -> str:
    info = connection.info
    return f"{info.hostaddr or info.host}:{info.port}"
