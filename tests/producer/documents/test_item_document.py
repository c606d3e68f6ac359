"""An item as clients see it."""

from typing import Any

from models.jobs.items import Item
from models.states import ItemStatus
from producer.documents.item_document import item_document


def document(**values: Any) -> dict[str, Any]:
    item = Item(0, 2, ItemStatus.CREATED, "x", None, None, None, None, None, "https://a.b/")._replace(**values)
    return item_document(item, {None: "https://sho.rt"})


def test_a_created_item_has_its_short_url() -> None:
    assert document() == {
        "index": 0,
        "line": 2,
        "status": "created",
        "url": "https://a.b/",
        "slug": "x",
        "short_url": "https://sho.rt/x",
        "external_id": None,
        "custom_id": None,
        "error": None,
        "changes": None,
    }


def test_a_failed_item_has_its_error_and_the_url_of_its_row() -> None:
    failed = document(
        status=ItemStatus.FAILED, slug=None, url=None, error_code="INVALID_URL", error_message="no", input='{"url": 5}'
    )
    assert failed["error"] == {"code": "INVALID_URL", "message": "no"}
    assert (failed["url"], failed["short_url"]) == (5, None)


def test_an_item_whose_link_is_gone_has_no_url() -> None:
    assert document(url=None)["url"] is None


def test_an_unprocessed_item_has_no_error() -> None:
    assert document(status=ItemStatus.UNPROCESSED, slug=None, url=None, input="{}")["error"] is None
