"""Links as CSV, a page at a time."""

import csv
import io

import pytest

from models.accounts.keys import Owner
from models.links.listing import LinkFilter
from producer.documents import link_csv
from tests.models.links.new_links import add_link

pytestmark = pytest.mark.parametrize("owner", ["sqlite"], indirect=True)


def read(owner: Owner) -> list[dict[str, str]]:
    text = b"".join(link_csv.stream(owner.workspace_id, LinkFilter())).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_a_workspace_without_links_has_only_the_header(owner: Owner) -> None:
    assert b"".join(link_csv.stream(owner.workspace_id, LinkFilter())).decode().strip() == ",".join(link_csv.COLUMNS)


def test_all_pages_are_read(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_csv, "PAGE_ROWS", 2)
    for number in range(5):
        add_link(owner, f"s{number}")
    assert sorted(row["slug"] for row in read(owner)) == ["s0", "s1", "s2", "s3", "s4"]


def test_values_become_text_and_no_cell_starts_a_formula(owner: Owner) -> None:
    add_link(owner, "x", title="=1+1", max_clicks=5, password_hash="$argon2")
    [row] = read(owner)
    assert (row["title"], row["max_clicks"], row["protected"], row["expires_at"]) == ("'=1+1", "5", "true", "")
    assert "$argon2" not in str(row)
