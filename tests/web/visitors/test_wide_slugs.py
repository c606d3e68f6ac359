"""Wide slugs and domains without case: the redirect finds a link however its path is sent."""

import unicodedata
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from models import store
from models.accounts import domains
from models.links import lookup, passwords
from producer.visits import click_buffer
from tests.web.visitors.test_visitors import BROWSER, OPEN, SLACK, leads_on
from tests.web.visitors.visiting import WORKSPACE, make

FOLDS = "folds.example"
WIDE = ("guide/2026/spring.sale", "~jo/x", "a.b", "über/öl", "हिन्दी/पेज", "日本語", "x" * 190, "ü" * 190)


@pytest.mark.parametrize("slug", WIDE)
def test_a_wide_slug_is_found_however_it_is_encoded(
    visitor: FlaskClient, counted: click_buffer.ClickBuffer, slug: str
) -> None:
    make(slug)
    decomposed = unicodedata.normalize("NFD", slug)
    for path in (slug, quote(slug), quote(slug, safe=""), decomposed, quote(decomposed)):
        assert leads_on(visitor.get(f"/{path}")), path
        assert leads_on(visitor.head(f"/{path}")), path
    assert {key.slug for key in counted.counts} == {slug}


@pytest.mark.parametrize(
    "path", ["guide/2026", "guide/2026/spring.sale/", "Guide/2026/spring.sale", "guide//2026/spring.sale"]
)
def test_a_path_beside_it_is_another(visitor: FlaskClient, path: str) -> None:
    make("guide/2026/a.b")
    assert visitor.get(f"/{path}").status_code == 404


def test_a_wide_slug_has_a_preview_and_a_form_and_a_limit_as_any_other(visitor: FlaskClient) -> None:
    make("a/ü", title="A title")
    shown = visitor.get("/a/%C3%BC+", headers={"Accept": "application/json"}).get_json()
    assert shown["short_url"] == "http://localhost:8000/a/%C3%BC"
    assert "A title" in visitor.get("/a/u\u0308+", headers=BROWSER).text
    make("b/ü", password_hash=OPEN, max_clicks=1)
    assert visitor.get("/b/ü").status_code == 401
    assert visitor.get("/b/ü+").status_code == 404
    assert visitor.post("/b/ü", data={"password": "open"}).status_code == 303
    assert visitor.post("/b/ü", data={"password": "open"}).status_code == 410
    make("c/ü", max_clicks=1)
    assert visitor.get("/c/ü", headers=SLACK).status_code == 200
    assert [visitor.get("/c/ü").status_code for _ in range(2)] == [302, 410]


@pytest.mark.parametrize("path", ["api/links", "api/nothing", "openapi.json", "static/x", "app/x"])
def test_the_store_is_not_asked_about_other_routes(
    visitor: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(lookup, "find", fail)
    assert visitor.get(f"/{path}").status_code != 302


@pytest.fixture
def folds(visitor: FlaskClient) -> FlaskClient:
    """A visitor, and a domain on which case does not matter."""
    with store.write() as db:
        domains.add(db, WORKSPACE, FOLDS, case_sensitive=False)
    return visitor


@pytest.mark.parametrize(
    ("slug", "paths"),
    [("foo", ("foo", "Foo", "FOO")), ("strasse/ä", ("Straße/Ä", "STRASSE/A\u0308", "strasse/%C3%84"))],
)
def test_where_case_does_not_matter_every_spelling_leads_on(
    folds: FlaskClient, slug: str, paths: tuple[str, ...]
) -> None:
    make(slug, FOLDS)
    for path in paths:
        assert leads_on(folds.get(f"/{path}", base_url=f"http://{FOLDS}")), path
        assert folds.get(f"/{path}+", base_url=f"http://{FOLDS}").status_code == 200, path


def test_elsewhere_case_matters(visitor: FlaskClient) -> None:
    make("foo")
    make("FOO", url="https://example.com/other")
    assert leads_on(visitor.get("/foo"))
    assert visitor.get("/Foo").status_code == 404
    assert visitor.get("/FOO").headers["Location"] == "https://example.com/other"


def test_a_password_is_asked_for_in_any_spelling(folds: FlaskClient) -> None:
    make("foo", FOLDS, password_hash=passwords.hash_password("open"))
    assert folds.get("/Foo", base_url=f"http://{FOLDS}").status_code == 401
    assert folds.post("/FOO", base_url=f"http://{FOLDS}", data={"password": "open"}).status_code == 303
