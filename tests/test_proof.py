"""The promises of docs/reliability.md hold after any step, and under races; `make proof` takes many more of both."""

import pytest

from models.accounts.keys import Owner
from models.states import JobKind
from tests.examples import examples
from tests.fixtures.fake_redis import FakeRedis
from tests.proof import machine, races

STEPS = 10_000  # on each store
ROUNDS = 25


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_promises_hold_after_every_step(owner: Owner, fake_redis: FakeRedis) -> None:
    steps = examples(STEPS)
    assert machine.run_stories(owner, fake_redis, steps) >= steps


def test_the_promises_hold_when_everybody_acts_on_a_job_at_once(owner: Owner, fake_redis: FakeRedis) -> None:
    rounds = examples(ROUNDS)
    assert races.run_rounds(owner, fake_redis, rounds).total() == rounds * races.THREADS


def test_the_state_machine_knows_every_kind_of_job() -> None:
    """A new kind of job needs a rule that begins one: see tests/proof/machine.py."""
    assert set(JobKind) == {JobKind.CREATE, JobKind.UPDATE, JobKind.DELETE, JobKind.UNDO}
