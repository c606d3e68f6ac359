"""Secrets of the installation: created once, and the same for every process on the database."""

from models import store
from models.accounts import installation_secrets
from models.accounts.keys import Owner
from models.tables import secrets as table


def stored() -> dict[str, bytes]:
    with store.read() as db:
        return {name: installation_secrets.read(db, name) for name in installation_secrets.ALL}


def test_each_secret_is_long_and_like_no_other(owner: Owner) -> None:
    values = set(stored().values())
    assert len(values) == len(installation_secrets.ALL)
    assert {len(value) for value in values} == {32}


def test_secrets_that_exist_stay_and_missing_ones_are_created(owner: Owner) -> None:
    before = stored()
    with store.write() as db:
        db.execute(table.delete().where(table.c.name == installation_secrets.SLUG_KEY))
        installation_secrets.create_missing(db)
        installation_secrets.create_missing(db)
    after = stored()
    assert {name for name in after if after[name] != before[name]} == {installation_secrets.SLUG_KEY}


def test_a_process_reads_a_secret_once(owner: Owner) -> None:
    before = installation_secrets.get(installation_secrets.VISITOR_KEY)
    with store.write() as db:
        db.execute(table.delete())
    assert installation_secrets.get(installation_secrets.VISITOR_KEY) == before
