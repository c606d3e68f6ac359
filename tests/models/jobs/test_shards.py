"""The shards of a job's first run hold all of its items, whatever later runs do."""

from models import store
from models.accounts.keys import Owner
from models.jobs import shards
from models.jobs.shards import Grant
from models.states import ShardKind, ShardState
from tests.models.jobs.making import claim, finish, make_job, shard_states, shard_values


def test_ranges_come_in_input_order(owner: Owner) -> None:
    job = make_job(owner, 5, shard_size=2)
    with store.read() as db:
        ranges = shards.ranges(db, job.id)
        assert shards.ranges(db, job.id, 1) == ranges[:1]
    assert [(shard.first_index, shard.rows, shard.line) for shard in ranges] == [(0, 2, 2), (2, 2, 4), (4, 1, 6)]


def test_ranges_leave_the_split_and_later_runs_out(owner: Owner) -> None:
    job = make_job(owner, 2)
    with store.write() as db:
        shards.add(db, [shard_values(job._asdict(), shards.SPLIT_INDEX, 0, kind=ShardKind.SPLIT)])
        shards.add(db, [shard_values(job._asdict(), 0, 1, run=2)])
        assert [shard.first_index for shard in shards.ranges(db, job.id)] == [0, 1]


def test_a_split_that_starts_again_keeps_the_shards_that_are_there(owner: Owner) -> None:
    job = make_job(owner, 1)
    finish(claim())
    with store.write() as db:
        shards.add(db, [shard_values(job._asdict(), first, 1) for first in range(2)])
    assert shard_states(job) == [ShardState.DONE, ShardState.QUEUED]


def test_unfinished_ranges_begin_with_the_one_that_holds_an_item(owner: Owner) -> None:
    job = make_job(owner, 6, shard_size=2)
    finish(claim())
    with store.read() as db:
        assert [shard.first_index for shard in shards.unfinished_ranges(db, job.id, 1, 0)] == [2, 4]
        assert [shard.first_index for shard in shards.unfinished_ranges(db, job.id, 1, 3)] == [2, 4]
        assert [shard.first_index for shard in shards.unfinished_ranges(db, job.id, 1, 4)] == [4]
        assert shards.unfinished_ranges(db, job.id, 2, 0) == []


def test_what_is_queued_is_discarded_with_its_grants_and_what_runs_goes_on(owner: Owner) -> None:
    job = make_job(owner, 1)
    claim()
    with store.write() as db:
        shards.add(db, [shard_values(job._asdict(), 1, 1, granted=7, granted_at=5.0)])
        assert shards.discard_queued(db, job.id) == [Grant(owner.workspace_id, 7, 5.0)]
    assert shard_states(job) == [ShardState.RUNNING, ShardState.DONE]
