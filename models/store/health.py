"""Checks that the database answers."""

from sqlalchemy import Connection, text


def ping(db: Connection) -> None:
    db.execute(text("SELECT 1"))
