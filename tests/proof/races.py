"""The race detector: clients, workers and chores act on one job at the same moment, on connections of their own."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from models.accounts.keys import Owner
from models.errors import LinkmillError
from models.jobs.jobs import Job
from models.states import ShardKind
from producer import accept
from producer.job_options import JobAction
from producer.signals import wakeups
from tests.fixtures.fake_redis import FakeRedis
from tests.proof import mill
from tests.proof.files import File, make_changes, make_file
from tests.proof.mill import ACTIONS, Mill
from workers import sweep
from workers.chores import clearing
from workers.shards import attempts

THREADS = 8
ROUNDS_A_DATABASE = 25
"""After so many rounds everything is cleared and the next ones begin with an empty database."""
FORMATS = ("ndjson", "csv")
HOOK = "https://hooks.example/"


def run_rounds(owner: Owner, fake: FakeRedis, rounds: int, seed: int = 0) -> Counter[str]:
    """Let everybody act on one job after another; return how often each action was done or refused."""
    counts: Counter[str] = Counter()
    choose = random.Random(seed)
    with mill.prepared(), ThreadPoolExecutor(THREADS) as threads:
        for first in range(0, rounds, ROUNDS_A_DATABASE):
            with pytest.MonkeyPatch.context() as patch:
                one = Mill(owner, fake, choose.choice([0, 0, 20]), patch)
                for _ in range(min(ROUNDS_A_DATABASE, rounds - first)):
                    counts += run_round(one, threads, choose)
                one.clear_everything()
    return counts


def run_round(one: Mill, threads: ThreadPoolExecutor, choose: random.Random) -> Counter[str]:
    """Bring a job to some stage, let several act on it at once, and check what it came to."""
    job = bring_to_a_stage(one, choose)
    calls = choose_calls(job, choose)
    if any(name == "forget" for name, _ in calls):
        one.promises.forgotten.add(job.id)
    start = Barrier(len(calls))
    results = list(threads.map(partial(call_at_once, start), calls))
    one.promises.check_now()
    one.work_to_the_end()
    return Counter(results)


def bring_to_a_stage(one: Mill, choose: random.Random) -> Job:
    file = choose_file(choose)
    one.promises.files[str(file.number)] = file
    job_id = accept.accept(file.upload, one.owner, lambda: file.options)
    one.promises.accepted.add(job_id)
    for action in choose.choice(STAGES):
        job = read(job_id)
        if action == "work":
            attempts.work_on_next(ShardKind(job.kind), job.queue, (job_id, 0))
        else:
            call_quietly(partial(ACTIONS[action], job))
    return read(job_id)


STAGES = (
    (),
    ("work",),
    ("work",) * 4,
    ("work", "cancel"),
    ("work", "cancel", "work"),
    ("work", "cancel", "retry"),
    (*("work",) * 4, "retry", "work"),
    (*("work",) * 4, "undo"),
)
"""What has happened to a job before the race begins."""


def choose_file(choose: random.Random) -> File:
    picks = [choose.randrange(100) for _ in range(choose.randrange(3, 8))]
    options = {
        "webhook_url": choose.choice([None, HOOK]),
    }
    action = choose.choice(ACTIONS_OF_FILES)
    if action != JobAction.CREATE:
        return make_changes(picks, choose.choice(FORMATS), options | {"action": action}, None)
    options["duplicates"] = choose.choice(["create", "reuse"])
    return make_file(picks, choose.choice(FORMATS), options, None, is_private=choose.random() < 0.7)


ACTIONS_OF_FILES = (JobAction.CREATE, JobAction.CREATE, JobAction.UPDATE, JobAction.DELETE)


def choose_calls(job: Job, choose: random.Random) -> list[tuple[str, Callable[[], Any]]]:
    """Every action, two workers of each kind or other chores, in a random order: as many as there are threads."""
    clients: list[tuple[str, Callable[[], Any]]] = [(name, partial(act, job)) for name, act in ACTIONS.items()]
    again = choose.choice(clients)
    others = choose.sample(workers(job), THREADS - len(clients) - 1)
    calls = [*clients, again, *others]
    choose.shuffle(calls)
    return calls


def workers(job: Job) -> list[tuple[str, Callable[[], Any]]]:
    own = partial(attempts.work_on_next, ShardKind(job.kind), job.queue, (job.id, 0))
    undo = partial(attempts.work_on_next, ShardKind.UNDO, wakeups.BULK, (0, 0))
    return [(job.kind, own), (job.kind, own), ("undo", undo), ("sweep", sweep.sweep), ("clear", clearing.clear)]


def call_at_once(start: Barrier, call: tuple[str, Callable[[], Any]]) -> str:
    name, act = call
    start.wait()
    return f"{name} {call_quietly(act)}"


def call_quietly(act: Callable[[], Any]) -> str:
    """Refusals are what a race is for; any other error is a bug."""
    try:
        act()
    except LinkmillError as error:
        return f"refused: {error.code}"
    return "done"


def read(job_id: int) -> Job:
    job = mill.read_job(job_id)
    assert job
    return job
