"""Quotas: links are reserved, given back and freed, and many workers together get no more than there is."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import insert, update

from models import store
from models.accounts import quotas, workspaces
from models.accounts.keys import Owner
from models.accounts.plans import Plan
from models.jobs import jobs, leases, runs, shards
from models.jobs.leases import Claim
from models.tables import links
from models.tables import shards as shard_rows
from tests.owners import new_owner

ALL = Plan("all", links_per_hour=50, links_per_day=80, total_links=100)
TOTAL = Plan("total", total_links=100)
HOUR, DAY = 3_600, 86_400


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the database, which a test may change."""
    time = [1_900_000_000.0 // DAY * DAY]
    monkeypatch.setattr(quotas, "_now", lambda _db: time[0])
    return time


def reserve(owner: Owner, plan: Plan, count: int) -> int:
    with store.write() as db:
        return quotas.reserve(db, owner.workspace_id, plan, count).granted


def give_back(owner: Owner, count: int, at: float | None) -> None:
    with store.write() as db:
        quotas.give_back(db, owner.workspace_id, count, at)


def use(owner: Owner, plan: Plan) -> dict[str, int]:
    with store.read() as db:
        return {str(period): used for period, used in quotas.usage(db, owner.workspace_id, plan).items()}


def make_links(owner: Owner, count: int) -> None:
    rows = [
        {
            "domain_id": 1,
            "slug": f"{owner.workspace_id}-{at}",
            "generation": 1,
            "workspace_id": owner.workspace_id,
            "job_id": 1,
            "url": "https://a.b/",
        }
        for at in range(count)
    ]
    with store.write() as db:
        db.execute(insert(links), rows)


def make_shard(owner: Owner, state: str, granted: int, job_id: int = 1, at: float | None = 1.0) -> None:
    row = {"job_id": job_id, "run": 1, "first_index": granted, "workspace_id": owner.workspace_id, "state": state}
    row |= {"kind": "create", "queue": "bulk", "line": 1, "offset": 0, "length": 1, "rows": 1}
    with store.write() as db:
        db.execute(insert(shard_rows), [row | {"granted": granted, "granted_at": at}])


def test_the_tightest_period_decides(owner: Owner, clock: list[float]) -> None:
    assert reserve(owner, ALL, 30) == 30
    assert reserve(owner, ALL, 30) == 20
    assert reserve(owner, ALL, 1) == 0
    assert use(owner, ALL) == {"hour": 50, "day": 50, "total": 50}
    clock[0] += HOUR
    assert use(owner, ALL) == {"hour": 0, "day": 50, "total": 50}
    assert reserve(owner, ALL, 50) == 30
    clock[0] += DAY
    assert reserve(owner, ALL, 50) == 20
    assert use(owner, ALL) == {"hour": 20, "day": 20, "total": 100}


def test_an_unlimited_plan_counts_nothing(owner: Owner) -> None:
    plan = Plan("free")
    assert not plan.limited
    assert use(owner, plan) == {}


def test_links_that_are_given_back_can_be_reserved_again(owner: Owner, clock: list[float]) -> None:
    reserve(owner, ALL, 50)
    give_back(owner, 20, clock[0])
    assert use(owner, ALL) == {"hour": 30, "day": 30, "total": 30}
    assert reserve(owner, ALL, 50) == 20


def test_links_that_were_never_reserved_are_not_given_back(owner: Owner, clock: list[float]) -> None:
    reserve(owner, ALL, 5)
    give_back(owner, 0, None)
    give_back(owner, 5, None)
    assert use(owner, ALL) == {"hour": 5, "day": 5, "total": 5}


def test_a_period_that_has_ended_gets_nothing_back(owner: Owner, clock: list[float]) -> None:
    reserve(owner, ALL, 50)
    before = clock[0]
    clock[0] += HOUR
    reserve(owner, ALL, 10)
    give_back(owner, 50, before)
    assert use(owner, ALL) == {"hour": 10, "day": 10, "total": 10}


def test_a_deleted_link_makes_room_in_the_total_alone(owner: Owner, clock: list[float]) -> None:
    reserve(owner, ALL, 50)
    with store.write() as db:
        quotas.free(db, owner.workspace_id, 10)
    assert use(owner, ALL) == {"hour": 50, "day": 50, "total": 40}


def test_a_limit_below_what_is_used_leaves_no_room(owner: Owner, clock: list[float]) -> None:
    reserve(owner, ALL, 50)
    assert reserve(owner, Plan("less", links_per_hour=10), 5) == 0
    assert use(owner, ALL)["hour"] == 50


def test_a_total_begins_with_existing_links_and_those_that_active_shards_reserved(owner: Owner) -> None:
    other = new_owner("other")
    make_links(owner, 10)
    make_links(other, 50)
    for state, granted in (("queued", 1), ("running", 2), ("done", 4), ("skipped", 8)):
        make_shard(owner, state, granted)
    assert use(owner, TOTAL) == {"total": 13}
    assert reserve(owner, TOTAL, 100) == 87


def test_workspaces_have_quotas_of_their_own(owner: Owner) -> None:
    other = new_owner("other")
    assert (reserve(owner, TOTAL, 100), reserve(other, TOTAL, 60), reserve(owner, TOTAL, 1)) == (100, 60, 0)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("plan", [ALL, TOTAL, Plan("hour", links_per_hour=100)])
def test_many_workers_together_get_exactly_what_there_is(owner: Owner, plan: Plan) -> None:
    limit = min(quotas.limits(plan).values())

    def work(number: int) -> int:
        """Reserve three links; one worker in four gives one back."""
        count = reserve(owner, plan, 3)
        if count < 3 or number % 4:
            return count
        with store.write() as db:
            now = quotas._now(db)
        give_back(owner, 1, now)
        return count - 1

    with ThreadPoolExecutor(8) as workers:
        total = sum(workers.map(work, range(48)))
    total += reserve(owner, plan, 1000)
    assert total == limit
    assert set(use(owner, plan).values()) == {limit}


def test_only_a_change_of_plan_counts_a_total_again_and_only_of_its_workspace(owner: Owner) -> None:
    other = new_owner("other")
    for each in (owner, other):
        reserve(each, TOTAL, 40)
    with store.write() as db:
        workspaces.find_or_create(db, "default", "enterprise")
    assert (use(owner, TOTAL), use(other, TOTAL)) == ({"total": 40}, {"total": 40})
    with store.write() as db:
        workspaces.find_or_create(db, "default", "pro")
    assert (use(owner, TOTAL), use(other, TOTAL)) == ({"total": 0}, {"total": 40})


def job_of(owner: Owner) -> int:
    row: dict[str, Any] = {"id": 7, "workspace_id": owner.workspace_id, "domain_id": 1, "kind": "create"}
    row |= {"status": "running", "source": "csv", "queue": "bulk", "upload": "", "layout": {}, "options": {}}
    with store.write() as db:
        jobs.add(db, row | {"metadata": {}, "total": 100})
    return 7


def claim_of(owner: Owner) -> Claim:
    with store.write() as db:
        claim = leases.claim(db, "create", "bulk", (7, 0))
    assert claim
    return claim


def add_shard_with_grant(owner: Owner, count: int) -> None:
    """Add a queued shard that has reserved links already."""
    with store.write() as db:
        reservation = quotas.reserve(db, owner.workspace_id, TOTAL, count)
    make_shard(owner, "queued", reservation.granted, 7, reservation.reserved_at)


def test_a_cancelled_job_gives_back_all_that_it_reserved(owner: Owner) -> None:
    job_id = job_of(owner)
    add_shard_with_grant(owner, 30)
    add_shard_with_grant(owner, 20)
    claim = claim_of(owner)
    with store.write() as db:
        assert runs.cancel(db, job_id)
    assert use(owner, TOTAL) == {"total": claim.granted}
    with store.write() as db:
        runs.skip_shard(db, claim)
    assert use(owner, TOTAL) == {"total": 0}


def test_the_shards_of_a_failed_job_give_back_all_that_they_reserved(owner: Owner) -> None:
    job_of(owner)
    add_shard_with_grant(owner, 30)
    with store.write() as db:
        quotas.give_back_all(db, shards.discard_queued(db, 7))
    assert use(owner, TOTAL) == {"total": 0}


def test_a_worker_that_takes_over_a_shard_has_its_reservation(owner: Owner) -> None:
    job_of(owner)
    make_shard(owner, "queued", 0, 7, None)
    first = claim_of(owner)
    with store.write() as db:
        reservation = quotas.reserve(db, owner.workspace_id, TOTAL, 30)
        leases.save_grant(db, first._replace(granted=reservation.granted, granted_at=reservation.reserved_at))
        db.execute(update(shard_rows).values(state="queued", token=None))
    assert (claim_of(owner).granted, use(owner, TOTAL)) == (30, {"total": 30})
