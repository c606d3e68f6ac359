"""Groups that rows create on the way: each once, by rows that make a link, and never by a dry run."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from models import store
from models.accounts.keys import Owner
from models.links import labels
from models.states import ShardKind
from models.tables import links
from producer.signals import wakeups
from tests.steps import Steps, accept_csv, read_job, record_steps
from tests.work import work, work_off

ROWS = (
    "url,slug,group\n"
    "https://a.example/,gr-a,spring\n"
    "https://b.example/,gr-b, spring \n"
    "nope,,never\n"
    "https://c.example/,gr-a,taken\n"
    "https://d.example/,gr-d,7\n"
    "https://e.example/,gr-e,\n"
)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


def group_names(owner: Owner) -> list[str]:
    with store.read() as db:
        return [label.name for label in labels.page(db, labels.GROUPS, owner.workspace_id, 0, 100)]


def groups_of_links(owner: Owner, job_id: int) -> dict[str, str | None]:
    with store.read() as db:
        rows = db.execute(select(links.c.slug, links.c.group_id).where(links.c.job_id == job_id)).all()
        names = labels.names_by_id(db, labels.GROUPS, owner.workspace_id, [row.group_id for row in rows])
    return {row.slug: names.get(row.group_id) for row in rows}


def test_rows_that_make_a_link_create_their_group(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS, groups="create")
    work_off()
    assert sorted(group_names(owner)) == ["7", "spring"]
    assert groups_of_links(owner, job_id) == {"gr-a": "spring", "gr-b": "spring", "gr-d": "7", "gr-e": None}
    assert (read_job(job_id).created, read_job(job_id).failed) == (4, 2)


def test_a_name_that_reads_like_a_number_is_a_name(owner: Owner, steps: Steps) -> None:
    with store.write() as db:
        labels.create(db, labels.GROUPS, owner.workspace_id, "old", 7)
    job_id = accept_csv(owner, ROWS, groups="create")
    work_off()
    assert groups_of_links(owner, job_id)["gr-d"] == "7"


def test_a_dry_run_creates_no_group_and_says_the_same(owner: Owner, steps: Steps) -> None:
    dry_run = accept_csv(owner, ROWS, groups="create", dry_run=True)
    work_off()
    assert group_names(owner) == []
    assert (read_job(dry_run).created, read_job(dry_run).failed) == (4, 2)


def test_without_the_option_an_unknown_group_fails(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    work_off()
    assert (group_names(owner), read_job(job_id).failed) == ([], 5)


def test_shards_that_create_the_same_groups_at_once_agree(owner: Owner, steps: Steps) -> None:
    rows = "".join(f"https://a.example/{number},group {number % 7}\n" for number in range(40))
    jobs = [accept_csv(owner, f"url,group\n{rows}", groups="create") for _ in range(6)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: work(ShardKind.CREATE, wakeups.INTERACTIVE), jobs))
    work_off()
    assert [read_job(job_id).created for job_id in jobs] == [40] * 6
    assert sorted(group_names(owner)) == [f"group {number}" for number in range(7)]


def test_a_default_group_is_created_too(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, "url,slug\nhttps://a.example/,gr-x\n", groups="create", defaults={"group": "new"})
    work_off()
    assert groups_of_links(owner, job_id) == {"gr-x": "new"}
