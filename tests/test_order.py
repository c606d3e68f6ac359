"""A file ends as a loop over its rows would end it, in whatever order its shards are worked on, and by how many."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count, cycle
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from models import settings as house_settings
from models import store
from models.accounts import domains, plans
from models.accounts.keys import Owner
from models.accounts.plans import Plan
from models.jobs import leases
from models.jobs.leases import Claim
from models.links import reserved_words
from models.states import JobStatus, ShardKind
from models.tables import groups, items, links, quotas, urls
from producer import accept, control
from producer.intake.layouts import NDJSON
from producer.job_options import Groups, Options
from tests import reference
from tests.examples import examples
from tests.outcomes import Outcome, outcomes
from tests.reference import World
from tests.steps import read_job, record_steps
from workers.shards import attempts, failed_attempts

Row = dict[str, Any]

SHARD_ROWS = 2
A_FAILURE = 11
NEVER = 99

OWN_DOMAIN = "own.example"
A_URL = "https://a.example/"
ROWS = st.fixed_dictionaries(
    {"url": st.sampled_from([A_URL, "https://b.example/", "https://c.example/", "nope"])},
    optional={
        "slug": st.sampled_from(["x", "X", "y", "p3", "p9", " x ", "api", "not/good", ""]),
        "short_url": st.sampled_from(["https://dub.sh/x", "dub.sh/y", f"{OWN_DOMAIN}/X", "https://dub.sh", ""]),
        "domain": st.sampled_from([OWN_DOMAIN, "localhost:8000", "other.example", ""]),
        "external_id": st.sampled_from(["e", "f", " e", ""]),
        "utm_term": st.just("t"),
        "max_clicks": st.sampled_from([1, 0]),
        "expires_at": st.sampled_from(["2040-01-01", "2020-01-01"]),
        "group": st.just("unknown"),
    },
)
DEFAULTS = st.sampled_from([{}, {}, {"slug": "p{index}"}, {"slug": "x"}, {"external_id": "e"}, {"domain": OWN_DOMAIN}])

ONE_SLUG_IN_TWO_SPELLINGS = [
    {"url": A_URL, "slug": "X"},
    {"url": A_URL},
    {"url": A_URL, "slug": "X", "domain": "localhost:8000"},
]
"""Only the second shard names a domain, on which case might not matter."""


@dataclass
class Scenario:
    """A file, and how it is worked on."""

    rows: list[Row]
    options: Options
    workers: int = 1
    choices: Sequence[int] = (0,)
    """They decide which shard a worker claims, which worker ends first, and which attempts fail."""
    room: int = 0
    """How many links the plan allows; 0 for no limit."""
    is_split: bool = False
    """A worker cuts the upload."""
    cancel_after: int = NEVER
    """How many shards end before the job is cancelled, or NEVER."""


SCENARIOS = st.builds(
    Scenario,
    rows=st.lists(ROWS, min_size=1, max_size=13),
    options=st.builds(
        Options,
        duplicates=st.sampled_from(["create", "create", "reuse"]),
        defaults=DEFAULTS,
        groups=st.sampled_from([Groups.FAIL, Groups.CREATE]),
    ),
    workers=st.integers(1, 4),
    choices=st.lists(st.integers(0, A_FAILURE), min_size=1, max_size=30),
    room=st.sampled_from([0, 0, 1, 3, 5, 8]),
    is_split=st.booleans(),
    cancel_after=st.sampled_from([0, 1, 2, 3, NEVER, NEVER, NEVER, NEVER]),
)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    record_steps(monkeypatch)
    monkeypatch.setattr("models.store.postgresql.PostgreSQL.shard_rows", SHARD_ROWS)
    monkeypatch.setattr("models.store.sqlite.SQLite.shard_rows", SHARD_ROWS)


@pytest.fixture
def own_domain(owner: Owner) -> None:
    """A domain that rows name, on which case does not matter."""
    with store.write() as db:
        domains.add(db, owner.workspace_id, OWN_DOMAIN, case_sensitive=False)


@pytest.mark.slow
@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.usefixtures("own_domain")
@example(Scenario(ONE_SLUG_IN_TWO_SPELLINGS, Options(), workers=2, choices=(0, 2, 1, 0)))
@example(Scenario([{"url": A_URL}, {"url": A_URL, "short_url": ""}], Options(defaults={"slug": "x"})))
@given(scenario=SCENARIOS)
def test_any_order_of_shards_ends_as_the_loop(owner: Owner, scenario: Scenario) -> None:
    note(str(scenario))  # Schemathesis takes the arguments out of reports
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plans, "of", lambda name: Plan(name, total_links=scenario.room))
        patch.setattr(accept, "CUT_AT_ONCE_BYTES", 0 if scenario.is_split else 1 << 20)
        start_empty()
        check_dry_run(owner, scenario)
        check_run_and_retry(owner, scenario)


@pytest.mark.slow
@pytest.mark.parametrize("options", [Options(), Options(duplicates="reuse"), Options(dry_run=True)])
def test_four_workers_at_once_end_as_the_loop(owner: Owner, options: Options) -> None:
    rows = [{"url": f"https://{row % 7}.example/", "slug": f"s{row % 9}"} for row in range(40)]
    rows += [{"url": f"https://{row % 5}.example/", "external_id": f"e{row % 11}"} for row in range(40)]
    job_id = upload(owner, rows, options)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: work_until_end(job_id), range(4)))
    scenario = Scenario(rows, options)
    assert outcomes(job_id) == loop(scenario, list(range(len(rows))), new_world(scenario))
    assert_counts(job_id)


def work_until_end(job_id: int) -> None:
    job = read_job(job_id)
    while not job.has_ended:
        attempts.work_on_next(ShardKind.CREATE, job.queue, (job_id, 0))
        job = read_job(job_id)


def check_dry_run(owner: Owner, scenario: Scenario) -> None:
    """A dry run says what the run will say, whatever the orders of both."""
    never = replace(scenario, cancel_after=NEVER, choices=scenario.choices[::-1])
    job_id = upload(owner, scenario.rows, replace(scenario.options, dry_run=True))
    work_off(job_id, never)
    assert outcomes(job_id) == loop(scenario, list(range(len(scenario.rows))), new_world(scenario))


def check_run_and_retry(owner: Owner, scenario: Scenario) -> None:
    job_id = upload(owner, scenario.rows, scenario.options)
    world = new_world(scenario)
    work_off(job_id, scenario)
    first = outcomes(job_id)
    # Of a cancelled job, the loop goes over the rows that were processed.
    assert first == loop(scenario, list(first), world)
    succeeded = {index: outcome for index, outcome in first.items() if outcome[0] != "failed"}
    if len(succeeded) == len(scenario.rows):
        return
    control.retry(read_job(job_id))
    work_off(job_id, replace(scenario, cancel_after=NEVER))
    others = [index for index in range(len(scenario.rows)) if index not in succeeded]
    assert outcomes(job_id) == succeeded | loop(scenario, others, world)
    assert_counts(job_id)


def start_empty() -> None:
    with store.write() as db:
        for table in (links, urls, items, quotas, groups):
            db.execute(delete(table))


def upload(owner: Owner, rows: list[Row], options: Options) -> int:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    return accept.accept(accept.Upload(NDJSON, NDJSON, [text.encode()]), owner, lambda: options)


def new_world(scenario: Scenario) -> World:
    with store.read() as db:
        reserved = reserved_words.load(db)
    authority = house_settings.get().authority
    world = World(authority, reserved, room=scenario.room or None, domain=authority)
    world.domains = frozenset((authority, OWN_DOMAIN))
    world.folding_domains = frozenset((OWN_DOMAIN,))
    world.reuse = scenario.options.duplicates == "reuse"
    world.creates_groups = scenario.options.groups == Groups.CREATE
    return world


def loop(scenario: Scenario, indexes: list[int], world: World) -> dict[int, Outcome]:
    """What a loop over some rows of the file says of each."""
    results = {}
    for index in sorted(indexes):
        item = reference.with_domain(scenario.rows[index], world)
        item = reference.with_defaults(item, scenario.options.defaults, index)
        results[index] = reference.create(item, world)
    return results


def work_off(job_id: int, scenario: Scenario) -> None:
    """Work a job off with several workers, whose steps come in the order that the scenario chooses."""
    split = claim(job_id, ShardKind.SPLIT, 0)
    if split:
        attempts.work(split)
    choices = cycle(scenario.choices)
    claimed: list[Claim] = []
    for ended in count():
        if ended == scenario.cancel_after and not read_job(job_id).has_ended:
            control.cancel(read_job(job_id))
        claimed += claim_up_to(scenario.workers - len(claimed), job_id, choices)
        if not claimed:
            break
        take_step(claimed.pop(next(choices) % len(claimed)), next(choices))
    assert read_job(job_id).has_ended


def claim_up_to(most: int, job_id: int, choices: Iterator[int]) -> list[Claim]:
    claims = [claim(job_id, ShardKind.CREATE, next(choices)) for _ in range(most)]
    return [each for each in claims if each]


def claim(job_id: int, kind: ShardKind, first_index: int) -> Claim | None:
    with store.write() as db:
        return leases.claim(db, kind, read_job(job_id).queue, (job_id, first_index))


def take_step(claimed: Claim, choice: int) -> None:
    """Work on a shard, or fail: not so often that a row ends as INTERNAL, of which the loop knows nothing."""
    may_fail = claimed.attempts < leases.MAX_ATTEMPTS or claimed.rows > 1
    if choice == A_FAILURE and may_fail:
        failed_attempts.give_up(claimed)
    else:
        attempts.work(claimed)


def assert_counts(job_id: int) -> None:
    """The counts of a job are those of its items."""
    job = read_job(job_id)
    statuses = [status for status, _ in outcomes(job_id).values()]
    assert (job.created, job.existing, job.failed) == tuple(map(statuses.count, ("created", "existing", "failed")))
    assert job.status == JobStatus.COMPLETED
