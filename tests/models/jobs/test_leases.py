"""A shard belongs to one worker at a time, and comes back when that worker fails."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from models import store
from models.accounts.keys import Owner
from models.errors import LostLease
from models.jobs import dispatch, jobs, leases, shards
from models.jobs.jobs import Results
from models.jobs.leases import Claim
from models.states import ShardKind, ShardState
from models.tables import shards as shard_rows
from tests.models.jobs.making import claim, expire, finish, make_job, read, shard_states, shard_values, try_claim
from tests.owners import new_owner


def test_eight_claimers_never_get_the_same_shard(owner: Owner) -> None:
    total = 64
    make_job(owner, total)
    with ThreadPoolExecutor(8) as threads:
        claimed = [key for keys in threads.map(lambda _: list(claim_all()), range(8)) for key in keys]
    assert Counter(claimed).most_common(1)[0][1] == 1
    assert len(claimed) == total


@pytest.mark.slow
def test_claiming_sending_and_recording_at_once_never_deadlock(owner: Owner) -> None:
    job = make_job(owner, 96)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: finish_all(job.id), range(8)))
    assert read(job.id).created == 96


def test_two_workspaces_are_served_in_turn(owner: Owner) -> None:
    first, second = make_job(owner, 20), make_job(new_owner("other"), 20)
    order = [job for job, _ in claim_all()]
    assert order.count(first.id) == order.count(second.id) == 20
    assert order[:20].count(second.id) == 10


def test_the_hinted_shard_is_claimed_where_it_is_free(owner: Owner) -> None:
    job = make_job(owner, 2)
    for expected in (1, 0):
        with store.write() as db:
            claimed = leases.claim(db, ShardKind.CREATE, "bulk", (job.id, 1))
        assert claimed
        assert claimed.first_index == expected


def test_a_hint_stands_for_the_later_shards_of_its_job_too(owner: Owner) -> None:
    make_job(owner, 2)
    second = make_job(owner, 3)
    claimed = []
    for _ in range(3):
        with store.write() as db:
            claimed.append(leases.claim(db, ShardKind.CREATE, "bulk", (second.id, 1)))
    assert [(claim.job_id == second.id, claim.first_index) for claim in claimed if claim] == [
        (True, 1),
        (True, 2),
        (False, 0),
    ]


def test_a_hint_does_not_put_a_workspace_before_its_turn(owner: Owner) -> None:
    first, second = make_job(owner, 3), make_job(new_owner("other"), 1)
    claim()
    with store.write() as db:
        claimed = leases.claim(db, ShardKind.CREATE, "bulk", (first.id, 1))
    assert claimed
    assert claimed.job_id == second.id


def test_a_workspace_whose_shards_all_wait_holds_no_other_up(owner: Owner) -> None:
    waiting, other = make_job(owner, 2), make_job(new_owner("other"), 2)
    assert claim().job_id == waiting.id
    with store.write() as db:
        db.execute(update(shard_rows).where(shard_rows.c.job_id == waiting.id).values(after_index=1))
    assert [claim().job_id, claim().job_id] == [other.id] * 2
    assert try_claim() is None


def test_workers_claim_what_is_theirs_only(owner: Owner) -> None:
    make_job(owner, 1)
    assert try_claim(ShardKind.UNDO) is None
    assert try_claim(queue="interactive") is None
    assert try_claim()
    assert try_claim() is None


def test_a_worker_without_the_token_finishes_nothing(owner: Owner) -> None:
    make_job(owner, 1)
    old = claim()
    expire(old)
    free(old)
    new = claim()
    for use_lease in (leases.finish, leases.extend, leases.save_grant):
        with pytest.raises(LostLease), store.write() as db:
            use_lease(db, old)
    finish(new)


def test_a_finished_shard_is_finished_once(owner: Owner) -> None:
    job = make_job(owner, 1)
    claimed = claim()
    finish(claimed)
    assert shard_states(job) == [ShardState.DONE]
    with pytest.raises(LostLease):
        finish(claimed)


def test_leases_double_with_each_attempt(owner: Owner) -> None:
    job = make_job(owner, 1)
    durations = []
    for _ in range(leases.MAX_ATTEMPTS):
        with store.write() as db:
            dispatch.mark_due(db, job.id, 4)
        claimed = claim()
        with store.read() as db:
            row = db.execute(select(shard_rows)).one()
        durations.append(row.leased_until - row.sent_at)
        free(claimed)
    assert [round(seconds / leases.LEASE_SECONDS) for seconds in durations] == [1, 2, 4]


def test_a_lease_of_a_clock_that_was_put_back_has_expired(owner: Owner) -> None:
    make_job(owner, 1)
    claimed = claim()
    for attempts in range(2):
        lasts = leases.LEASE_SECONDS * 2**attempts
        assert not expired_after(claimed, lasts - 1)
        assert expired_after(claimed, lasts + 3600)
        expire(claimed)
        with store.write() as db:
            leases.fail(db, claimed)
        claimed = claim()


def expired_after(claimed: Claim, seconds: float) -> bool:
    """Whether a lease has expired that ends in so many seconds."""
    until = store.dialect().clock() + seconds
    with store.write() as db:
        db.execute(update(shard_rows).where(leases.HAS_TOKEN).values(leased_until=until), leases.token_of(claimed))
        return bool(leases.expired(db))


def test_a_lease_ends_with_its_owner(owner: Owner) -> None:
    make_job(owner, 1)
    claimed = claim()
    with store.write() as db:
        assert leases.expired(db) == []
        db.execute(update(shard_rows).values(owner="1 0"))
        assert [lease.claim for lease in leases.expired(db)] == [claimed]


def test_an_extended_lease_does_not_expire(owner: Owner) -> None:
    make_job(owner, 1)
    claimed = claim()
    expire(claimed)
    with store.write() as db:
        assert [lease.claim for lease in leases.expired(db)] == [claimed]
        leases.extend(db, claimed)
        assert leases.expired(db) == []


def test_an_expired_lease_names_its_owner(owner: Owner) -> None:
    make_job(owner, 1)
    claimed = claim()
    expire(claimed)
    with store.read() as db:
        (lease,) = leases.expired(db)
    assert lease.claim == claimed
    assert lease.owner.partition(" ")[0].isdigit()


def test_a_failed_attempt_counts_and_a_shard_given_back_does_not(owner: Owner) -> None:
    job = make_job(owner, 1)
    with store.write() as db:
        leases.give_back(db, first := _claim(db))
    assert shard_states(job) == [ShardState.QUEUED]
    second = claim()
    free(second)
    assert [first.attempts, second.attempts, claim().attempts] == [1, 1, 2]


def test_a_shard_that_is_handed_over_waits_in_the_other_queue(owner: Owner) -> None:
    make_job(owner, 1)
    with store.write() as db:
        leases.hand_over(db, _claim(db), "interactive")
    assert try_claim() is None
    assert claim(queue="interactive").attempts == 1


def test_a_shard_that_fails_three_times_is_halved(owner: Owner) -> None:
    job = make_job(owner, 5, shard_size=5)
    for _ in range(leases.MAX_ATTEMPTS):
        assert free(claim())
    with store.read() as db:
        halves = shards.ranges(db, job.id)
    assert [(half.first_index, half.skip, half.rows) for half in halves] == [(0, 0, 2), (2, 2, 3)]
    assert len({(half.line, half.offset, half.length) for half in halves}) == 1, "both read the same bytes"
    first = claim()
    assert try_claim() is None, "the second half may want what the first one takes"
    finish(first)
    assert [first.attempts, claim().attempts] == [leases.MAX_ATTEMPTS] * 2, "each half has one attempt"


def test_a_shard_whose_workers_waited_for_the_database_is_never_halved(owner: Owner) -> None:
    job = make_job(owner, 5, shard_size=5)
    for delays in range(leases.MAX_ATTEMPTS + 3):
        claimed = claim()
        assert claimed.attempts == 1
        passed = leases.LEASE_SECONDS * 2**delays - lease_seconds()
        assert 0 <= passed < leases.LEASE_SECONDS / 2, "each lease is twice as long, so any statement ends at last"
        with store.write() as db:
            leases.free_delayed(db, claimed)
    assert shard_states(job) == [ShardState.QUEUED]


def lease_seconds() -> float:
    """How long the only lease lasts from now on."""
    with store.read() as db:
        return float(db.execute(select(shard_rows.c.leased_until - store.dialect().clock())).scalar_one())


def test_a_single_item_gets_one_more_attempt_after_the_third(owner: Owner) -> None:
    job = make_job(owner, 1)
    for _ in range(leases.MAX_ATTEMPTS + 1):
        assert free(claim())
    assert shard_states(job) == [ShardState.QUEUED]


@pytest.mark.parametrize(("kind", "rows"), [(ShardKind.SPLIT, 0), (ShardKind.UNDO, 1)])
def test_what_cannot_be_halved_is_given_up(owner: Owner, kind: ShardKind, rows: int) -> None:
    job = make_job(owner, 0)
    with store.write() as db:
        shards.add(db, [shard_values(job._asdict(), shards.SPLIT_INDEX, rows, kind=kind)])
    assert [free(claim(kind)) for _ in range(leases.MAX_ATTEMPTS)] == [True, True, False]


def test_a_grant_is_there_for_the_next_worker(owner: Owner) -> None:
    make_job(owner, 1)
    claimed = claim()._replace(granted=3, granted_at=5.0)
    with store.write() as db:
        leases.save_grant(db, claimed)
    free(claimed)
    again = claim()
    assert (again.granted, again.granted_at) == (3, 5.0)


def claim_all() -> Iterator[tuple[int, int]]:
    while claimed := try_claim():
        yield claimed.job_id, claimed.first_index


def finish_all(job_id: int) -> None:
    while claimed := try_claim():
        with store.write() as db:
            leases.finish(db, claimed)
            jobs.conclude(db, job_id, claimed.run, Results(created=1, failures={"SLUG_TAKEN": 1, "INVALID_URL": 1}))
            jobs.finish(db, job_id, claimed.run)
            dispatch.mark_due(db, job_id, 8)


def free(claimed: leases.Claim) -> bool:
    """Report a failed attempt."""
    with store.write() as db:
        return leases.fail(db, claimed)


def _claim(db: store.Connection) -> leases.Claim:
    claimed = leases.claim(db, ShardKind.CREATE, "bulk", (0, 0))
    assert claimed
    return claimed
