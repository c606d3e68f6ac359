"""A whole system in this process: clients, workers, a broker that can lose everything, and receivers of webhooks."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any

import pytest
import structlog
from sqlalchemy import text

from models import disk, store
from models.accounts import plans
from models.accounts.keys import Owner
from models.accounts.plans import Plan
from models.clicks import click_counts
from models.clicks.click_counts import ClickCount
from models.jobs import jobs
from models.jobs.idempotency import IdempotencyKey
from models.jobs.jobs import Job
from models.states import ShardKind
from models.store import sqlite, sqlite_turns
from producer import accept, control, idempotency, outside
from producer.outside import Answer
from producer.signals import wakeups
from tests.fixtures.fake_redis import FakeRedis
from tests.proof import processes
from tests.proof.files import File
from tests.proof.processes import Process
from tests.proof.promises import Promises
from workers import sweep
from workers.chores import clearing, clicks, deliver, search
from workers.shards import attempts, failed_attempts, split

SHARD_ROWS = 2
LARGEST_CUT_AT_ONCE = 500  # bytes: some files are cut by a worker, others not
DAY = date(2026, 1, 1)  # of all clicks
LONG = 10_000.0  # seconds: every lease has run out, and every wake-up is sent again
MOST_ROUNDS = 40
ACTIONS: dict[str, Callable[[Job], Any]] = {
    "cancel": control.cancel,
    "retry": control.retry,
    "undo": control.undo,
    "forget": control.forget,
}
"""What clients do to a job."""
TABLES = (
    "links", "deleted_links", "urls", "uses", "clicks", "click_batches", "link_tags", "untitled", "items", "shards",
    "job_errors", "jobs", "deliveries", "delivery_attempts", "quotas", "idempotency_keys", "search_blocks", "unindexed",
)  # fmt: skip
SILENT = "critical"
"""The level of logs: failures are what these tests are about, and nothing is critical."""


@contextmanager
def prepared() -> Iterator[processes.Commits]:
    """Small shards, no pauses, and processes that stop before each transaction."""
    log_settings = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(SILENT))
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("postgresql.PostgreSQL", "sqlite.SQLite"):
            patch.setattr(f"models.store.{kind}.shard_rows", SHARD_ROWS)
        patch.setattr(accept, "CUT_AT_ONCE_BYTES", LARGEST_CUT_AT_ONCE)
        patch.setattr(split, "SHARDS_A_COMMIT", 2)
        patch.setattr(clicks, "BUFFERED_SECONDS", 0.0)
        patch.setattr(failed_attempts, "PAUSES", (0.0, 0.0, 0.0))
        patch.setattr(store, "pause_bulk_writer", lambda: None)
        patch.setattr(sqlite_turns, "QUIET_SECONDS", 0.0)
        patch.setattr(outside, "check", lambda url, name: None)
        patch.setattr(disk, "sync_file", lambda out: None)  # nobody cuts the power here
        patch.setitem(sqlite.SYNCHRONOUS, True, "OFF")
        yield processes.install(patch)
    structlog.configure(**log_settings)


class Mill:
    """What runs at the moment, and what happens to it."""

    def __init__(self, owner: Owner, fake: FakeRedis, room: int, patch: pytest.MonkeyPatch) -> None:
        self.owner = owner
        self.fake = fake
        self.running: list[Process] = []
        self.answer_status = 200
        """What the receiver of webhooks answers."""
        self.is_dark = False
        """The broker is away."""
        start_empty()
        self.flush()
        self.promises = Promises(room)
        patch.setattr(plans, "of", lambda name: Plan(name, total_links=room))
        patch.setattr(wakeups, "send_task", self.send_task)
        patch.setattr(outside, "call", self.receive)

    def send_task(self, task: str, queue: str, expires: float | None = None, **arguments: Any) -> bool:
        if self.is_dark:
            return False
        self.fake.client.rpush(queue, json.dumps([task, arguments]))
        return True

    def receive(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Receive a webhook."""
        event = json.loads(body)
        job = event["data"]
        ids = self.promises.received.setdefault((int(job["id"]), job["run"]), set())
        ids.add(headers["webhook-id"])
        assert event["type"] == f"job.{job['status']}"
        return Answer(self.answer_status, {}, b"", 0.0)

    # What clients do

    def submit(self, file: File) -> Process:
        self.promises.files[str(file.number)] = file
        return self.start("client", partial(self._accept, file), self.promises.accepted.add)

    def _accept(self, file: File) -> int:
        hold = None
        if file.key:
            hold = idempotency.hold(IdempotencyKey(self.owner.workspace_id, "/api/jobs", file.key))
        try:
            return accept.accept(file.upload, self.owner, lambda: file.options, hold)
        except Exception:
            if hold:
                idempotency.release(hold, refused=False)
            raise

    def act(self, action: str, job: Job) -> Process:
        """Let a client act on a job as they have just read it."""
        if action == "forget":
            self.promises.forgotten.add(job.id)
        return self.start(action, partial(ACTIONS[action], job))

    def click(self, job_id: int) -> None:
        """Click the first link that a job created."""
        with store.write() as db:
            link = db.execute(FIRST_LINK, {"job": job_id}).first()
            if link:
                key = (link.domain_id, link.slug, link.generation)
                click_counts.add(db, [ClickCount(*key, DAY, False, "", "", "", job_id, 1)])

    # What the system does

    def start(self, name: str, call: Callable[[], Any], report: Callable[[Any], object] | None = None) -> Process:
        process = Process(name, call, report)
        self.running.append(process)
        self.drop_ended()
        return process

    def take_message(self, queue: str, keep: bool) -> bool:
        """Let a worker take the next message of a queue; `keep`: it will come once more."""
        client = self.fake.client
        message: Any = None if self.is_dark else client.lpop(queue)
        if message is None:
            return False
        if keep:
            client.rpush(queue, message)
        task, arguments = json.loads(message)
        self.start(task, partial(self._work, task, queue, arguments))
        return True

    def _work(self, task: str, queue: str, arguments: dict[str, Any]) -> Any:
        if task in tuple(ShardKind):
            return attempts.work_on_next(ShardKind(task), queue, (int(arguments["job"]), arguments["shard"]))
        return CHORES[task]()

    def sweep(self) -> Process:
        return self.start("sweep", sweep.sweep)

    def drop_ended(self) -> None:
        self.running = [process for process in self.running if not process.has_ended]

    # What happens to it

    def flush(self) -> None:
        """Lose everything that Redis holds."""
        self.fake.server.connected = True
        self.fake.client.flushall()
        self.go_dark(self.is_dark)

    def go_dark(self, is_dark: bool) -> None:
        self.is_dark = is_dark
        self.fake.server.connected = not is_dark

    def pass_time(self, seconds: float) -> None:
        """Let time pass for everything that the tables measure it by, but for whole jobs."""
        with store.write() as db:
            for statement in TIME_PASSES:
                db.execute(statement, {"seconds": seconds})

    def pass_retention(self) -> None:
        """Let the retention of all jobs that have ended be over."""
        with store.write() as db:
            db.execute(LONG_AGO)

    def kill_all(self) -> None:
        self.drop_ended()
        for process in self.running:
            process.strike(processes.Killed)
        self.running = []

    # The end

    def work_to_the_end(self) -> None:
        """What every job comes to, when nothing more happens to the system."""
        self.go_dark(False)
        self.answer_status = 200
        for _ in range(MOST_ROUNDS):
            self.pass_time(LONG)
            self._run(sweep.sweep)
            while any(self._work_next(queue) for queue in wakeups.QUEUES):
                pass
            self.promises.check_round()
            if self._is_quiet():
                break
        self.promises.check_all_ended()

    def _work_next(self, queue: str) -> bool:
        message: Any = self.fake.client.lpop(queue)
        if message is None:
            return False
        task, arguments = json.loads(message)
        self._run(partial(self._work, task, queue, arguments))
        return True

    def _run(self, call: Callable[[], Any]) -> None:
        Process("last", call).run()

    def _is_quiet(self) -> bool:
        try:
            self.promises.check_all_ended()
        except AssertionError:
            return False
        return True

    def clear_everything(self) -> None:
        """The retention ends: only links stay, and lists of jobs that nobody has forgotten."""
        links = self.promises.state.links
        self.pass_retention()
        for _ in range(MOST_ROUNDS):
            clearing.clear()
            if not self._has_work_to_clear():
                break
        self.promises.check_now()
        state = self.promises.state
        assert not any(state.items.values())
        assert not state.shards
        assert not state.deliveries
        assert not state.deleted_links
        assert not any(job.forgotten or job.upload for job in state.jobs.values())
        assert state.links == links

    def _has_work_to_clear(self) -> bool:
        """On a busy machine, one task of clearing may end before its first step."""
        with store.read() as db:
            return clearing.has_work(db)


CHORES: dict[str, Callable[[], Any]] = {
    "deliver": deliver.deliver,
    "clear": clearing.clear,
    "clicks": clicks.write_next,
    "search": search.build,
}
FIRST_LINK = text("SELECT domain_id, slug, generation FROM links WHERE job_id = :job ORDER BY slug LIMIT 1")
TIME_PASSES = [
    text("UPDATE shards SET leased_until = leased_until - :seconds, sent_at = sent_at - :seconds"),
    text("UPDATE deliveries SET leased_until = leased_until - :seconds, next_at = next_at - :seconds"),
    text("UPDATE idempotency_keys SET leased_until = leased_until - :seconds WHERE job_id IS NULL"),
]
LONG_AGO = text("UPDATE jobs SET finished_at = '2020-01-01 00:00:00.000000' WHERE finished_at IS NOT NULL")


def start_empty() -> None:
    with store.write() as db:
        for table in TABLES:
            db.execute(text(f"DELETE FROM {table}"))


def read_job(job_id: int) -> Job | None:
    with store.read() as db:
        return jobs.get(db, job_id)
