"""Column types and shared columns, and how constraints and indexes are named."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.dialects.postgresql import ENUM, TEXT

from models import sealing

NAMES = {
    "pk": "%(table_name)s_pkey",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}
metadata = MetaData(naming_convention=NAMES)


class Sealed(TypeDecorator[str]):
    """A secret text, sealed when it is written and unsealed when it is read."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else sealing.seal(value.encode()).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else sealing.unseal(value.encode()).decode()


class SealedBytes(TypeDecorator[bytes]):
    """The same for bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else sealing.seal(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else sealing.unseal(bytes(value))


class Time(TypeDecorator[datetime]):
    """A moment in UTC. Sessions use UTC too; SQLite stores no time zone, so it is added again on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        moment: datetime | None = value
        if moment is None or moment.tzinfo is not None:
            return moment
        return moment.replace(tzinfo=UTC)


class SpelledTime(TypeDecorator[datetime]):
    """A moment as a text, without a fraction where that is zero."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


class StatusName(ENUM):
    """A status in PostgreSQL: four bytes, which read as text."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: Any) -> None:
        """Leave names as they are: a million of them are read at once."""


SlugText = Text().with_variant(TEXT(collation="C"), "postgresql")
SmallIndex = BigInteger().with_variant(Integer, "postgresql")
"""A number below two billion. SQLite stores each number in as few bytes as it needs, whatever the type."""
StoredTime = DateTime(timezone=True).with_variant(SpelledTime, "sqlite")
"""A moment as links have it. SQLite compares moments as text, so equal ones must be spelled alike."""
NOW = text("CURRENT_TIMESTAMP")


def flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


def created_at() -> Column[datetime]:
    return Column("created_at", Time, nullable=False, server_default=NOW)
