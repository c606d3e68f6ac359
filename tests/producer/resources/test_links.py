"""A link of a workspace, found by its address."""

import pytest

from models import store
from models.accounts import domains
from models.accounts.keys import Owner
from models.errors import NotFound
from producer.resources import links
from tests.models.links.new_links import add_link


def test_case_does_not_matter_where_the_domain_ignores_it(owner: Owner) -> None:
    with store.write() as db:
        domain = domains.add(db, owner.workspace_id, "folds.example", case_sensitive=False)
    add_link(owner, "spring", domain_id=domain.id)
    assert links.show_link_of_slug(owner, "folds.example", "Spring")["slug"] == "spring"


@pytest.mark.parametrize("slug", ["Spring", "\0", ""])
def test_another_slug_has_no_link(owner: Owner, slug: str) -> None:
    add_link(owner, "spring")
    with pytest.raises(NotFound):
        links.show_link_of_slug(owner, None, slug)
