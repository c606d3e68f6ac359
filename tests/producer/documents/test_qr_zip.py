"""The QR codes of a job's links as one zip."""

import io
import zipfile
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from models import store
from models.jobs import items
from models.jobs.items import Item
from models.states import ItemStatus
from producer.documents import qr_zip

STYLE: dict[str, Any] = {"scale": 1, "border": 0, "dark": "000", "light": "fff"}


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A job of five rows whose third has lost its link, read two items at a time."""
    rows = [
        Item(index, index + 2, ItemStatus.CREATED, f"s{index}", None, None, None, None, None, "https://a.b/")
        for index in range(5)
    ]
    rows[2] = rows[2]._replace(url=None)

    def page(_db: Any, _job: int, _domain: int, _statuses: Any, after: int, limit: int) -> list[Item]:
        return [row for row in rows if row.at > after][:limit]

    monkeypatch.setattr(items, "page", page)
    monkeypatch.setattr(store, "read", lambda: zipfile.ZipFile(io.BytesIO(), "w"))
    monkeypatch.setattr(qr_zip, "PAGE_ITEMS", 2)
    return SimpleNamespace(
        id=1, domain_id=1, hostname="sho.rt", is_default=False, created_at=datetime(2027, 1, 1, tzinfo=UTC)
    )


def names(job: Any, first: int, rows: int, kind: str = "svg") -> list[str]:
    data = b"".join(qr_zip.stream(job, first, rows, kind, **STYLE))
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        return file.namelist()


def test_each_link_that_exists_has_a_file(job: Any) -> None:
    assert names(job, 0, 5) == ["0000000-s0.svg", "0000001-s1.svg", "0000003-s3.svg", "0000004-s4.svg"]


def test_a_range_of_rows_is_chosen(job: Any) -> None:
    assert names(job, 1, 3, "png") == ["0000001-s1.png", "0000003-s3.png"]


def test_a_range_without_links_is_an_empty_zip(job: Any) -> None:
    assert names(job, 5, 10) == []


def test_a_slug_makes_no_folders_and_no_name_that_is_too_long(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (first, *_) = items.page(None, 1, 1, (), -1, 1)  # type: ignore[arg-type]
    monkeypatch.setattr(items, "page", lambda *_: [first._replace(slug="ü/" * 95)])
    assert names(job, 0, 1) == ["0000000-" + "ü_" * 30 + ".svg"]
