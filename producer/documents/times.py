"""Times as the API writes them."""

from datetime import UTC, datetime
from typing import overload


@overload
def iso_time(time: datetime) -> str: ...
@overload
def iso_time(time: None) -> None: ...
@overload
def iso_time(time: datetime | None) -> str | None: ...
def iso_time(time: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds, such as 2027-01-01T00:00:00.000Z."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
