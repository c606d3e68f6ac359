"""A visitor of short links, in this process."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from models.keys import Owner
from producer import clicks
from web import create_app


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> clicks.Buffer:
    """Clicks that stay in this process."""
    kept = clicks.Buffer()
    kept.started = True
    monkeypatch.setattr(clicks, "buffer", kept)
    return kept


@pytest.fixture
def visitor(house: Owner, counted: clicks.Buffer) -> Iterator[FlaskClient]:
    with create_app().test_client() as client:
        yield client
