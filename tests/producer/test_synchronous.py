"""Requests that wait for their links: what is refused beforehand, and which requests join a job."""

import pytest

from models import settings, store
from models.accounts import plans
from models.accounts.keys import Owner
from models.errors import EmptyUpload, OverLimit, StillRunning, TooManyLinks, Unavailable
from models.jobs import listing
from models.jobs.listing import JobFilter
from models.states import JobStatus
from producer import synchronous
from producer.job_options import Options
from producer.signals import waiting
from producer.synchronous import RequestKey

KEY = RequestKey("dub", "fingerprint")
ITEMS = [{"url": "https://example.com/a"}, {"url": "https://example.com/b"}]


@pytest.fixture
def impatient(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Owner:
    """An owner whose requests do not wait."""
    monkeypatch.setenv("SYNC_WAIT_SECONDS", "0")
    settings.get.cache_clear()
    return owner


def send(owner: Owner, key: RequestKey = KEY) -> int:
    """Send a request whose wait runs out; return the id of its job."""
    with pytest.raises(StillRunning) as running:
        synchronous.create_or_join(synchronous.upload_items("dub", ITEMS), owner, Options(), key)
    return running.value.job_id


def test_a_request_without_links_is_refused() -> None:
    with pytest.raises(EmptyUpload):
        synchronous.check_batch(0, 50)


def test_a_request_may_have_as_many_links_as_the_limit_and_no_more() -> None:
    synchronous.check_batch(50, 50)
    with pytest.raises(TooManyLinks, match="at most 50 links"):
        synchronous.check_batch(51, 50)


def test_a_limit_of_0_is_no_limit() -> None:
    synchronous.check_batch(1_000_000, 0)


@pytest.mark.parametrize("owner", ["sqlite"], indirect=True)
def test_links_beyond_the_plans_total_are_refused_beforehand(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plans.Plan("tiny", total_links=3)
    monkeypatch.setattr(plans, "of", lambda name: plan)
    synchronous.check_quota(owner, 3)
    with pytest.raises(OverLimit, match="3 links in total"):
        synchronous.check_quota(owner, 4)


@pytest.mark.parametrize("owner", ["sqlite"], indirect=True)
def test_so_are_links_beyond_those_of_the_hour_or_the_day(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    for plan, message in (
        (plans.Plan("hourly", links_per_hour=3, links_per_day=9), "3 links per hour"),
        (plans.Plan("daily", links_per_hour=9, links_per_day=3), "3 links per day"),
    ):
        monkeypatch.setattr(plans, "of", lambda name, plan=plan: plan)
        synchronous.check_quota(owner, 3)
        with pytest.raises(OverLimit, match=message):
            synchronous.check_quota(owner, 4)


def test_the_same_request_joins_the_job_of_the_first(impatient: Owner) -> None:
    first = send(impatient)
    assert send(impatient) == first


def test_another_request_has_a_job_of_its_own(impatient: Owner) -> None:
    first = send(impatient)
    assert send(impatient, KEY._replace(fingerprint="another")) != first
    assert send(impatient, KEY._replace(source="snipurl")) != first


def test_without_a_slot_to_wait_in_nothing_is_created(impatient: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting.Slot, "__enter__", lambda slot: slot)
    with pytest.raises(Unavailable):
        synchronous.create_or_join(synchronous.upload_items("dub", ITEMS), impatient, Options(), KEY)
    with store.read() as db:
        assert listing.page(db, impatient.workspace_id, JobFilter(), None, 10) == []


def test_a_job_that_has_not_ended_is_returned_as_it_is(impatient: Owner) -> None:
    job = synchronous.create_and_wait(synchronous.upload_items("json", ITEMS), impatient, Options())
    assert (job.status, job.total) == (JobStatus.QUEUED, 2)


def test_one_item_may_stand_for_many_links(impatient: Owner) -> None:
    job = synchronous.create_and_wait(synchronous.upload_copies("rebrandly", ITEMS[0], 500), impatient, Options())
    assert (job.source, job.total) == ("rebrandly", 500)
