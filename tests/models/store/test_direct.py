"""The direct reader: a few connections for all threads of a process, replaced when they end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import create_autospec

import pytest
from sqlalchemy.exc import OperationalError

from models import settings, store
from models.accounts import domains
from models.accounts.keys import Owner
from models.links import lookup
from models.links.lookup import Target
from models.store import direct
from tests.web.visitors.visiting import GENERATION, make

LATER = datetime.now(UTC) + timedelta(days=1)


def default() -> int:
    with store.read() as db:
        found = domains.find(db, 0, None)
    assert found
    return int(found.id)


def test_a_target_has_the_values_of_its_row(owner: Owner) -> None:
    make(
        "here", url="https://a.b/%s?%d", expires_at=LATER, max_clicks=3, title="T", password_hash="h", disabled_at=LATER
    )
    url = "https://a.b/%s?%d"
    assert lookup.find(default(), "here") == Target(default(), "here", GENERATION, 2, url, "T", LATER, 3, "h", LATER)
    assert lookup.find(default(), "none") is None


def test_a_connection_that_has_ended_is_replaced(owner: Owner) -> None:
    make()
    domain = default()
    assert lookup.find(domain, "here")
    (ended,) = store.direct_reader().idle_cursors
    store.direct_reader().idle_cursors[:] = [Ended(ended)]
    assert lookup.find(domain, "here")
    (fresh,) = store.direct_reader().idle_cursors
    assert fresh is not ended
    assert lookup.find(domain, "here")
    assert store.direct_reader().idle_cursors == [fresh], "the new one is used again"


class Ended:
    """A cursor whose connection the server has ended."""

    def __init__(self, cursor: Any) -> None:
        self.connection = cursor.connection

    def execute(self, *_: object) -> None:
        raise store.dialect().unavailable_errors[0]("server closed the connection unexpectedly")


def test_a_connection_that_cannot_be_made_means_that_the_store_is_away(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = default()
    too_many = store.dialect().unavailable_errors[0]("too many clients already")
    monkeypatch.setattr(
        store.engine(), "raw_connection", create_autospec(store.engine().raw_connection, side_effect=too_many)
    )
    with pytest.raises(OperationalError):
        lookup.find(domain, "here")


def test_many_threads_share_a_few_connections(owner: Owner) -> None:
    make()
    domain = default()
    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(lambda _: lookup.find(domain, "here"), range(600)))
    assert 1 <= len(store.direct_reader().idle_cursors) <= direct.share(settings.get().db_connections)


def test_what_was_just_written_is_found(owner: Owner) -> None:
    domain = default()
    for number in range(5):
        assert lookup.find(domain, f"s{number}") is None
        make(f"s{number}")
        assert lookup.find(domain, f"s{number}")


def test_a_database_that_does_not_answer_is_an_operational_error(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    make()
    domain = default()
    assert lookup.find(domain, "here")
    monkeypatch.setattr(store.direct_reader(), "_fetch", _fail)
    with pytest.raises(OperationalError):
        lookup.find(domain, "here")


def _fail(*_: object) -> None:
    raise store.dialect().unavailable_errors[0]("away")
