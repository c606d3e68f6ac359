"""The state machine: any mix of what clients, workers and faults do, and the promises after every step."""

import sys
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from models.accounts.keys import Owner
from producer.intake.layouts import NDJSON
from producer.signals import wakeups
from tests.fixtures.fake_redis import FakeRedis
from tests.proof import mill
from tests.proof.files import CHANGE_FORMATS, FORMATS, ROWS, File, make_changes, make_file
from tests.proof.mill import Mill
from tests.proof.processes import Commits, DatabaseAway, Failure, Fault, Killed, Process

STEPS_A_STORY = 150
STORIES_A_SEED = 20
MOST_JOBS = 6
MOST_RUNNING = 6
QUEUES = (wakeups.INTERACTIVE, wakeups.BULK, wakeups.DELIVER)
FAULTS: tuple[Fault, ...] = (Killed, Failure, DatabaseAway)

PLACES = st.integers(0, 5)
"""Which of several: counted around."""
PAUSES = st.sampled_from([False, False, False, True])
"""Whether something else may happen between the transactions of a call."""
COMMON = {
    "dry_run": st.sampled_from([False, False, False, True]),
    "webhook_url": st.sampled_from([None, "https://hooks.example/"]),
}
OPTIONS = st.fixed_dictionaries({**COMMON, "duplicates": st.sampled_from(["create", "create", "reuse"])})
CHANGES = st.fixed_dictionaries({**COMMON, "action": st.sampled_from(["update", "update", "delete"])})


def run_stories(owner: Owner, fake: FakeRedis, steps: int, first_seed: int = 0, shrinks: bool = False) -> int:
    """Run stories until there were so many steps, and return how many. The same seed begins the same stories.

    `shrinks`: make a story that breaks a promise as short as possible, which may take minutes.
    """
    phases = (Phase.generate, Phase.shrink) if shrinks else (Phase.generate,)
    with mill.prepared() as commits:
        machine = new_machine(owner, fake, commits)
        for number in count(first_seed):
            if machine.steps >= steps:
                break
            with_seed = seed(number)(machine)
            run_state_machine_as_test(with_seed, settings=settings(SETTINGS, phases=phases))
    return int(machine.steps)


SETTINGS = settings(
    max_examples=STORIES_A_SEED,
    stateful_step_count=STEPS_A_STORY,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def new_machine(owner: Owner, fake: FakeRedis, commits: Commits) -> Any:
    """The machine over one database, which every story starts empty."""

    class Machine(Story):
        steps = 0

        def __init__(self) -> None:
            super().__init__(owner, fake, commits)

    return Machine


class Story(RuleBasedStateMachine):
    """One story, from an empty database to the end of every job.

    A rule that finds nothing to do lets some process go on. Rules are chosen equally often, so what should happen more
    often has two.
    """

    steps: int

    def __init__(self, owner: Owner, fake: FakeRedis, commits: Commits) -> None:
        super().__init__()
        self.owner = owner
        self.fake = fake
        self.commits = commits
        self.checked_commits = 0
        self.files: list[File] = []
        self.patch = pytest.MonkeyPatch()

    @initialize(room=st.sampled_from([0, 0, 0, 5, 9]), has_links=st.booleans())
    def begin(self, room: int, has_links: bool) -> None:
        """Begin with nothing, or with links that later files change."""
        self.mill = Mill(self.owner, self.fake, room, self.patch)
        if has_links:
            self.submit([*range(len(ROWS))], NDJSON, {}, None, is_private=False, pauses=False)
            while self.take_any_message():
                self.with_process(0, self.run)

    # What clients do

    @rule(
        picks=st.lists(st.integers(0, 20), min_size=1, max_size=9),
        kind=st.sampled_from(FORMATS),
        options=OPTIONS,
        key=st.sampled_from([None, None, "k", "l"]),
        is_private=st.sampled_from([True, True, False]),
        pauses=PAUSES,
    )
    def submit(
        self,
        picks: list[int],
        kind: str,
        options: dict[str, Any],
        key: str | None,
        is_private: bool,
        pauses: bool,
    ) -> None:
        if len(self.mill.promises.state.jobs) < MOST_JOBS:
            self.files.append(make_file(picks, kind, options, key, is_private))
            self.follow(self.mill.submit(self.files[-1]), pauses)
        else:
            self.go_on(0)

    @rule(
        picks=st.lists(st.integers(0, 20), min_size=1, max_size=9),
        kind=st.sampled_from(CHANGE_FORMATS),
        options=CHANGES,
        key=st.sampled_from([None, None, "m"]),
        pauses=PAUSES,
    )
    def change(self, picks: list[int], kind: str, options: dict[str, Any], key: str | None, pauses: bool) -> None:
        """A client changes or deletes links that files with shared keys may have made."""
        if len(self.mill.promises.state.jobs) < MOST_JOBS:
            self.files.append(make_changes(picks, kind, options, key))
            self.follow(self.mill.submit(self.files[-1]), pauses)
        else:
            self.go_on(0)

    @rule(place=PLACES, pauses=PAUSES)
    def send_again(self, place: int, pauses: bool) -> None:
        """A client sends a file again that has a key."""
        with_key = [file for file in self.files if file.key]
        if with_key and len(self.mill.promises.state.jobs) < MOST_JOBS:
            self.follow(self.mill.submit(with_key[place % len(with_key)]), pauses)
        else:
            self.go_on(place)

    @rule(action=st.sampled_from(["cancel", "retry", "undo"]), place=PLACES, pauses=PAUSES)
    def act(self, action: str, place: int, pauses: bool) -> None:
        job_ids = sorted(self.mill.promises.accepted - self.mill.promises.forgotten)
        job = mill.read_job(job_ids[place % len(job_ids)]) if job_ids else None
        if job:
            self.follow(self.mill.act(action, job), pauses)
        else:
            self.go_on(place)

    @rule(action=st.sampled_from(["retry", "undo", "undo", "forget"]), place=PLACES)
    def act_later(self, action: str, place: int) -> None:
        self.act(action, place, pauses=False)

    @rule(place=PLACES)
    def click(self, place: int) -> None:
        job_ids = sorted(self.mill.promises.state.jobs)
        if job_ids:
            self.mill.click(job_ids[place % len(job_ids)])

    # What the system does

    @rule(queue=st.sampled_from(QUEUES), keep=st.sampled_from([False, False, False, True]))
    def work(self, queue: str, keep: bool) -> None:
        """A message is delivered, and perhaps a second time later."""
        if self.is_busy() or not self.mill.take_message(queue, keep):
            self.go_on(0)

    @rule(pauses=PAUSES)
    def sweep(self, pauses: bool) -> None:
        if self.is_busy():
            self.go_on(0)
        else:
            self.follow(self.mill.sweep(), pauses)

    @rule(place=PLACES)
    def go_on(self, place: int) -> None:
        """A process goes on by one transaction."""
        self.with_process(place, Process.step)

    @rule(place=PLACES, steps=st.integers(1, 4))
    def go_on_for_a_while(self, place: int, steps: int) -> None:
        for _ in range(steps):
            self.go_on(place)
            self.check()

    @rule(place=PLACES)
    def go_on_to_the_end(self, place: int) -> None:
        """A process goes on while all others pause, perhaps for longer than their leases last."""
        self.with_process(place, self.run)

    @rule()
    def work_on_all(self) -> None:
        """As many workers as there may be take a message each."""
        while not self.is_busy() and self.take_any_message():
            self.check()

    # What happens to it

    @rule(place=PLACES, fault=st.sampled_from(FAULTS), follows_commit=st.booleans())
    def fail(self, place: int, fault: Fault, follows_commit: bool) -> None:
        """A fault hits a process before its next commit or right after it."""
        strike = Process.strike_after_commit if follows_commit else Process.strike
        self.with_process(place, lambda process: strike(process, fault))

    @rule(seconds=st.sampled_from([3.0, 12.0, mill.LONG]))
    def pass_time(self, seconds: float) -> None:
        """Leases run out, and wake-ups are taken to be lost."""
        self.mill.pass_time(seconds)

    @rule(
        loses_all=st.sampled_from([False, True]),
        is_dark=st.sampled_from([False] * 5 + [True]),
        status=st.sampled_from([200, 200, 500]),
    )
    def change_others(self, loses_all: bool, is_dark: bool, status: int) -> None:
        """The broker loses everything, goes away or comes back, and receivers of webhooks answer or fail."""
        if loses_all:
            self.mill.flush()
        self.mill.go_dark(is_dark)
        self.mill.answer_status = status

    @rule(is_over=st.sampled_from([False] * 7 + [True]), pauses=PAUSES)
    def clear(self, is_over: bool, pauses: bool) -> None:
        if is_over:
            self.mill.pass_retention()
        if self.is_busy():
            self.go_on(0)
        else:
            self.follow(self.mill.start("clear", mill.CHORES["clear"]), pauses)

    def is_busy(self) -> bool:
        return len(self.mill.running) >= MOST_RUNNING

    def with_process(self, place: int, go_on: Callable[[Process], None]) -> None:
        """Let something happen to a process. When none is running, one begins."""
        running = self.mill.running
        if running:
            go_on(running[place % len(running)])
            self.mill.drop_ended()
        elif not self.take_any_message():
            self.mill.sweep()

    def take_any_message(self) -> bool:
        return any(self.mill.take_message(queue, keep=False) for queue in QUEUES)

    def follow(self, process: Process, pauses: bool) -> None:
        """Let a process that has just begun do all that it does, or leave it where it is."""
        if not pauses:
            self.run(process)
            self.mill.drop_ended()

    def run(self, process: Process) -> None:
        while not process.has_ended:
            process.step()
            self.check()

    @invariant()
    def promises_hold(self) -> None:
        if hasattr(self, "mill"):
            self.check()

    def check(self) -> None:
        """Check the promises, if something was committed since the last time."""
        type(self).steps += 1
        if self.commits.count != self.checked_commits:
            self.checked_commits = self.commits.count
            self.mill.promises.check()

    def teardown(self) -> None:
        has_failed = sys.exc_info()[0] is not None  # to go on would hide why
        try:
            if hasattr(self, "mill") and not has_failed:
                self.end()
        finally:
            self.patch.undo()

    def end(self) -> None:
        """Every process dies and Redis loses everything: nothing told is lost, and nothing is stuck."""
        self.mill.go_dark(False)
        self.mill.kill_all()
        self.mill.flush()
        self.mill.work_to_the_end()
        self.mill.clear_everything()
