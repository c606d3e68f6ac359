"""/api/links/{id}: one link, changed, deleted, counted and drawn."""

import json
import socket
import struct
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from sqlalchemy import make_url

from tests.system import System
from tests.waiting import wait_until

URL = "https://example.com/"
WRONG: list[tuple[str, Any, str]] = [
    ("url", None, "INVALID_URL"), ("url", 5, "INVALID_TYPE"), ("url", "no", "INVALID_URL"), ("url", "", "INVALID_URL"),
    ("title", 5, "INVALID_TYPE"), ("title", "x" * 501, "INVALID_TITLE"), ("title", "\0", "INVALID_TITLE"),
    ("title", "\ud800", "INVALID_TITLE"), ("password", ["x"], "INVALID_TYPE"),
    ("password", "x" * 129, "INVALID_PASSWORD"), ("expires_at", 5, "INVALID_TYPE"),
    ("expires_at", "soon", "INVALID_EXPIRY"), ("expires_at", "9999-12-31T23:59:59-12:00", "INVALID_EXPIRY"),
    ("ttl", 0, "INVALID_TTL"), ("ttl", "60", "INVALID_TYPE"), ("ttl", True, "INVALID_TYPE"),
    ("ttl", 2**31, "INVALID_TTL"), ("max_clicks", 0, "INVALID_MAX_CLICKS"), ("max_clicks", 1.5, "INVALID_TYPE"),
    ("max_clicks", 10**30, "INVALID_MAX_CLICKS"), ("tags", "a", "INVALID_TYPE"), ("tags", [5], "INVALID_TAGS"),
    ("tags", ["x"] * 21, "INVALID_TAGS"), ("group", "nobody's", "UNKNOWN_GROUP"), ("group", [], "INVALID_TYPE"),
    ("utm_source", 5, "INVALID_TYPE"), ("utm_term", "x" * 256, "INVALID_UTM"), ("external_id", {}, "INVALID_TYPE"),
    ("external_id", "x" * 256, "INVALID_EXTERNAL_ID"), ("disabled", None, "INVALID_TYPE"),
    ("disabled", 1, "INVALID_TYPE"), ("disabled", "true", "INVALID_TYPE"), ("slug", "other", "UNKNOWN_FIELD"),
    ("domain", "other", "UNKNOWN_FIELD"), ("colour/of~it", "red", "UNKNOWN_FIELD"),
]  # fmt: skip


def make(system: System, **item: Any) -> dict[str, Any]:
    made = system.post({"url": URL, **item}, "/api/links")
    assert made.status_code == 201, made.text
    return dict(made.json())


def at(link: dict[str, Any]) -> str:
    return f"/api/links/{link['id']}"


def change(system: System, link: dict[str, Any], **fields: Any) -> dict[str, Any]:
    changed = system.client.patch(at(link), json=fields)
    assert changed.status_code == 200, changed.text
    read_again = system.client.get(at(link)).json()
    read_again["clicks"] = changed.json()["clicks"]  # earlier clicks may have been counted meanwhile
    assert changed.json() == read_again
    return dict(changed.json())


def follow(link: dict[str, Any]) -> httpx.Response:
    return httpx.get(link["short_url"])


def counted(system: System, link: dict[str, Any], clicks: int) -> dict[str, Any] | None:
    stats: dict[str, Any] = system.client.get(f"{at(link)}/stats").json()
    return stats if stats["clicks"] + stats["bots"] == clicks else None


def test_a_link_is_shown_as_it_was_made(system: System) -> None:
    link = make(system, title="A", tags=["b", "a"])
    assert system.client.get(at(link)).json() == link
    assert (link["status"], link["disabled"], link["tags"]) == ("active", False, ["a", "b"])
    assert (link["clicks"], link["group"]) == (0, None)


@pytest.mark.parametrize(
    "link_id",
    ["x", "1", "1-1", "1-1-x", "-1-1-x", "1-1-a b", "1-1-é", "1-1-%00", "f" * 16 + "-1-x", "1-" + "f" * 8 + "-x"],
)
def test_what_is_no_id_is_no_link(system: System, link_id: str) -> None:
    for path in ("", "/stats", "/qr.svg", "/qr.png"):
        assert system.client.get(f"/api/links/{link_id}{path}").status_code == 404
    for answer in (
        system.client.patch(f"/api/links/{link_id}", json={}),
        system.client.delete(f"/api/links/{link_id}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_every_field_can_be_changed(system: System) -> None:
    group = system.post({"name": f"group of {system.url}"}, "/api/groups").json()
    link = make(system)
    assert change(system, link, url="HTTPS://Other.example/a b")["url"] == "https://other.example/a%20b"
    assert change(system, link, title="B")["title"] == "B"
    assert change(system, link, expires_at="2099-01-01T01:00:00+01:00")["expires_at"] == "2099-01-01T00:00:00.000Z"
    assert change(system, link, ttl=3600)["expires_at"] < "2099"
    assert change(system, link, max_clicks=7)["max_clicks"] == 7
    assert change(system, link, tags=["x", "y", "x"])["tags"] == ["x", "y"]
    assert change(system, link, group=group["name"])["group"] == group["name"]
    assert change(system, link, external_id=f"changed {link['slug']}")["external_id"] == f"changed {link['slug']}"
    assert change(system, link, utm_source="mail", utm_term="a b")["url"].endswith("?utm_source=mail&utm_term=a+b")
    assert change(system, link, utm_source="web")["url"].endswith("?utm_term=a+b&utm_source=web")
    assert change(system, link, password="secret")["protected"]
    assert change(system, link, group=group["id"])["slug"] == link["slug"]


def test_null_and_nothing_remove(system: System) -> None:
    full = {"title": "A", "password": "x", "max_clicks": 5, "expires_at": "2099-01-01", "tags": ["a"]}
    link = make(system, **full, external_id="to be removed")
    bare = change(system, link, **dict.fromkeys(full), external_id=None)
    assert [bare[name] for name in ("title", "max_clicks", "expires_at", "external_id")] == [None] * 4
    assert (bare["protected"], bare["tags"], bare["url"]) == (False, [], URL)
    assert change(system, make(system, title="A", tags=["a"]), title="", tags=[])["title"] is None


def test_what_is_not_named_stays(system: System) -> None:
    link = make(system, title="A", password="x", max_clicks=5, ttl=60, tags=["a"], external_id="to be kept")
    assert change(system, link) == link
    assert change(system, link, title="B") == link | {"title": "B"}


def test_a_changed_url_is_where_it_leads_from_then_on(system: System) -> None:
    link = make(system)
    change(system, link, url="https://elsewhere.example/")
    assert follow(link).headers["Location"] == "https://elsewhere.example/"


@pytest.mark.parametrize(("field", "value", "code"), WRONG)
def test_a_wrong_change_says_where_and_changes_nothing(system: System, field: str, value: Any, code: str) -> None:
    link = make(system, title="A")
    answer = system.client.patch(at(link), content=json.dumps({"max_clicks": 3, field: value}))
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    pointer = "/" + field.replace("~", "~0").replace("/", "~1")
    assert [(found["pointer"], found["code"]) for found in answer.json()["errors"]] == [(pointer, code)]
    assert system.client.get(at(link)).json() == link


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b'{"title": NaN}', b"[" * 60_000, b'{"title": "\xff"}'])
def test_a_body_that_is_no_object_is_refused(system: System, body: bytes) -> None:
    answer = system.client.patch(at(make(system)), content=body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")


def test_both_ways_to_say_when_it_ends_are_one_too_many(system: System) -> None:
    answer = system.client.patch(at(make(system)), json={"ttl": 60, "expires_at": "2099-01-01"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/ttl")


def test_a_link_cannot_be_made_to_lead_in_circles(system: System) -> None:
    answer = system.client.patch(at(make(system)), json={"url": f"{system.url}/x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "BLOCKED_URL")
    assert answer.json()["errors"][0]["pointer"] == "/url"


def test_an_external_id_that_is_anothers_is_a_conflict(system: System) -> None:
    make(system, external_id="one of a kind")
    link = make(system)
    answer = system.client.patch(at(link), json={"title": "B", "external_id": "one of a kind"})
    assert (answer.status_code, answer.json()["code"]) == (409, "EXTERNAL_ID_TAKEN")
    assert answer.json()["errors"][0]["pointer"] == "/external_id"
    assert system.client.get(at(link)).json() == link


def test_a_freed_external_id_makes_a_new_link(system: System) -> None:
    link = make(system, external_id="to be freed")
    change(system, link, external_id=None)
    again = make(system, external_id="to be freed")
    assert again["id"] != link["id"]
    assert system.client.delete(at(again)).status_code == 204
    assert make(system, external_id="to be freed")["id"] != again["id"]


def test_a_disabled_link_leads_nowhere_until_it_is_enabled(system: System) -> None:
    link = make(system)
    assert change(system, link, disabled=True) == link | {"disabled": True, "status": "disabled"}
    assert follow(link).status_code == 404
    assert change(system, link, disabled=False) == link
    assert follow(link).status_code == 302


def test_a_password_is_kept_as_a_hash_only(system: System) -> None:
    link = make(system)
    change(system, link, password="correct horse")
    ((kept,),) = system.sql(f"SELECT password_hash FROM links WHERE slug = '{link['slug']}'")
    assert kept.startswith("$argon2id$")
    assert "correct horse" not in kept


def test_a_deleted_link_leaves_nothing_and_frees_its_slug(system: System) -> None:
    slug = f"gone-{make_url(system.database_url).get_backend_name()}"
    link = make(system, slug=slug, tags=["gone"], max_clicks=5)
    assert system.client.delete(at(link)).status_code == 204
    assert system.client.get(at(link)).status_code == system.client.delete(at(link)).status_code == 404
    assert follow(link).status_code == 404
    for table in ("links", "link_tags", "untitled", "clicks", "uses"):
        assert system.sql(f"SELECT count(*) FROM {table} WHERE slug = '{slug}'") == [(0,)], table
    again = make(system, slug=slug)
    assert (again["id"] == link["id"], again["tags"]) == (False, [])
    assert system.client.get(at(link)).status_code == 404


def test_the_item_of_a_deleted_link_stays(system: System) -> None:
    job = system.wait_for_job(system.post({"links": [{"url": URL}, {"url": URL}]}))
    first, second = system.items(job)
    (link,) = [one for one in system.client.get("/api/links").json()["items"] if one["slug"] == first["slug"]]
    assert system.client.delete(at(link)).status_code == 204
    assert system.items(job) == [first | {"url": None}, second]


def test_a_title_by_hand_ends_the_wait_for_one_from_the_page(system: System) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        body = {"links": [{"url": f"http://127.0.0.1:{silent.getsockname()[1]}/"}] * 9, "fetch_titles": True}
        job = system.wait_for_job(system.post(body))
        rows = f"SELECT slug FROM untitled WHERE job_id = {job['id']} ORDER BY leased_until, slug"
        slug = wait_until(lambda: system.sql(rows), what="links that wait for a title")[0][0]
        (link,) = system.client.get("/api/links", params={"search": slug}).json()["items"]
        assert change(system, link, title="by hand")["title"] == "by hand"
        assert (slug,) not in system.sql(rows)
    assert system.client.get(at(link)).json()["title"] == "by hand"


def test_a_link_is_used_up_by_its_clicks_and_lives_again_with_more(system: System) -> None:
    link = make(system, max_clicks=1)
    assert [follow(link).status_code for _ in range(2)] == [302, 410]
    assert system.client.get(at(link)).json()["status"] == "used_up"
    assert change(system, link, max_clicks=2)["status"] == "active"
    assert [follow(link).status_code for _ in range(2)] == [302, 410]


def test_a_link_that_ended_is_expired(system: System) -> None:
    link = make(system, expires_at="2020-01-01")
    assert (link["status"], follow(link).status_code) == ("expired", 410)
    assert change(system, link, expires_at=None)["status"] == "active"
    assert follow(link).status_code == 302


def test_clicks_are_counted_in_the_link_and_its_stats(system: System) -> None:
    link = make(system)
    browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0"}
    for referrer in ("https://a.example/x", "https://a.example/y", "https://b.example/"):
        httpx.get(link["short_url"], headers=browser | {"Referer": referrer})
    httpx.get(link["short_url"], headers={"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"})
    stats = wait_until(lambda: counted(system, link, 4), what="four clicks to be counted")
    assert (stats["clicks"], stats["bots"], [day["clicks"] for day in stats["by_day"]]) == (3, 1, [3])
    assert stats["by_referrer"] == [{"referrer": "a.example", "clicks": 2}, {"referrer": "b.example", "clicks": 1}]
    assert (stats["by_device"], stats["by_country"]) == (
        [{"device": "desktop", "clicks": 3}],
        [{"country": "", "clicks": 3}],
    )
    assert system.client.get(at(link)).json()["clicks"] == 3


def test_a_link_without_clicks_has_stats(system: System) -> None:
    nothing: list[Any] = []
    empty = {"by_day": nothing, "by_referrer": nothing, "by_device": nothing, "by_country": nothing}
    assert (
        system.client.get(f"{at(make(system))}/stats").json() == {"clicks": 0, "opening_clicks": 0, "bots": 0} | empty
    )


def test_a_qr_code_is_drawn_as_svg(system: System) -> None:
    answer = system.client.get(f"{at(make(system))}/qr.svg", params={"dark": "#123456", "light": "transparent"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    root = ElementTree.fromstring(answer.content)
    assert root.tag.endswith("}svg")
    assert b"#123456" in answer.content


def test_a_qr_code_is_drawn_as_png_of_the_size_asked_for(system: System) -> None:
    link = make(system)
    sizes = []
    for scale, border in ((1, 0), (1, 4), (50, 20)):
        answer = system.client.get(f"{at(link)}/qr.png", params={"scale": scale, "border": border})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
        assert answer.content.startswith(b"\x89PNG\r\n\x1a\n")
        sizes.append(struct.unpack(">II", answer.content[16:24]))
    modules = sizes[0][0]
    assert (modules - 17) % 4 == 0
    assert sizes == [(modules, modules), (modules + 8, modules + 8), ((modules + 40) * 50, (modules + 40) * 50)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scale", "0"), ("scale", "51"), ("scale", "x"), ("scale", ""), ("border", "-1"), ("border", "21"),
        ("dark", "nocolour"), ("dark", "#12"), ("light", "#12345"), ("light", ""), ("dark", "\0"), ("dark", "fff\n"),
    ],
)  # fmt: skip
def test_a_qr_code_that_cannot_be_drawn_is_refused(system: System, name: str, value: str) -> None:
    for kind in ("svg", "png"):
        answer = system.client.get(f"{at(make(system))}/qr.{kind}", params={name: value})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{name}"), answer.text
