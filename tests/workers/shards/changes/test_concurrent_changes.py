"""Jobs that change the same links at the same time end in one of the two orders, and each row is done once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, update

from models import store
from models.accounts.keys import Owner
from models.jobs import items
from models.jobs.jobs import Job
from models.states import ShardKind
from models.tables import deleted_links
from models.tables import shards as shard_table
from producer import control
from tests.changes import accept_rows, link_rows, outcomes, run_rows, statuses
from tests.steps import read_job, record_steps
from tests.work import work, work_off
from workers import sweep
from workers.shards import attempts, shard_rows

SLUGS = [f"link-{number:02}" for number in range(24)]
SHARD_ROWS = 6
QUEUES = ("interactive", "bulk")
FIRST = {"title": "first", "max_clicks": 1}
SECOND = {"title": "second", "max_clicks": 2}


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture(autouse=True)
def created(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Job:
    record_steps(monkeypatch)
    job = run_rows(owner, [{"url": "https://example.com/", "slug": slug, "title": "old"} for slug in SLUGS])
    monkeypatch.setattr(type(store.dialect()), "shard_rows", SHARD_ROWS)
    return job


def test_two_updates_at_once_end_in_one_of_the_two_orders_for_every_link(owner: Owner) -> None:
    first = accept_rows(owner, [{"slug": slug, **FIRST} for slug in SLUGS], action="update")
    second = accept_rows(owner, [{"slug": slug, **SECOND} for slug in reversed(SLUGS)], action="update")
    work_at_once(first, second)
    first_changes = changes_by_slug(first, SLUGS)
    second_changes = changes_by_slug(second, SLUGS[::-1])
    links = link_rows()
    for slug in SLUGS:
        last = links[slug].title
        one, other = first_changes[slug], second_changes[slug]
        if last == "first":
            one, other = other, one
        assert [change[0] for change in one.values()] == ["old", None], slug
        assert {name: change[0] for name, change in other.items()} == {name: change[1] for name, change in one.items()}
        assert {name: change[1] for name, change in other.items()} == {
            "title": last,
            "max_clicks": links[slug].max_clicks,
        }


def changes_by_slug(job_id: int, slugs: list[str]) -> dict[str, dict[str, Any]]:
    """What a job changed about each link; `slugs`: in the order of its rows."""
    found = {}
    for slug, (status, _, changes) in zip(slugs, outcomes(read_job(job_id)), strict=True):
        assert status == "updated"
        found[slug] = {"title": changes["title"], "max_clicks": changes["max_clicks"]}
    return found


def test_an_update_and_a_delete_at_once_end_in_one_of_the_two_orders_for_every_link(owner: Owner) -> None:
    changing = accept_rows(owner, [{"slug": slug, **FIRST} for slug in SLUGS], action="update")
    deleting = accept_rows(owner, [{"slug": slug} for slug in reversed(SLUGS)], action="delete")
    work_at_once(changing, deleting)
    assert statuses(read_job(deleting)) == ["deleted"] * len(SLUGS)
    assert not link_rows()
    with store.read() as db:
        deleted = {row.slug: (row.title, row.max_clicks) for row in db.execute(select(deleted_links))}
    after = {"updated": ("first", 1), "NOT_FOUND": ("old", None)}
    assert deleted == {slug: after[status] for slug, status in zip(SLUGS, statuses(read_job(changing)), strict=True)}


def work_at_once(*job_ids: int) -> None:
    """Let two workers a job begin at the same moment."""
    for queue in QUEUES:
        work_off(ShardKind.SPLIT, queue=queue)
    start = Barrier(2 * len(job_ids))
    with ThreadPoolExecutor(start.parties) as threads:
        list(threads.map(lambda job_id: work_on(start, job_id), job_ids * 2))


def work_on(start: Barrier, job_id: int) -> None:
    """Work on a job's shards, and on others of its kind when it has none left."""
    kind = ShardKind(read_job(job_id).kind)
    start.wait()
    for queue in QUEUES:
        while not attempts.work_on_next(kind, queue, (job_id, 0)).get("idle"):
            pass


@pytest.mark.parametrize("action", ["update", "delete"])
def test_a_worker_that_pauses_until_another_has_its_shard_changes_nothing(
    owner: Owner, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = accept_rows(owner, rows_of(action), action=action)
    run_once(monkeypatch, shard_rows, "read", lambda: take_over(ShardKind(action)))
    assert work(ShardKind(action)).get("lost")
    check_each_row_once(action, job_id)


@pytest.mark.parametrize("action", ["update", "delete"])
def test_a_worker_that_dies_in_the_middle_of_its_transaction_leaves_its_rows_to_another(
    owner: Owner, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = accept_rows(owner, rows_of(action), action=action)
    run_once(monkeypatch, items, "write", die)
    with pytest.raises(Killed):
        work(ShardKind(action))
    assert len(link_rows()) == len(SLUGS)
    take_over(ShardKind(action))
    check_each_row_once(action, job_id)


@pytest.mark.parametrize("action", ["update", "delete"])
def test_an_undo_that_pauses_or_dies_gives_each_link_back_once(
    owner: Owner, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = link_rows()
    job = run_rows(owner, rows_of(action), action=action)
    undo_id = control.undo(job)
    run_once(monkeypatch, items, "write", die)
    with pytest.raises(Killed):
        work(ShardKind.UNDO)
    take_over(ShardKind.UNDO)
    undone = read_job(undo_id)
    assert (undone.status, undone.updated + undone.created, undone.failed) == ("completed", SHARD_ROWS, 0)
    assert link_rows() == before


def rows_of(action: str) -> list[dict[str, Any]]:
    """The rows of one shard."""
    values = FIRST if action == "update" else {}
    return [{"slug": slug, **values} for slug in SLUGS[:SHARD_ROWS]]


def run_once(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, step: Callable[[], None]) -> None:
    """Let something happen before the first call of a function."""
    call = getattr(module, name)

    def call_after_step(*arguments: Any) -> Any:
        monkeypatch.setattr(module, name, call)
        step()
        return call(*arguments)

    monkeypatch.setattr(module, name, call_after_step)


def die() -> None:
    raise Killed


def take_over(kind: ShardKind) -> None:
    """Let the lease of a worker that died or sleeps run out, and another worker do its shard."""
    with store.write() as db:
        db.execute(update(shard_table).where(shard_table.c.token.is_not(None)).values(leased_until=0, owner="1 0"))
    assert sweep.sweep()["taken_over"] == 1
    for queue in QUEUES:
        work_off(kind, queue=queue)


def check_each_row_once(action: str, job_id: int) -> None:
    job = read_job(job_id)
    results = outcomes(job)
    assert (job.status, job.updated + job.deleted, job.failed) == ("completed", SHARD_ROWS, 0)
    assert [status for status, _, _ in results] == [f"{action}d"] * SHARD_ROWS
    with store.read() as db:
        kept = db.execute(select(func.count()).select_from(deleted_links)).scalar_one()
    if action == "update":
        assert all(changes["title"] == ["old", "first"] for _, _, changes in results)
    else:
        assert kept == SHARD_ROWS
        assert len(link_rows()) == len(SLUGS) - SHARD_ROWS
