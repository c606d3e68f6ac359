"""The kinds of columns that tables are made of, and the names of what the database makes itself."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Dialect, MetaData, Text, TypeDecorator, text
from sqlalchemy.dialects.postgresql import TEXT
from sqlalchemy.dialects.sqlite import DATETIME

NAMES = {
    "pk": "%(table_name)s_pkey",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}
metadata = MetaData(naming_convention=NAMES)


class Time(TypeDecorator[datetime]):
    """A moment, always in UTC, as every session is: what a store does not keep of the zone is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        found: datetime | None = value
        return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


Key = Text().with_variant(TEXT(collation="C"), "postgresql")
NOW = text("CURRENT_TIMESTAMP")
AsMade = DateTime(timezone=True).with_variant(DATETIME(truncate_microseconds=True), "sqlite")  # type: ignore[no-untyped-call]
"""A moment as NOW writes it: where moments are text, only those that are spelled alike can be equal."""


def flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


def made(name: str = "created_at") -> Column[datetime]:
    return Column(name, Time, nullable=False, server_default=NOW)
