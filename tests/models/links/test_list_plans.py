"""Lists by status find their links through an index, so that they stay quick among millions."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from models import store
from models.accounts.keys import Owner
from models.links import listing
from models.links.job_links import JobLinks
from models.links.listing import LinkFilter, LinkStatus
from tests.bench import many_links
from tests.models.links.new_links import JOB_ID, default_domain_id

LINKS = 20_000
RARE = 50  # one link of so many has a status other than active

pytestmark = pytest.mark.own_database


@pytest.fixture
def many(owner: Owner) -> Owner:
    many_links.add(owner.workspace_id, LINKS, RARE)
    return owner


INDEXES = {
    LinkStatus.DISABLED: {"links_disabled_idx"},
    LinkStatus.EXPIRED: {"links_expiring_idx", "links_expiry_idx"},
    LinkStatus.USED_UP: {"links_limited_idx"},
    LinkStatus.ACTIVE: {"links_workspace_id_created_at_idx"},
}


@pytest.mark.parametrize("status", LinkStatus)
def test_a_list_by_status_reads_an_index(many: Owner, status: LinkStatus) -> None:
    plan = plan_of_list(many, LinkFilter(status=status))
    assert any(name in plan for name in INDEXES[status]), plan


def test_a_list_of_a_job_reads_its_items_in_their_order(many: Owner) -> None:
    plan = plan_of_list(many, LinkFilter(job=JobLinks(JOB_ID, default_domain_id(many))))
    assert "items_pkey" in plan or "USING INDEX sqlite_autoindex_items_1 (job_id=?)" in plan, plan
    assert "sort" not in plan.lower()
    assert "b-tree" not in plan.lower()


@pytest.mark.parametrize("status", LinkStatus)
def test_a_list_by_status_has_the_links_of_that_status(many: Owner, status: LinkStatus) -> None:
    with store.read() as db:
        page = listing.page(db, many.workspace_id, LinkFilter(status=status), None, LINKS)
        assert listing.count(db, many.workspace_id, LinkFilter(status=status)) == len(page)
    assert {link.status for link in page} == {status}
    rare = LINKS // RARE
    assert len(page) == (LINKS - 3 * rare if status == LinkStatus.ACTIVE else rare)


def test_some_links_are_read_by_slug_however_many_there_are(many: Owner) -> None:
    with store.read() as db:
        some = [view.key for view in listing.page(db, many.workspace_id, LinkFilter(), None, 100)]
    plan = plan_of(lambda db: listing.page(db, many.workspace_id, LinkFilter(keys=some), None, 100))
    assert "links_pkey" in plan or "INDEX sqlite_autoindex_links_1 (domain_id=? AND slug=?)" in plan, plan


def plan_of_list(owner: Owner, link_filter: LinkFilter) -> str:
    """Return how the database finds the first page of a list."""
    return plan_of(lambda db: listing.page(db, owner.workspace_id, link_filter, None, 51))


def plan_of(read: Callable[[Connection], object]) -> str:
    """Return how the database finds the rows of the last query."""
    explain = "EXPLAIN " if store.engine().name == "postgresql" else "EXPLAIN QUERY PLAN "
    plans: list[str] = []

    def explain_first(_db: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            rows = cursor.execute(explain + statement, parameters).fetchall()
            plans.append("\n".join(str(row) for row in rows))

    with store.read() as db:
        event.listen(db, "before_cursor_execute", explain_first)
        read(db)
    return plans[-1]
