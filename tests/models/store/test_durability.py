"""A commit is on disk before anybody sees it, unless what it records can be done again."""

import pytest
from sqlalchemy import event

from models import store
from models.accounts.keys import Owner
from models.states import ShardKind
from tests.steps import accept_csv, record_steps
from tests.work import work, work_off

FULL = "2"
NORMAL = "1"
WAITS = {"sqlite": {True: FULL, False: NORMAL}, "postgresql": {True: "on", False: "off"}}
QUESTIONS = {"sqlite": "PRAGMA synchronous", "postgresql": "SHOW synchronous_commit"}


def waits_for_the_disk(db: store.Connection) -> bool:
    """Ask a transaction whether its commit waits for the disk."""
    answers = WAITS[db.dialect.name]
    answer = str(db.exec_driver_sql(QUESTIONS[db.dialect.name]).scalar_one())
    assert answer in answers.values()
    return answer == answers[True]


def test_a_commit_waits_for_the_disk_unless_it_need_not(owner: Owner) -> None:
    with store.write() as db:
        assert waits_for_the_disk(db)
    with store.write(durable=False) as db:
        assert not waits_for_the_disk(db)
    with store.write() as db:  # on the same connection
        assert waits_for_the_disk(db)


def test_only_the_claim_of_a_shard_does_not_wait(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    record_steps(monkeypatch)
    waits: list[bool] = []

    def look(db: store.Connection) -> None:
        if db.get_execution_options().get("write"):
            waits.append(waits_for_the_disk(db))

    event.listen(store.engine(), "commit", look)
    accept_csv(owner, "url\nhttps://a.example/\n")
    assert set(waits) == {True}
    waits.clear()
    work(ShardKind.CREATE)
    assert waits[0] is False
    assert set(waits[1:]) == {True}
    waits.clear()
    work_off(ShardKind.CREATE)  # finds nothing
    assert waits == [False]
