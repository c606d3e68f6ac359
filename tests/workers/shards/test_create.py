"""Create: rows become links and items in one transaction, and a collision only costs another draft."""

from concurrent.futures._base import DoneAndNotDoneFutures
from itertools import chain, repeat
from typing import Any
from unittest.mock import PropertyMock

import pytest
from sqlalchemy import event, insert, select

from models import store
from models.accounts.keys import Owner
from models.errors import DuplicateKey
from models.links import slugs
from models.states import ItemStatus, JobStatus, ShardKind
from models.tables import items, links, shards, untitled
from producer import control
from producer.accept import Upload, accept
from producer.intake.layouts import COUNT
from producer.job_options import Options
from producer.signals import wakeups
from tests.steps import Steps, accept_csv, read_job, record_steps
from tests.work import work, work_off
from workers.shards import attempts, create, own_domains, passwords, slug_pool, time_budget
from workers.shards.slug_pool import SlugPool

ROW = "url\nhttps://a.example/\n"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


def slugs_of(job_id: int) -> list[str]:
    query = select(items.c.slug).where(items.c.job_id == job_id).order_by(items.c.index)
    with store.read() as db:
        return list(db.execute(query).scalars())


@pytest.fixture
def counts(owner: Owner) -> dict[str, int]:
    """How many statements and commits there have been."""
    counts = {"statements": 0, "commits": 0}

    def count_statement(*_: object) -> None:
        counts["statements"] += 1

    def count_commit(*_: object) -> None:
        counts["commits"] += 1

    event.listen(store.engine(), "before_cursor_execute", count_statement)
    event.listen(store.engine(), "commit", count_commit)
    return counts


def test_a_small_job_takes_sixteen_statements_in_six_transactions(
    owner: Owner, steps: Steps, counts: dict[str, int]
) -> None:
    if store.engine().dialect.name != "sqlite":
        pytest.skip("the other store counts its settings as statements")
    for _ in range(2):  # the first job fills what a process reads once
        counts.update(statements=0, commits=0)
        job_id = accept_csv(owner, ROW)
        attempts.work_on_next(ShardKind.CREATE, wakeups.INTERACTIVE, (job_id, 0))
    assert counts == {"statements": 16, "commits": 6}


def test_each_row_has_a_link_of_its_own_in_input_order(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, "url\n" + "".join(f"https://a.example/{row}\n" for row in range(50)))
    work_off()
    with store.read() as db:
        urls = {row.slug: row.url for row in db.execute(select(links.c.slug, links.c.url))}
    assert [urls[slug] for slug in slugs_of(job_id)] == [f"https://a.example/{row}" for row in range(50)]
    assert {len(slug) for slug in urls} == {slugs.SHORTEST}


def test_the_shortest_slug_is_an_option_of_the_job(owner: Owner, steps: Steps) -> None:
    upload = Upload(COUNT, COUNT, [b'{"url":"https://a.example/"}'], 20)
    job_id = accept(upload, owner, lambda: Options(slug_length=5))
    work_off()
    assert {len(slug) for slug in slugs_of(job_id)} == {5}


def test_a_job_of_an_earlier_version_has_no_such_option(owner: Owner, steps: Steps) -> None:
    job = read_job(accept_csv(owner, ROW))
    del job.options["slug_length"]
    assert len(create._take_slugs(job, own_domains.domains_of(job, None)[0], 1)[0]) == slugs.SHORTEST


def test_an_automatic_slug_that_is_a_reserved_word_is_not_used(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    offers = iter([["graphql"], ["healthz"], ["Xy4bK2p"]])
    monkeypatch.setattr(SlugPool, "take", lambda *_: next(offers))
    job_id = accept_csv(owner, ROW)
    work_off()
    assert slugs_of(job_id) == ["Xy4bK2p"]


def test_a_slug_that_another_transaction_took_costs_another_draft(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts: list[bool] = []
    draft = create._draft

    def draft_and_note(*arguments: Any, **options: Any) -> Any:
        drafts.append(options.get("check_automatic", False))
        return draft(*arguments, **options)

    commit = create._commit

    def collide_once(draft: Any, changes: Any) -> Any:
        if len(drafts) == 1:
            raise DuplicateKey("slug")
        return commit(draft, changes)

    monkeypatch.setattr(create, "_draft", draft_and_note)
    monkeypatch.setattr(create, "_commit", collide_once)
    job_id = accept_csv(owner, ROW)
    work_off()
    assert drafts == [False, True]
    assert read_job(job_id).created == 1


def test_after_a_collision_automatic_slugs_are_looked_up(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = accept_csv(owner, ROW)
    work_off()
    [used] = slugs_of(first)
    offers = iter([[used], [used], ["Xy4bK2p"]])
    monkeypatch.setattr(slug_pool.SlugPool, "take", lambda *_: next(offers))
    second = accept_csv(owner, ROW)
    work_off()
    assert slugs_of(second) == ["Xy4bK2p"]


def test_rows_of_an_earlier_run_keep_their_results(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, "url,slug\nhttps://a.example/,mine\nhttps://b.example/,api\n")
    work_off()
    control.retry(read_job(job_id))
    work_off()
    job = read_job(job_id)
    assert (job.run, job.status, job.created, job.failed) == (2, JobStatus.COMPLETED, 1, 1)


def test_titles_are_queued_and_their_worker_is_woken(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, ROW, fetch_titles=True)
    steps.clear()
    work_off()
    with store.read() as db:
        assert [row.url for row in db.execute(select(untitled))] == ["https://a.example/"]
    assert steps.tasks == ["titles"]


def test_many_passwords_move_a_small_job_out_of_the_way(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "SLOW_COUNT", 1)
    job_id = accept_csv(owner, "url,password\nhttps://a.example/,one-one\nhttps://b.example/,two-two\n")
    assert work(ShardKind.CREATE)["handed_over"]
    with store.read() as db:
        shard = db.execute(select(shards).where(shards.c.job_id == job_id)).one()
    assert (shard.queue, shard.attempts, steps.tasks) == (wakeups.BULK, 0, ["create", "create"])
    work(ShardKind.CREATE, wakeups.BULK)
    assert read_job(job_id).created == 2


def test_many_tags_do_so_too(owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(create, "SLOW_TAGS", 1)
    accept_csv(owner, "url,tags\nhttps://a.example/,one|two\n")
    assert work(ShardKind.CREATE)["handed_over"]
    assert work(ShardKind.CREATE, wakeups.BULK)["created"] == 1


@pytest.mark.parametrize("checks", [0, 1])
def test_so_does_whatever_takes_longer_than_its_budget(owner: Owner, steps: Steps, checks: int) -> None:
    job_id = accept_csv(owner, ROW)
    with pytest.MonkeyPatch.context() as patch:
        use_up_budget(patch, checks)
        assert work(ShardKind.CREATE)["handed_over"]
    assert work(ShardKind.CREATE, wakeups.BULK)["created"] == 1
    assert read_job(job_id).created == 1


def test_the_rest_of_the_passwords_is_left_when_the_budget_is_used_up(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_up_budget(monkeypatch, 1)
    monkeypatch.setattr(passwords, "wait", lambda running, timeout: DoneAndNotDoneFutures(set(), running))
    accept_csv(owner, "url,password\nhttps://a.example/,one-one\n")
    assert work(ShardKind.CREATE)["handed_over"]


def use_up_budget(patch: pytest.MonkeyPatch, checks: int) -> None:
    """Let the budget of a shard end after a number of looks at it."""
    remaining = chain(repeat(1.0, checks), repeat(0.0))
    patch.setattr(time_budget.TimeBudget, "remaining", PropertyMock(side_effect=remaining))


def test_a_row_that_cannot_be_written_three_times_ends_as_internal(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = accept_csv(owner, ROW)
    with store.write() as db:
        db.execute(shards.update().values(attempts=3))
    work(ShardKind.CREATE)
    with store.read() as db:
        item = db.execute(select(items).where(items.c.job_id == job_id)).one()
    assert (item.status, item.error_code) == (ItemStatus.FAILED, "INTERNAL")


def test_an_item_that_exists_already_is_not_written_twice(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROW)
    with store.write() as db:
        db.execute(insert(items).values(job_id=job_id, index=0, line=2, status=ItemStatus.FAILED))
    with pytest.raises(Exception, match=r"(?i)unique|duplicate|taken"):
        work(ShardKind.CREATE)
    with store.read() as db:
        assert db.execute(select(links)).all() == []
