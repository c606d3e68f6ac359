"""A query as the driver takes it. It reads a private attribute of SQLAlchemy, so a new version must be tried."""

from datetime import UTC, datetime

import sqlalchemy
from sqlalchemy import bindparam, select

from models import store
from models.accounts.keys import Owner
from models.store import CompiledQuery
from models.tables import links

QUERY = select(links.c.slug, links.c.created_at).where(
    links.c.slug == bindparam("slug"), links.c.domain_id == bindparam("domain"), links.c.title == bindparam("slug")
)


def test_the_private_attribute_is_that_of_this_version() -> None:
    assert sqlalchemy.__version__.startswith("2.1."), "try `positiontup` in models/store/compiled_query.py again"


def test_parameters_come_as_the_driver_takes_them(owner: Owner) -> None:
    parameters = CompiledQuery(store.engine(), QUERY).parameters({"domain": 1, "slug": "a"})
    assert parameters in (["a", 1, "a"], {"domain": 1, "slug": "a"})


def test_the_drivers_values_become_those_of_sqlalchemy(owner: Owner) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
    raw = "2026-01-02 03:04:05.678901" if store.engine().name == "sqlite" else moment
    assert CompiledQuery(store.engine(), QUERY).convert(("a", raw)) == ("a", moment)
    assert CompiledQuery(store.engine(), QUERY).convert(("a", None)) == ("a", None)
