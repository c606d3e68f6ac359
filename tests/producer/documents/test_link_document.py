"""A link and its clicks as clients see them."""

from datetime import UTC, date, datetime
from typing import Any

from models.clicks.click_counts import LinkClicks
from models.links.listing import LinkStatus, LinkView
from producer.documents.link_document import link_document, link_stats_document
from producer.documents.schemas import LinkSchema

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def make_link(**values: Any) -> LinkView:
    fields: dict[str, Any] = dict.fromkeys(LinkView.__dataclass_fields__)
    fields |= {"domain_id": 1, "slug": "x", "generation": 2, "workspace_id": 3, "job_id": 4, "created_at": NOW}
    fields |= {"url": "https://a.b/", "hostname": "go.example", "is_default": False, "status": LinkStatus.ACTIVE}
    return LinkView(**fields | values)


def test_a_link_has_the_fields_of_its_schema() -> None:
    assert set(link_document(make_link(), [], 0)) == set(LinkSchema().fields)


def test_a_password_and_a_disabling_show_only_that_they_are_there() -> None:
    document = link_document(make_link(password_hash="$argon2", disabled_at=NOW), ["a"], 7)
    assert (document["protected"], document["disabled"], document["tags"], document["clicks"]) == (True, True, ["a"], 7)
    assert "$argon2" not in str(document)


def test_opening_clicks_are_a_part_of_all_clicks() -> None:
    document = link_document(make_link(opening_clicks=40), [], 42)
    assert (document["clicks"], document["opening_clicks"]) == (42, 40)
    assert link_document(make_link(), [], 2)["opening_clicks"] == 0


def test_the_short_url_is_on_the_links_domain() -> None:
    assert link_document(make_link(), [], 0)["short_url"].endswith("://go.example/x")


def test_the_clicks_of_a_link_are_listed_by_day_referrer_device_and_country() -> None:
    clicks = LinkClicks(3, 1, [(date(2027, 1, 1), 3)], [("a.b", 2), ("", 1)], [("phone", 3)], [("DE", 3)])
    assert link_stats_document(clicks, 40) == {
        "clicks": 43,
        "opening_clicks": 40,
        "bots": 1,
        "by_day": [{"day": "2027-01-01", "clicks": 3}],
        "by_referrer": [{"referrer": "a.b", "clicks": 2}, {"referrer": "", "clicks": 1}],
        "by_device": [{"device": "phone", "clicks": 3}],
        "by_country": [{"country": "DE", "clicks": 3}],
    }
