"""Whether the process is up and the system can work."""

import httpx
import pytest
from alembic.script import ScriptDirectory

from models import migrate
from models.accounts.keys import Owner
from producer.signals import broker
from producer.signals.broker import Beat
from tests.fixtures.fake_redis import FakeRedis
from tests.shared_app import shared_app
from tests.system import System


def newest_revision() -> str | None:
    return ScriptDirectory.from_config(migrate.config()).get_current_head()


def test_a_whole_system_is_ready(system: System) -> None:
    answer = httpx.get(f"{system.url}/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "status": "ok",
            "database": "ok",
            "broker": "ok",
            "uploads": "ok",
            "workers": "ok",
            "revision": newest_revision(),
        },
    )
    assert httpx.get(f"{system.url}/healthz").json() == {"status": "ok"}


def test_without_broker_a_process_is_up_but_not_ready(owner: Owner) -> None:
    client = shared_app().test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json() == {
        "status": "unavailable",
        "database": "ok",
        "broker": "does not answer",
        "uploads": "ok",
        "workers": "unknown",
        "revision": newest_revision(),
    }


@pytest.mark.parametrize(
    ("beats", "state"),
    [
        ([], "no heartbeat from a worker"),
        ([Beat("1", can_work=False)], "no worker reaches the database"),
        ([Beat("1", can_work=False), Beat("2")], "ok"),
    ],
)
def test_only_workers_that_can_work_count(owner: Owner, fake_redis: FakeRedis, beats: list[Beat], state: str) -> None:
    for number, beat in enumerate(beats):
        broker.record_beat(f"node-{number}", beat)
    answer = shared_app().test_client().get("/readyz")
    assert (answer.get_json()["workers"], answer.status_code) == (state, 200 if state == "ok" else 503)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_nobody_needs_a_key_to_ask(system: System, path: str) -> None:
    assert httpx.head(system.url + path).status_code == 200
