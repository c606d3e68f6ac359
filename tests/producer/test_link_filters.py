"""Link filters: what the parameters of a query ask for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from models import store
from models.accounts.keys import Owner
from models.errors import Gone
from models.jobs import jobs
from models.links import listing
from models.links.job_links import JobLinks
from models.links.listing import LinkFilter
from models.tables import jobs as job_rows
from producer import link_filters
from tests.models.links.new_links import add_link, default_domain_id
from tests.owners import new_owner

JOB_ID = 7


def filter_of(owner: Owner, **query: str) -> LinkFilter:
    with store.read() as db:
        return link_filters.from_query(db, owner.workspace_id, query)


def add_job(owner: Owner, **columns: Any) -> None:
    row = {
        "id": JOB_ID,
        "workspace_id": owner.workspace_id,
        "domain_id": default_domain_id(owner),
        "kind": "create",
        "status": "completed",
        "source": "csv",
        "queue": "bulk",
        "upload": "",
        "layout": {},
        "options": {},
        "metadata": {},
    }
    with store.write() as db:
        jobs.add(db, row)
        if columns:
            db.execute(update(job_rows).values(columns))


def test_parameters_are_conditions_as_they_are(owner: Owner) -> None:
    assert filter_of(owner) == LinkFilter()
    query = {"search": "x", "tag": "red", "group": "spring", "status": "active"}
    assert filter_of(owner, **query) == LinkFilter(search="x", tag="red", group="spring", status="active")


def test_a_job_is_found_with_its_domain(owner: Owner) -> None:
    add_job(owner)
    assert filter_of(owner, job=str(JOB_ID)) == LinkFilter(job=JobLinks(JOB_ID, default_domain_id(owner)))


def test_a_domain_has_an_id_or_a_hostname_and_an_unknown_one_has_no_links(owner: Owner) -> None:
    domain_id = default_domain_id(owner)
    for name in ("localhost:8000", str(domain_id)):
        assert filter_of(owner, domain=name) == LinkFilter(domain_id=domain_id)
    assert filter_of(owner, domain="other.example") == LinkFilter(domain_id=link_filters.NO_DOMAIN)


@pytest.mark.parametrize("text", ["8", "x", "", "9" * 30])
def test_an_unknown_job_has_no_links(owner: Owner, text: str) -> None:
    add_link(owner, "a")
    with store.read() as db:
        link_filter = link_filters.from_query(db, owner.workspace_id, {"job": text})
        assert listing.page(db, owner.workspace_id, link_filter, None, 10) == []


def test_another_workspaces_job_is_unknown(owner: Owner) -> None:
    add_job(owner)
    assert filter_of(new_owner("other"), job=str(JOB_ID)) == LinkFilter(job=link_filters.NO_LINKS)


def test_a_job_without_its_items_is_gone(owner: Owner) -> None:
    add_job(owner, cleared_at=datetime.now(UTC))
    with pytest.raises(Gone):
        filter_of(owner, job=str(JOB_ID))
