"""A page of a list and the cursor of the next one."""

from producer.resources import pages
from producer.resources.pages import Page


def describe(number: int) -> dict[str, int]:
    return {"id": number, "index": number * 10}


def test_one_row_more_than_the_limit_shows_that_there_is_a_next_page() -> None:
    assert pages.cut([1, 2, 3], 2, describe) == Page([describe(1), describe(2)], "2")


def test_the_last_page_has_no_cursor() -> None:
    assert pages.cut([1, 2], 2, describe) == Page([describe(1), describe(2)], None)
    assert pages.cut([], 2, describe) == Page([], None)


def test_the_cursor_is_the_member_that_the_list_is_ordered_by() -> None:
    assert pages.cut([1, 2], 1, describe, "index").next_cursor == "10"
