"""Webhook endpoints: what changes them, and what their secrets are for."""

import pytest

from models.accounts.keys import Owner
from models.errors import BadTarget, NotFound
from producer.documents import schemas
from producer.resources import webhooks

URL = "https://93.184.216.34/hook"


def test_an_endpoint_receives_all_events_unless_some_are_named(owner: Owner) -> None:
    assert webhooks.create_endpoint(owner, URL)["events"] == list(schemas.EVENTS)
    assert webhooks.create_endpoint(owner, URL, ["job.failed"])["events"] == ["job.failed"]


def test_only_the_answer_of_its_creation_has_the_secret(owner: Owner) -> None:
    endpoint = webhooks.create_endpoint(owner, URL)
    assert endpoint["secret"].startswith("whsec_")
    assert "secret" not in webhooks.show_endpoint(owner, endpoint["id"])
    assert webhooks.rotate_secret(owner, endpoint["id"]) != endpoint["secret"]


def test_a_private_address_is_refused_at_creation_and_at_a_change(owner: Owner) -> None:
    with pytest.raises(BadTarget):
        webhooks.create_endpoint(owner, "http://127.0.0.1/")
    endpoint = webhooks.create_endpoint(owner, URL)
    with pytest.raises(BadTarget):
        webhooks.change_endpoint(owner, endpoint["id"], {"url": "http://10.0.0.1/"})
    assert webhooks.show_endpoint(owner, endpoint["id"])["url"] == URL


def test_an_endpoint_is_disabled_by_hand_and_enabled_again(owner: Owner) -> None:
    endpoint_id = webhooks.create_endpoint(owner, URL)["id"]
    disabled = webhooks.change_endpoint(owner, endpoint_id, {"disabled": True})
    assert (disabled["disabled"], disabled["disabled_reason"]) == (True, "by hand")
    enabled = webhooks.change_endpoint(owner, endpoint_id, {"disabled": False})
    assert (enabled["disabled"], enabled["disabled_reason"]) == (False, None)


def test_another_change_leaves_a_disabled_endpoint_disabled(owner: Owner) -> None:
    endpoint_id = webhooks.create_endpoint(owner, URL)["id"]
    webhooks.change_endpoint(owner, endpoint_id, {"disabled": True})
    changed = webhooks.change_endpoint(owner, endpoint_id, {"events": ["job.failed"]})
    assert (changed["disabled"], changed["events"]) == (True, ["job.failed"])


def test_a_disabled_endpoint_receives_nothing_more(owner: Owner) -> None:
    endpoint_id = webhooks.create_endpoint(owner, URL)["id"]
    webhooks.send_test_event(owner, endpoint_id)
    webhooks.change_endpoint(owner, endpoint_id, {"disabled": True})
    (delivery,) = webhooks.list_deliveries(owner, endpoint_id, None, 10).items
    assert (delivery["status"], delivery["next_attempt_at"]) == ("failed", None)


def test_a_removed_endpoint_is_not_found(owner: Owner) -> None:
    endpoint_id = webhooks.create_endpoint(owner, URL)["id"]
    webhooks.remove_endpoint(owner, endpoint_id)
    with pytest.raises(NotFound):
        webhooks.show_endpoint(owner, endpoint_id)
