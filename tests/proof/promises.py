"""The promises of docs/reliability.md, checked on what the tables hold before and after a step."""

from collections import Counter, defaultdict

from models.states import ACTIVE_STATES, ACTIVE_STATUSES, UPLOAD_KINDS, JobKind, JobStatus
from tests.outcomes import outcomes
from tests.proof.files import File, Loop
from tests.proof.history import History
from tests.proof.state import ItemRow, JobRow, LinkKey, State, read_state

TRANSITIONS = {
    JobStatus.QUEUED: {JobStatus.RUNNING, JobStatus.COMPLETED, JobStatus.CANCELLED, JobStatus.FAILED},
    JobStatus.RUNNING: {JobStatus.COMPLETED, JobStatus.CANCELLED, JobStatus.FAILED},
    JobStatus.COMPLETED: {JobStatus.QUEUED},
    JobStatus.CANCELLED: {JobStatus.QUEUED},
    JobStatus.FAILED: set(),
}
"""As models/states.py describes them. A job without rows, or one whose last shard is skipped, never runs."""
INTERNAL = "INTERNAL"


class Promises:
    """Checks each step, and remembers what somebody was told."""

    def __init__(self, room: int) -> None:
        self.room = room
        """How many links the plan allows; 0 for no limit."""
        self.sees_every_step = False
        """No run begins and ends between two checks."""
        self.files: dict[str, File] = {}
        """What was sent, by the name of its jobs."""
        self.accepted: set[int] = set()
        """Jobs whose id somebody was told."""
        self.forgotten: set[int] = set()
        self.ended: set[tuple[int, int]] = set()
        """Jobs and runs that have ended."""
        self.received: dict[tuple[int, int], set[str]] = {}
        """The webhook ids that the receiver saw, by job and run."""
        self.undone: set[int | None] = set()
        """Jobs whose links another job deletes, or has deleted."""
        self.jobs_by_name: dict[str | None, set[int]] = defaultdict(set)
        """Every job that there ever was, by the name of its file."""
        self.loops: dict[int, Loop] = {}
        self.settled: dict[int, set[int]] = {}
        """The rows of a job that have their result from earlier runs."""
        self.history = History()
        self.state = read_state()

    def check(self) -> None:
        """Check a step that took one transaction at most."""
        self.sees_every_step = True
        before = self.state
        self.check_now()
        for job_id, job in self.state.jobs.items():
            if job_id in before.jobs:
                check_change(before.jobs[job_id], job)
                check_kept_items(before.items[job_id], self.state.items[job_id], before.jobs[job_id], job)
        self.history.check(self.state)
        self.compare_ended_runs(before)

    def check_round(self) -> None:
        """Check many steps of which none began another run."""
        before = self.state
        self.check_now()
        if self.sees_every_step:
            self.history.check(self.state)
            self.compare_ended_runs(before)

    def check_now(self) -> None:
        """Check what the tables hold, whatever happened since."""
        self.state = read_state()
        state = self.state
        for job in state.jobs.values():
            self.remember(job)
        self.history.remember(state)
        for job in state.jobs.values():
            check_items(state, job)
            check_links(state, job, self.history.ever_deleted, may_be_undone=self.may_be_undone(job))
            check_shards(state, job)
        self.check_webhooks()
        self.check_quota()
        self.check_accepted()
        self.check_keys()

    def remember(self, job: JobRow) -> None:
        self.undone.add(job.of_job_id)
        self.jobs_by_name[job.name].add(job.id)
        self.ended.update((job.id, run) for run in range(1, job.run))
        if job.status not in ACTIVE_STATUSES:
            self.ended.add((job.id, job.run))

    def may_be_undone(self, job: JobRow) -> bool:
        """Whether links of a job may be gone. Without a look at every step, some may have been deleted unseen."""
        return job.id in self.undone or not self.sees_every_step

    def check_webhooks(self) -> None:
        """One webhook a job and run, under one id."""
        planned = Counter((row.job_id, row.run, row.endpoint_id) for row in self.state.deliveries)
        assert all(times == 1 for times in planned.values()), planned
        runs = {(job_id, run) for job_id, run, _ in planned}
        assert runs <= self.ended, "a webhook for a run that has not ended"
        for job_id, run in self.ended:
            job = self.state.jobs.get(job_id)
            if job and not job.clearing and not job.cleared and self.has_webhook(job):
                assert (job_id, run) in runs, f"no webhook for run {run} of job {job_id}"
        assert all(len(ids) == 1 for ids in self.received.values()), self.received

    def check_quota(self) -> None:
        """What counts against the plan are the links that exist and those that are set aside for open shards."""
        state = self.state
        if not self.room or state.quota_used is None:
            return
        granted = sum(shard.granted for shard in state.shards if shard.state in ACTIVE_STATES)
        existing = sum(map(len, state.links.values()))
        assert state.quota_used == existing + granted
        assert existing <= self.room

    def check_accepted(self) -> None:
        """What somebody was told stays true."""
        assert self.accepted - self.forgotten <= self.state.jobs.keys(), "a job that was accepted is lost"

    def check_keys(self) -> None:
        """The same key stands for the same job until that is forgotten."""
        keys: Counter[str] = Counter()
        for job in self.state.jobs.values():
            file = self.file_of(job)
            if job.kind in UPLOAD_KINDS and file.key and not job.forgotten:
                keys[file.key] += 1
        assert all(times == 1 for times in keys.values()), keys

    def compare_ended_runs(self, before: State) -> None:
        """The same file ends with the same results: those of the loop over its rows."""
        for job_id, job in self.state.jobs.items():
            earlier = before.jobs.get(job_id)
            has_ended = job.status in (JobStatus.COMPLETED, JobStatus.CANCELLED)
            was_open = earlier is None or earlier.status in ACTIVE_STATUSES
            if has_ended and was_open and self.is_comparable(job):
                self.compare(job)

    def is_comparable(self, job: JobRow) -> bool:
        """Whether the results follow from the file alone: no other job has its keys, and no link of it was deleted."""
        if job.kind != JobKind.CREATE or not self.file_of(job).is_private or self.room:
            return False
        return len(self.jobs_by_name[job.name]) == 1

    def compare(self, job: JobRow) -> None:
        loop = self.loops.setdefault(job.id, Loop(self.file_of(job)))
        settled = self.settled.setdefault(job.id, set())
        results = outcomes(job.id)
        new = {
            index: outcome
            for index, outcome in results.items()
            if index not in settled and outcome != ("failed", INTERNAL)
        }
        assert new == loop.go_over(list(new)), f"job {job.id} differs from the loop over its rows"
        settled.update(index for index, (status, _) in new.items() if status != "failed")

    def file_of(self, job: JobRow) -> File:
        assert job.name
        return self.files[job.name]

    def has_webhook(self, job: JobRow) -> bool:
        return job.kind in UPLOAD_KINDS and bool(self.file_of(job).options.webhook_url)

    def check_all_ended(self) -> None:
        """Nothing is stuck, and each row of a complete job has its result."""
        for job in self.state.jobs.values():
            assert job.status not in ACTIVE_STATUSES, f"job {job.id} is stuck: {job}"
            if job.status == JobStatus.COMPLETED and job.kind in UPLOAD_KINDS:
                assert job.total == len(self.file_of(job).rows)
        waiting = [row for row in self.state.deliveries if row.status == "pending"]
        assert not waiting, "a webhook is never sent"


def check_change(before: JobRow, now: JobRow) -> None:
    """A job changes its status only as models/states.py says, and opens runs one by one."""
    if now.status != before.status:
        assert now.status in TRANSITIONS[JobStatus(before.status)], f"{before.status} became {now.status}"
    opens_run = before.status not in ACTIVE_STATUSES and now.status in ACTIVE_STATUSES
    assert now.run == before.run + opens_run
    assert now.forgotten >= before.forgotten
    if before.total is not None:
        assert now.total == before.total


def check_kept_items(before: dict[int, ItemRow], now: dict[int, ItemRow], earlier: JobRow, job: JobRow) -> None:
    """A result never changes. It goes when its job is cleared, or when it failed and a retry begins."""
    for index, item in before.items():
        if index in now:
            assert now[index] == item, f"{item} became {now[index]}"
        else:
            is_retried = item.status == "failed" and job.run > earlier.run
            assert is_retried or job.clearing, f"{item} is lost"


def check_items(state: State, job: JobRow) -> None:
    """The counts of a job are those of its items, and a complete job has a result for each row."""
    items = state.items[job.id]
    if job.clearing or job.cleared:
        return
    found = Counter(item.status for item in items.values())
    assert dict(found) == {status: count for status, count in job.counts.items() if count}, job
    assert state.errors.get(job.id, 0) == job.failed
    if job.total is not None:
        assert len(items) <= job.total
    if job.status == JobStatus.COMPLETED:
        assert len(items) == job.total, f"a row of {job} has no result"
        if job.kind in UPLOAD_KINDS:
            assert items.keys() == set(range(job.total))


def check_links(state: State, job: JobRow, ever_deleted: set[LinkKey], may_be_undone: bool) -> None:
    """Each row has at most one link, and each link one row. Other jobs may have deleted some."""
    links = state.links[job.id]
    if job.dry_run or job.kind != JobKind.CREATE:
        assert not links
        return
    if job.clearing or job.cleared:
        return
    items = [(item.slug, item.generation) for item in state.items[job.id].values() if item.status == "created"]
    assert len(items) == len(set(items))
    assert set(links) <= set(items), "a link without an item"
    assert may_be_undone or set(items) <= ever_deleted.union(links), "an item without its link"


def check_shards(state: State, job: JobRow) -> None:
    """The shards of the first run hold each row once."""
    ranges = [
        (shard.first_index, shard.rows)
        for shard in state.shards
        if shard.job_id == job.id and shard.run == 1 and shard.kind == job.kind
    ]
    if job.clearing or job.cleared or job.kind not in UPLOAD_KINDS:
        return
    end = 0
    for first, rows in sorted(ranges):
        assert first == end, f"shards overlap or leave a gap at {first}"
        end += rows
    if job.total is not None:
        assert end == job.total
