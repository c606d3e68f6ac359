"""Times as the API writes them."""

from datetime import UTC, datetime, timedelta, timezone

from producer.documents.times import iso_time


def test_times_are_in_utc_with_milliseconds() -> None:
    assert iso_time(datetime(2027, 1, 1, 2, 0, 0, 123456, timezone(timedelta(hours=2)))) == "2027-01-01T00:00:00.123Z"
    assert iso_time(datetime(2027, 1, 1, tzinfo=UTC)) == "2027-01-01T00:00:00.000Z"


def test_no_time_is_none() -> None:
    assert iso_time(None) is None
