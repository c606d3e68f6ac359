"""Creating one link: what the caller receives when its job has ended, and when it has not."""

from typing import Any

import pytest

from models import settings, store
from models.accounts import domains
from models.accounts.keys import Owner
from models.errors import Conflict, Gone, Invalid, Unavailable
from models.jobs.idempotency import IdempotencyKey
from producer import idempotency
from producer.idempotency import Hold
from producer.resources import links
from producer.resources.link_creation import create_link
from producer.resources.link_fields import encode_fields, split_fields
from producer.signals import wakeups
from tests.work import work_off

pytestmark = pytest.mark.parametrize("owner", ["sqlite"], indirect=True)


@pytest.fixture
def impatient(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Owner:
    """An owner whose requests look at their job once and do not wait."""
    monkeypatch.setenv("SYNC_WAIT_SECONDS", "0")
    settings.get.cache_clear()
    monkeypatch.setattr(wakeups, "send_task", lambda *arguments, **options: True)
    return owner


@pytest.fixture
def served(impatient: Owner, monkeypatch: pytest.MonkeyPatch) -> Owner:
    """The same with a worker in this process, which has ended the job by then."""

    def work(task: str, queue: str, **options: Any) -> bool:
        work_off(queue=queue)
        return True

    monkeypatch.setattr(wakeups, "send_task", work)
    return impatient


def create(owner: Owner, hold: Hold | None = None, **values: Any) -> tuple[dict[str, Any], bool]:
    return create_link(owner, encode_fields({"url": "https://example.com/a"} | values), hold)


def refusal(owner: Owner, **values: Any) -> tuple[str, str]:
    with pytest.raises((Conflict, Invalid)) as caught:
        create(owner, **values)
    error = caught.value
    assert isinstance(error, Conflict | Invalid)
    return error.errors[0]["pointer"], error.code


def new_hold(owner: Owner) -> Hold:
    return idempotency.hold(IdempotencyKey(owner.workspace_id, "/api/links", "k"))


def test_a_new_link_is_returned(served: Owner) -> None:
    link, is_new = create(served, slug="mine", title="A")
    assert is_new
    assert (link["short_url"], link["title"]) == ("http://localhost:8000/mine", "A")


def test_a_link_with_the_same_external_id_is_returned_as_one_that_exists(served: Owner) -> None:
    link, _ = create(served, external_id="42")
    again, is_new = create(served, external_id="42")
    assert not is_new
    assert again["id"] == link["id"]


def test_a_link_is_created_on_the_domain_that_its_fields_name(served: Owner) -> None:
    with store.write() as db:
        domains.add(db, served.workspace_id, "go.example.com")
    assert create(served, slug="x", domain="go.example.com")[0]["short_url"] == "http://go.example.com/x"
    assert create(served, slug="x", domain=None)[0]["short_url"] == "http://localhost:8000/x"


def test_a_domain_that_is_not_a_text_is_refused(served: Owner) -> None:
    assert refusal(served, domain=5) == ("/domain", "INVALID_TYPE")


def test_the_problem_of_the_item_is_the_error_of_the_request(served: Owner) -> None:
    assert refusal(served, url="nope") == ("/url", "INVALID_URL")
    create(served, slug="mine")
    assert refusal(served, slug="mine") == ("/slug", "SLUG_TAKEN")


def test_fields_that_cannot_be_decoded_are_a_malformed_row(served: Owner) -> None:
    fields = split_fields([b'{"url": "https://example.com/", "max_clicks": 1e999}'])
    with pytest.raises(Invalid) as error:
        create_link(served, fields)
    assert error.value.code == "MALFORMED_ROW"


def test_a_caller_whose_wait_is_over_is_sent_to_the_job(impatient: Owner) -> None:
    with pytest.raises(Unavailable, match=r"See /api/jobs/[0-9]+\."):
        create(impatient)


def test_a_request_that_is_sent_again_receives_its_link(impatient: Owner) -> None:
    with pytest.raises(Unavailable):
        create(impatient, new_hold(impatient), slug="mine")
    work_off()
    assert create(impatient, new_hold(impatient), slug="mine")[0]["slug"] == "mine"


def test_a_request_that_is_sent_again_after_its_link_was_deleted_receives_no_other(served: Owner) -> None:
    link, _ = create(served, new_hold(served), slug="mine")
    links.remove_link(served, link["id"])
    with pytest.raises(Gone):
        create(served, new_hold(served), slug="mine")
    create(served, slug="mine")  # another link with the same slug
    with pytest.raises(Gone):
        create(served, new_hold(served), slug="mine")
