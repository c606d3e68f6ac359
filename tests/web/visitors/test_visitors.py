"""Short links with conditions, in this process: what is refused and in which order, and what pages say."""

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import settings, store
from models.accounts import domains
from models.accounts.keys import Owner
from models.clicks import click_limits
from models.errors import SettingsError
from models.link_key import LinkKey
from models.links import passwords
from producer.visits import click_buffer
from tests.web.visitors.visiting import GENERATION, make
from web.visitors import texts

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SLACK = {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"}
OPEN = passwords.hash_password("open")
PAST, FUTURE = (datetime.now(UTC) + timedelta(days=days) for days in (-1, 1))


def used(slug: str = "here") -> int:
    with store.read() as db:
        found = domains.find(db, 1, None)
        assert found
        return click_limits.count(db, LinkKey(found.id, slug, GENERATION))


def number(buffer: click_buffer.ClickBuffer) -> int:
    return sum(buffer.counts.values())


def leads_on(answer: TestResponse) -> bool:
    return answer.status_code in (302, 303) and answer.headers["Location"] == "https://example.com/x?a=1&b=2"


def test_a_plain_link_leads_on_and_is_counted(visitor: FlaskClient, counted: click_buffer.ClickBuffer) -> None:
    make(expires_at=FUTURE)
    answer = visitor.get("/here")
    assert leads_on(answer)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "Referrer-Policy" in answer.headers
    assert number(counted) == 1


def test_head_of_a_plain_link_is_no_click(visitor: FlaskClient, counted: click_buffer.ClickBuffer) -> None:
    make()
    assert leads_on(visitor.head("/here"))
    assert number(counted) == 0


def test_each_redirect_of_a_limited_link_is_a_use(visitor: FlaskClient, counted: click_buffer.ClickBuffer) -> None:
    make(max_clicks=2)
    assert [visitor.get("/here").status_code for _ in range(4)] == [302, 302, 410, 410]
    assert (number(counted), used()) == (2, 2)


def test_head_of_a_limited_link_leads_nowhere_and_costs_nothing(
    visitor: FlaskClient, counted: click_buffer.ClickBuffer
) -> None:
    make(max_clicks=1)
    for _ in range(3):
        answer = visitor.head("/here")
        assert (answer.status_code, answer.headers.get("Location")) == (200, None)
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert (number(counted), used()) == (0, 0)
    assert leads_on(visitor.get("/here"))
    assert visitor.head("/here").status_code == 410


def test_a_bot_gets_the_title_of_a_limited_link_and_no_use_of_it(
    visitor: FlaskClient, counted: click_buffer.ClickBuffer
) -> None:
    make(max_clicks=1, title='Spring "sale" <now>')
    answer = visitor.get("/here", headers=SLACK)
    assert (answer.status_code, answer.mimetype, answer.headers.get("Location")) == (200, "text/html", None)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert '<meta property="og:title" content="Spring &#34;sale&#34; &lt;now&gt;">' in answer.text
    assert "<title>Spring &#34;sale&#34; &lt;now&gt;</title>" in answer.text
    assert "example.com" not in answer.text + str(answer.headers)
    assert [key.bot for key in counted.counts] == [True]
    assert used() == 0
    assert leads_on(visitor.get("/here"))


def test_a_limited_link_without_a_title_is_called_what_it_is(visitor: FlaskClient) -> None:
    make(max_clicks=1)
    assert "<title>A short link</title>" in visitor.get("/here", headers=SLACK).text


def test_a_bot_follows_a_link_without_a_limit(visitor: FlaskClient, counted: click_buffer.ClickBuffer) -> None:
    make(title="T")
    assert leads_on(visitor.get("/here", headers=SLACK))
    assert [key.bot for key in counted.counts] == [True]


def test_a_bot_is_refused_what_people_are_refused(visitor: FlaskClient, counted: click_buffer.ClickBuffer) -> None:
    for at, (link, status) in enumerate(ENDED):
        make(f"s{at}", **({"max_clicks": 1} | link))
        assert visitor.get(f"/s{at}", headers=SLACK).status_code == status, link
    make(max_clicks=1, password_hash=OPEN)
    assert visitor.post("/here", headers=SLACK, data={"password": "open"}).headers.get("Location") is None
    assert leads_on(visitor.post("/here", data={"password": "open"}))
    make("used", max_clicks=1)
    assert [visitor.get("/used", headers=headers).status_code for headers in ({}, SLACK)] == [302, 410]


ENDED: tuple[tuple[dict[str, Any], int], ...] = (
    ({"disabled_at": PAST}, 404),
    ({"expires_at": PAST}, 410),
    ({"disabled_at": PAST, "expires_at": PAST}, 404),
    ({"expires_at": PAST, "password_hash": OPEN}, 410),
    ({"disabled_at": PAST, "password_hash": OPEN}, 404),
    ({"expires_at": PAST, "max_clicks": 1}, 410),
    ({"password_hash": OPEN, "max_clicks": 1}, 401),
)


def test_the_end_comes_before_the_password_and_that_before_a_use(
    visitor: FlaskClient, counted: click_buffer.ClickBuffer
) -> None:
    for at, (link, status) in enumerate(ENDED):
        make(f"s{at}", **link)
        for method in ("GET", "HEAD", "POST"):
            assert visitor.open(f"/s{at}", method=method).status_code == status, (link, method)
        assert (number(counted), used(f"s{at}")) == (0, 0)


def test_a_right_password_leads_on_and_only_then_there_is_a_click(
    visitor: FlaskClient, counted: click_buffer.ClickBuffer
) -> None:
    make(password_hash=passwords.hash_password("Sésame öffne ❤"), max_clicks=1)
    assert visitor.get("/here").status_code == 401
    assert visitor.post("/here", data={"password": "sesame"}).status_code == 401
    assert (number(counted), used()) == (0, 0)
    answer = visitor.post("/here", data={"password": "Sésame öffne ❤"})
    assert answer.status_code == 303
    assert leads_on(answer)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert (number(counted), used()) == (1, 1)
    assert visitor.post("/here", data={"password": "Sésame öffne ❤"}).status_code == 410


def test_a_protected_link_that_is_used_up_asks_nobody_for_its_password(visitor: FlaskClient) -> None:
    make(password_hash=OPEN, max_clicks=1)
    assert leads_on(visitor.post("/here", data={"password": "open"}))
    for method in ("GET", "HEAD", "POST"):
        assert visitor.open("/here", method=method).status_code == 410, method


def test_a_password_that_was_taken_away_meanwhile_stands_in_nobodys_way(visitor: FlaskClient) -> None:
    make()
    assert leads_on(visitor.post("/here", data={"password": "any"}))


BODIES = ((b"", 401), (b"password", 401), (b"password=%ff%00", 401), (b"password=" + b"x" * 9000, 413))


def test_a_form_that_is_none_opens_nothing(visitor: FlaskClient) -> None:
    make(password_hash=OPEN)
    for body, status in BODIES:
        answer = visitor.post("/here", data=body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == status, body


def test_the_form_has_a_labelled_field_and_says_what_was_wrong(visitor: FlaskClient) -> None:
    make(password_hash=OPEN)
    asked = visitor.get("/here", headers=BROWSER).text
    assert '<label for="password">' in asked
    assert re.search(r'<input id="password" name="password" type="password"', asked)
    assert '<form method="post">' in asked
    assert "This password is wrong" not in asked
    assert "This password is wrong" in visitor.post("/here", data={"password": "no"}, headers=BROWSER).text


def test_a_program_that_asks_for_json_is_told_in_json(visitor: FlaskClient) -> None:
    make(password_hash=OPEN)
    answer = visitor.get("/here", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "PASSWORD_REQUIRED")
    assert visitor.get("/here", headers={"Accept": "*/*"}).mimetype == "text/html"


PAGES: tuple[tuple[str, dict[str, Any], int, str], ...] = (
    ("/none", {}, 404, "no such short link"),
    ("/expired", {"expires_at": PAST}, 410, "has expired"),
    ("/limited", {"max_clicks": 1}, 410, "used up"),
    ("/disabled", {"disabled_at": PAST}, 404, "no such short link"),
    ("/protected", {"password_hash": OPEN}, 401, "password"),
    ("/shown+", {"title": "T"}, 200, "https://example.com/"),
)


def test_browsers_get_pages_that_need_nothing_from_anywhere(visitor: FlaskClient) -> None:
    for path, link, status, said in PAGES:
        if link:
            make(path.strip("/+"), **link)
        visitor.get(path)
        answer = visitor.get(path, headers=BROWSER)
        assert (answer.status_code, answer.mimetype) == (status, "text/html"), path
        assert said in answer.text
        assert '<html lang="en">' in answer.text
        assert "width=device-width" in answer.text
        assert "prefers-color-scheme: dark" in answer.text
        assert not re.search(r"<script|<link|<img|@import|url\(|src=|\son\w+=", answer.text)


def test_a_page_may_do_nothing_but_be_styled(visitor: FlaskClient) -> None:
    answer = visitor.get("/none", headers=BROWSER)
    policy = answer.headers["Content-Security-Policy"]
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "script-src" not in policy


def test_programs_get_problems(visitor: FlaskClient) -> None:
    for accept in ("*/*", "", "application/json", "text/html;q=0"):
        answer = visitor.get("/none", headers={"Accept": accept} if accept else {})
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), accept


def test_a_preview_shows_where_a_link_leads_and_is_no_click(
    visitor: FlaskClient, counted: click_buffer.ClickBuffer
) -> None:
    make(max_clicks=1, title="A title")
    shown = visitor.get("/here+", headers=BROWSER)
    assert "https://example.com/x?a=1&amp;b=2" in shown.text
    assert "A title" in shown.text
    assert visitor.get("/here+", headers={"Accept": "application/json"}).get_json() == {
        "short_url": "http://localhost:8000/here", "url": "https://example.com/x?a=1&b=2", "title": "A title",
    }  # fmt: skip
    assert visitor.head("/here+").status_code == 200
    assert (number(counted), used()) == (0, 0)


def test_nothing_is_shown_of_a_link_that_does_not_lead_anywhere(visitor: FlaskClient) -> None:
    for path, link, status, _ in PAGES:
        if link and status != 200:
            make(path.strip("/"), **link)
            visitor.get(path)
            answer = visitor.get(f"{path}+", headers=BROWSER)
            assert answer.status_code == 404, path
            assert "example.com" not in answer.text


def test_a_preview_of_nothing_is_not_found(visitor: FlaskClient) -> None:
    make()
    for path in ("/+", "/none+", "/here++", "/he%20re+", "/%ff+"):
        assert visitor.get(path).status_code == 404, path


def test_what_a_link_is_called_and_leads_to_is_only_ever_text(visitor: FlaskClient) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    make(title=hostile, url=f"https://example.com/{hostile}")
    shown = visitor.get("/here+", headers=BROWSER).text
    assert "<script" not in shown
    assert "<img" not in shown
    assert shown.count("&lt;script&gt;") == 3


def test_the_house_may_have_words_of_its_own(visitor: FlaskClient) -> None:
    ours = 'language = "nl"\nunknown = "Bestaat <niet>."\nunknown_heading = "Niets"\n'
    (settings.get().data_dir / texts.FILE).write_text(ours)
    texts.all_texts.cache_clear()
    shown = visitor.get("/none", headers=BROWSER).text
    assert '<html lang="nl">' in shown
    assert "<h1>Niets</h1>" in shown
    assert "Bestaat &lt;niet&gt;." in shown
    assert visitor.get("/none").get_json()["detail"] == "Bestaat <niet>."


@pytest.mark.parametrize("broken", ["unknown = 1", 'unknown = " "', 'greeting = "Hi"', "unknown", "[unknown]"])
def test_words_that_are_none_are_told_at_the_start(owner: Owner, broken: str) -> None:
    (settings.get().data_dir / texts.FILE).write_text(broken)
    with pytest.raises(SettingsError, match=r"texts\.toml: expected a TOML file of texts"):
        texts.all_texts()


@pytest.mark.parametrize("slug", ["me", "bulk", "home", "cdn-cgi"])
def test_a_link_stays_alive_when_its_slug_becomes_a_reserved_word(visitor: FlaskClient, slug: str) -> None:
    make(slug)
    assert visitor.get(f"/{slug}").status_code == 302
