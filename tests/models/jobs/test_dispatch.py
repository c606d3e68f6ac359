"""Workers are woken for shards: a bounded number of wake-ups a job, and again for those that were lost."""

from sqlalchemy import update

from models import store
from models.accounts.keys import Owner
from models.jobs import dispatch
from models.tables import shards as shard_rows
from tests.models.jobs.making import QUEUE, claim, finish, make_job
from tests.owners import new_owner

ROOM = 6
OLDER = update(shard_rows).where(shard_rows.c.sent_at.is_not(None)).values(sent_at=shard_rows.c.sent_at - 5.0)


def test_only_so_many_wake_ups_are_under_way_for_a_job(owner: Owner) -> None:
    job = make_job(owner, 50)
    with store.write() as db:
        assert {shard.first_index for shard in dispatch.mark_due(db, job.id, ROOM)} == set(range(ROOM))
        assert dispatch.mark_due(db, job.id, ROOM) == []


def test_a_claimed_shard_makes_room_for_the_next(owner: Owner) -> None:
    job = make_job(owner, 50)
    with store.write() as db:
        dispatch.mark_due(db, job.id, ROOM)
    claim()
    with store.write() as db:
        assert [shard.first_index for shard in dispatch.mark_due(db, job.id, ROOM)] == [ROOM]


def test_a_job_waits_until_its_shards_are_sent(owner: Owner) -> None:
    job = make_job(owner, 1)
    with store.write() as db:
        assert dispatch.jobs_to_wake(db, QUEUE, 10) == [job.id]
        dispatch.mark_due(db, job.id, ROOM)
        assert dispatch.jobs_to_wake(db, QUEUE, 10) == []


def test_nothing_is_sent_for_shards_that_are_done(owner: Owner) -> None:
    job = make_job(owner, 1)
    finish(claim())
    with store.write() as db:
        assert dispatch.jobs_to_wake(db, QUEUE, 10) == []
        assert dispatch.mark_due(db, job.id, ROOM) == []


def test_a_wake_up_without_effect_is_repeated_at_growing_intervals(owner: Owner) -> None:
    job = make_job(owner, 1)
    for sends in range(dispatch.MAX_DOUBLINGS + 2):
        with store.write() as db:
            assert len(dispatch.mark_due(db, job.id, ROOM)) == 1
        interval = dispatch.RESEND_SECONDS * 2 ** min(sends, dispatch.MAX_DOUBLINGS - 1)
        age(interval - 1)
        with store.write() as db:
            assert dispatch.jobs_to_wake(db, QUEUE, 10) == []
            assert dispatch.mark_due(db, job.id, ROOM) == []
        age(2)
        with store.write() as db:
            assert dispatch.jobs_to_wake(db, QUEUE, 10) == [job.id]


def test_those_who_wait_longest_are_woken_for_first_and_not_all_at_once(owner: Owner) -> None:
    first, second, third = make_job(owner, 2), make_job(owner, 1), make_job(owner, 1)
    with store.write() as db:
        for job in (second, first, third):
            dispatch.mark_due(db, job.id, ROOM)
            db.execute(OLDER)
        assert dispatch.jobs_to_wake(db, QUEUE, 2) == [second.id, first.id]
        assert dispatch.jobs_to_wake(db, "interactive", 2) == []
        assert dispatch.count_queued(db, QUEUE) == 4


def test_a_job_with_one_wake_up_under_way_needs_no_other(owner: Owner) -> None:
    job = make_job(owner, 2)
    with store.write() as db:
        dispatch.mark_due(db, job.id, 1)
        assert dispatch.jobs_to_wake(db, QUEUE, 10) == []


def test_wake_ups_that_the_broker_lost_are_sent_again(owner: Owner) -> None:
    job = make_job(owner, 50)
    with store.write() as db:
        dispatch.mark_due(db, job.id, ROOM)
        db.execute(update(shard_rows).where(shard_rows.c.sent_at.is_not(None)).values(sends=dispatch.MAX_DOUBLINGS))
        assert dispatch.reset_lost(db, QUEUE) == 0, "they may be on their way"
    age(dispatch.RESEND_SECONDS + 1)
    with store.write() as db:
        assert dispatch.mark_due(db, job.id, ROOM) == []
        assert dispatch.reset_lost(db, "interactive") == 0
        assert dispatch.reset_lost(db, QUEUE) == ROOM
        assert len(dispatch.mark_due(db, job.id, ROOM)) == ROOM


def test_wake_ups_of_a_clock_that_was_put_back_are_not_under_way(owner: Owner) -> None:
    job = make_job(owner, 2)
    with store.write() as db:
        dispatch.mark_due(db, job.id, ROOM)
    age(-3600)
    with store.write() as db:
        assert dispatch.jobs_to_wake(db, QUEUE, 10) == [job.id]
        assert len(dispatch.mark_due(db, job.id, ROOM)) == 2
    age(-3600)
    with store.write() as db:
        assert dispatch.reset_lost(db, QUEUE) == 2


def test_a_backlog_is_what_a_workspace_has_queued(owner: Owner) -> None:
    make_job(owner, 2)
    make_job(new_owner("other"), 1)
    with store.read() as db:
        assert dispatch.has_backlog(db, owner.workspace_id, QUEUE, 2)
        assert not dispatch.has_backlog(db, owner.workspace_id, QUEUE, 3)
        assert not dispatch.has_backlog(db, owner.workspace_id, "interactive", 1)
    claim()
    claim()
    with store.read() as db:
        assert not dispatch.has_backlog(db, owner.workspace_id, QUEUE, 2)


def age(seconds: float) -> None:
    """Let all wake-ups be older by so many seconds."""
    older = update(shard_rows).where(shard_rows.c.sent_at.is_not(None))
    with store.write() as db:
        db.execute(older.values(sent_at=shard_rows.c.sent_at - seconds))
