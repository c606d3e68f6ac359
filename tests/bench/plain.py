"""A simple implementation to compare with: one Celery task, one ORM object and one commit for each link."""

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import psycopg
from celery import Celery
from sqlalchemy import BigInteger, DateTime, Text, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tests import ROOT
from tests.bench.rows import Row
from tests.waiting import wait_until

LINKS = 3_000
WORKERS = 2

COMMAND = [sys.executable, "-m", "celery", "-q", "-A", __name__, "worker", "-c", str(WORKERS), "-l", "ERROR"]

app = Celery("plain", broker=os.environ.get("PLAIN_BROKER", "memory://"))
app.conf.task_ignore_result = True
engine = create_engine(os.environ.get("PLAIN_DATABASE", "sqlite://"))


class Base(DeclarativeBase):
    pass


class Link(Base):
    __tablename__ = "plain_links"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    url: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@app.task(name="plain.create")  # type: ignore[untyped-decorator]
def create(url: str, title: str, expires_at: str) -> None:
    with Session(engine) as session:
        session.add(Link(slug=os.urandom(5).hex(), url=url, title=title, expires_at=datetime.fromisoformat(expires_at)))
        session.commit()


def rate(url: str, folder: Path, rows: list[Row]) -> float:
    """Links a second, from the first task sent to the last link in the database."""
    broker = f"redis+socket://{folder}/var/broker/valkey.sock?virtual_host=1"
    database = url.replace("postgresql://", "postgresql+psycopg://")
    _create_table(database)
    environment = os.environ | {"PLAIN_BROKER": broker, "PLAIN_DATABASE": database}
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("TRUNCATE plain_links")
        worker = subprocess.Popen(COMMAND, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        try:
            return _measure(broker, db, rows[:LINKS])
        finally:
            worker.terminate()
            worker.wait(30)


def _measure(broker: str, db: psycopg.Connection, rows: list[Row]) -> float:
    sender = Celery("plain", broker=broker)

    def count() -> int:
        row = db.execute("SELECT count(*) FROM plain_links").fetchone()
        return row[0] if row else 0

    sender.send_task("plain.create", rows[0][:3], ignore_result=True)
    wait_until(lambda: count() == 1, 60, "the simple worker to start")
    start = time.perf_counter()
    for row in rows[1:]:
        sender.send_task("plain.create", row[:3], ignore_result=True)
    wait_until(lambda: count() == len(rows), 120, "the simple implementation to end")
    return (len(rows) - 1) / (time.perf_counter() - start)


def _create_table(database: str) -> None:
    table_engine = create_engine(database)
    Base.metadata.create_all(table_engine)
    table_engine.dispose()
