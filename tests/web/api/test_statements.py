"""How many statements a page of links takes: as many as one link."""

import pytest
from sqlalchemy import event

from models import store
from models.accounts import domains
from models.accounts.keys import Owner
from models.links import labels, links, listing, tagging
from models.links.listing import LinkFilter
from producer.documents.link_document import link_documents

ROWS = 40


@pytest.fixture
def owner(owner: Owner) -> Owner:
    """Somebody with links that all have a tag."""
    with store.write() as db:
        domain = domains.find(db, owner.workspace_id, None)
        assert domain
        same = {"domain_id": domain.id, "workspace_id": owner.workspace_id, "generation": 7}
        slugs = [f"s{n:02}" for n in range(ROWS)]
        own = {"slug": slugs, "created_at": range(ROWS)}
        links.write(db, same | {"job_id": 1, "url": "https://a.b/"} | own, ROWS)
        tag = labels.ensure(db, labels.TAGS, owner.workspace_id, ["red"])["red"]
        tagging.write(db, same | {"slug": slugs, "tag_id": tag}, ROWS)
    return owner


def statements(owner: Owner, limit: int) -> tuple[int, int]:
    """How many statements a page takes, and how many links it has."""
    seen: list[str] = []

    def note(_db: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(store.engine(), "before_cursor_execute", note)
    with store.read() as db:
        found = link_documents(db, listing.page(db, owner.workspace_id, LinkFilter(), None, limit))
    event.remove(store.engine(), "before_cursor_execute", note)
    assert all(link["tags"] == ["red"] for link in found)
    return sum("SELECT" in statement for statement in seen), len(found)


def test_a_page_takes_as_many_statements_as_one_link(owner: Owner) -> None:
    assert statements(owner, 1) == (3, 1)
    assert statements(owner, ROWS) == (3, ROWS)
