"""The pages of domains, groups, tags and the overview, and the files at the root."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from models import store
from models.accounts.keys import Owner
from models.clicks import click_counts
from models.clicks.click_counts import ClickCount
from models.link_key import parse_link_id
from models.links.labels import GROUPS, TAGS
from producer.resources import domains, labels
from producer.resources.links import list_links
from tests.models.links.new_links import add_link
from tests.web.dashboard.filling import form
from tests.web.dashboard.test_job_pages import run
from web.dashboard import links as links_page

TODAY = datetime.now(UTC).date()


def test_a_domain_is_added_verified_and_removed(client: FlaskClient, owner: Owner) -> None:
    added = client.post("/app/domains", data=form(client, hostname="Go.Example.com"), follow_redirects=True)
    assert "go.example.com was added." in added.text
    (domain,) = [row for row in domains.list_domains(owner, 0, 10).items if not row["is_default"]]
    page = f"/app/domains/{domain['id']}"
    assert "Remove go.example.com?" in client.get(f"{page}/remove").text
    assert "was removed." in client.post(f"{page}/remove", data=form(client), follow_redirects=True).text
    assert len(domains.list_domains(owner, 0, 10).items) == 1


def test_a_hostname_that_is_none_is_refused_beside_its_field(client: FlaskClient) -> None:
    refused = client.post("/app/domains", data=form(client, hostname="no host"))
    assert (refused.status_code, 'aria-invalid="true"' in refused.text) == (422, True)


def test_groups_and_tags_are_created_and_deleted(client: FlaskClient, owner: Owner) -> None:
    for plural, kind in (("groups", GROUPS), ("tags", TAGS)):
        path = f"/app/labels/{plural}"
        assert "red was created." in client.post(path, data=form(client, name="red"), follow_redirects=True).text
        assert client.post(path, data=form(client, name="red")).status_code == 422
        assert client.post(path, data=form(client, name=" ")).status_code == 422
        (label,) = labels.list_labels(owner, kind, "0", 10).items
        deletion = f"{path}/{label['id']}/delete"
        assert "The links are kept." in client.get(deletion).text
        assert client.post(deletion, data=form(client)).status_code == 303
        assert labels.list_labels(owner, kind, "0", 10).items == []


def test_the_overview_shows_clicks_top_links_and_jobs(client: FlaskClient, owner: Owner) -> None:
    job = run(owner, b"url,slug\nhttps://a.example/,top\nhttps://b.example/,other\n", "spring.csv")
    (link,) = [link for link in list_links(owner, {}, None, 10).items if link["slug"] == "top"]
    key = parse_link_id(link["id"])
    assert key
    click = ClickCount(*key, TODAY, False, "desktop", "", "", job.id, 7)
    with store.write() as db:
        click_counts.add(db, [click, click._replace(day=TODAY - timedelta(days=20), times=4)])
    page = client.get("/app/overview").text
    assert "11 clicks in 30 days" in page
    assert page.index("/top</a>") > 0
    assert "/other</a>" not in page
    assert "spring.csv" in page
    assert "7 clicks in 7 days" in client.get("/app/overview?days=7").text


def test_links_are_filtered_by_domain_and_date(client: FlaskClient, owner: Owner) -> None:
    run(owner, b"url,slug\nhttps://a.example/,dated\n")
    (domain,) = domains.list_domains(owner, 0, 10).items
    tomorrow = str(TODAY + timedelta(days=1))
    for query, is_listed in (
        (f"domain={domain['id']}", True),
        ("domain=999", False),
        (f"created_after={TODAY}&created_before={tomorrow}", True),
        (f"created_after={tomorrow}", False),
    ):
        page = client.get(f"/app/links?{query}").text
        assert ("/dated</a>" in page) == is_listed, query
        assert f'value="{TODAY}"' in page or "created" not in query or not is_listed


def test_links_are_sorted_and_the_next_page_goes_on(
    client: FlaskClient, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links_page, "ROWS", 1)
    for slug, opening in (("few", 1), ("none", None), ("many", 2)):
        add_link(owner, slug, opening_clicks=opening)
    address = "/app/links?sort=clicks&status=active"
    shown = []
    while address:
        page = client.get(address).text
        shown += re.findall(r'name="link"[^>]*aria-label="(\w+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(following[1]) if following else ""
    assert shown == ["many", "few", "none"]
    assert '<option value="clicks" selected>' in page
    assert client.get("/app/links?sort=nonsense").status_code == 200


def test_all_links_of_a_day_can_be_selected(client: FlaskClient, owner: Owner) -> None:
    run(owner, b"url,slug\nhttps://a.example/,dated\n")
    selected = form(client, query=f"created_after={TODAY}", whole="1", action="disable")
    assert client.post("/app/links/many", data=selected).status_code == 303


def test_the_root_has_an_icon_and_rules_for_robots(client: FlaskClient) -> None:
    icon = client.get("/favicon.ico")
    assert (icon.status_code, icon.mimetype) == (200, "image/svg+xml")
    robots = client.get("/robots.txt")
    assert (robots.mimetype, "Disallow: /app" in robots.text) == ("text/plain", True)
