"""Endpoints: which events they get, how their secrets rotate, and when failures disable them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from models import store
from models.accounts import workspaces
from models.accounts.keys import Owner
from models.tables import endpoints as table
from models.tables import workspaces as workspace_rows
from models.webhooks import endpoints
from models.webhooks.endpoints import Endpoint, Subscriber
from tests.owners import new_owner

NOW = datetime.now(UTC)
COMPLETED = "job.completed"
FAILED = "job.failed"


def add(owner: Owner, url: str = "https://a.example/hook", *events: str) -> Endpoint:
    with store.write() as db:
        return endpoints.add(db, owner.workspace_id, url, list(events or (COMPLETED,)))


def get(owner: Owner, endpoint: Endpoint) -> Endpoint:
    with store.read() as db:
        current = endpoints.get(db, endpoint.id, owner.workspace_id)
    assert current
    return current


def set_columns(endpoint: Endpoint, **values: Any) -> None:
    with store.write() as db:
        db.execute(update(table).where(table.c.id == endpoint.id).values(values))


def subscribers(owner: Owner, event: str) -> list[Subscriber]:
    with store.read() as db:
        return endpoints.subscribers(db, owner.workspace_id, event)


def test_a_new_endpoint_is_enabled_and_has_a_secret(owner: Owner) -> None:
    endpoint = add(owner, "https://a.example/hook", COMPLETED, FAILED)
    assert get(owner, endpoint) == endpoint
    assert (endpoint.url, endpoint.events) == ("https://a.example/hook", [COMPLETED, FAILED])
    assert endpoint.secret.startswith("whsec_")
    assert (endpoint.disabled_at, endpoint.disabled_reason, endpoint.failing_since) == (None, None, None)


def test_other_workspaces_do_not_see_it(owner: Owner) -> None:
    endpoint = add(owner)
    other = new_owner("other")
    with store.read() as db:
        assert endpoints.get(db, endpoint.id, other.workspace_id) is None
        assert endpoints.page(db, other.workspace_id, 0, 10) == []
        assert endpoints.page(db, owner.workspace_id, 0, 10) == [endpoint]
        assert endpoints.page(db, owner.workspace_id, endpoint.id, 10) == []


def test_an_event_goes_to_enabled_endpoints_that_subscribe_to_it(owner: Owner) -> None:
    both = add(owner, "https://both.example/", COMPLETED, FAILED)
    add(owner, "https://one.example/", COMPLETED)
    off = add(owner, "https://off.example/", FAILED)
    add(new_owner("other"), "https://other.example/", FAILED)
    with store.write() as db:
        endpoints.disable(db, off.id, "by hand")
    assert subscribers(owner, FAILED) == [Subscriber(both.id, "https://both.example/")]
    assert len(subscribers(owner, COMPLETED)) == 2
    assert subscribers(owner, "job.cancelled") == []


def test_a_change_or_removal_is_of_this_endpoint_only(owner: Owner) -> None:
    first = add(owner)
    second = add(owner)
    with store.write() as db:
        endpoints.change(db, first.id, {"url": "https://new.example/"})
        endpoints.remove(db, second.id)
        assert endpoints.get(db, second.id, owner.workspace_id) is None
    assert get(owner, first) == first._replace(url="https://new.example/")


def test_a_replaced_secret_signs_for_another_day(owner: Owner) -> None:
    endpoint = add(owner)
    with store.write() as db:
        new = endpoints.rotate_secret(db, endpoint.id)
        assert endpoints.signing_secrets(db, endpoint.id, owner.workspace_id) == [new, endpoint.secret]
    set_columns(endpoint, old_until=NOW - timedelta(seconds=1))
    with store.read() as db:
        assert endpoints.signing_secrets(db, endpoint.id, owner.workspace_id) == [new]


def test_the_workspaces_secret_signs_what_goes_to_no_endpoint(owner: Owner) -> None:
    with store.write() as db:
        old = workspaces.get(db, owner.workspace_id).webhook_secret
        assert endpoints.signing_secrets(db, 0, owner.workspace_id) == [old]
        new = endpoints.rotate_workspace_secret(db, owner.workspace_id)
        assert endpoints.signing_secrets(db, 0, owner.workspace_id) == [new, old]
        db.execute(update(workspace_rows).values(old_until=NOW - timedelta(seconds=1)))
        assert endpoints.signing_secrets(db, 0, owner.workspace_id) == [new]


def test_a_removed_endpoint_has_no_secrets(owner: Owner) -> None:
    with store.read() as db:
        assert endpoints.signing_secrets(db, 123, owner.workspace_id) == []


def test_three_days_of_failures_disable_an_endpoint(owner: Owner) -> None:
    endpoint = add(owner)
    with store.write() as db:
        assert not endpoints.record_failure(db, endpoint.id)
    began = get(owner, endpoint).failing_since
    assert began
    with store.write() as db:
        assert not endpoints.record_failure(db, endpoint.id)
    assert get(owner, endpoint).failing_since == began, "the time of the first failure counts"
    set_columns(endpoint, failing_since=NOW - timedelta(days=3, seconds=1))
    with store.write() as db:
        assert endpoints.record_failure(db, endpoint.id)
    assert get(owner, endpoint).disabled_at
    assert get(owner, endpoint).disabled_reason == "every delivery failed for 3 days"


def test_one_success_ends_a_row_of_failures(owner: Owner) -> None:
    endpoint = add(owner)
    set_columns(endpoint, failing_since=NOW - timedelta(days=30))
    with store.write() as db:
        endpoints.record_success(db, endpoint.id)
        assert not endpoints.record_failure(db, endpoint.id)
    assert get(owner, endpoint).disabled_at is None


def test_a_disabled_endpoint_keeps_its_first_time_and_reason(owner: Owner) -> None:
    endpoint = add(owner)
    enabled = add(owner)
    with store.write() as db:
        endpoints.disable(db, endpoint.id, "the receiver answered 410 Gone")
    disabled_at = get(owner, endpoint).disabled_at
    with store.write() as db:
        endpoints.disable(db, endpoint.id, "by hand")
        reasons = endpoints.disabled_reasons(db, [endpoint.id, enabled.id, 5])
    assert get(owner, endpoint).disabled_at == disabled_at
    assert reasons == {endpoint.id: "the receiver answered 410 Gone"}
