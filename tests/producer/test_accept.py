"""The one door: what of it waits for the disk."""

from unittest.mock import create_autospec

import pytest
from sqlalchemy import Connection, event

from models import store
from models.accounts.keys import Owner
from producer.accept import Upload, accept
from producer.intake.layouts import COUNT
from producer.job_options import Options
from producer.signals import wakeups


@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("awaited", "waits"), [(False, "on"), (True, "off")])
def test_a_job_is_on_the_disk_before_its_sender_is_told_of_it(
    owner: Owner, awaited: bool, waits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for the end is told of that: it is on the disk, with all that came before it."""
    monkeypatch.setattr(wakeups, "send_task", create_autospec(wakeups.send_task, return_value=True))
    seen: list[str] = []

    def look(db: Connection) -> None:
        seen.append(db.exec_driver_sql("SHOW synchronous_commit").scalar_one())

    event.listen(store.engine(), "commit", look)
    accept(Upload(COUNT, COUNT, [b'{"url":"https://example.com/"}'], 3), owner, Options, awaited=awaited)
    assert seen[-1] == waits
