"""Export files of other services keep every slug, and what else they have, on their way through the whole system."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests import ROOT
from tests.system import System

FILES = ROOT / "tests" / "producer" / "intake" / "exports" / "files"

DAY = len("2026-01-01")
SECOND = len("2026-01-01T00:00:00")


@dataclass(frozen=True)
class Link:
    """What a row becomes."""

    slug: str
    title: str | None = None
    tags: tuple[str, ...] = ()
    expires_at: str | None = None
    max_clicks: int | None = None
    created_at: str | None = None
    """None: now."""
    clicks: int = 0
    disabled: bool = False


EXPORTS: dict[str, tuple[list[str], list[Link]]] = {
    "bitly.csv": (
        ["bit.ly", "go.acme.example"],
        [
            Link("spring-sale", "Spring sale, 20 % off", ("mail", "spring"), created_at="2023-03-01T09:12:44"),
            Link("3xYzAb1", created_at="2022-11-20T16:00:05"),
            Link("jobs-at-acme", "Jobs", ("hr",), created_at="2021-06-30T07:45:00"),
        ],
    ),
    "bitly-dashboard.csv": (
        ["go.acme.example", "bit.ly"],
        [Link("autumn-fair"), Link("4abCdE5"), Link("find-us-here")],
    ),
    "dub.csv": (
        ["dub.sh", "acme.link"],
        [
            Link("launch-day", created_at="2024-05-14T08:30:00", clicks=1204),
            Link("RkT9pQa", created_at="2024-05-15T10:00:12", clicks=7),
            Link("press-kit", created_at="2025-01-02T00:00:00"),
        ],
    ),
    "dub-all-columns.csv": (
        ["dub.sh"],
        [
            Link("black-friday", tags=("campaign", "mail"), created_at="2024-11-20T12:00:00", clicks=9310),
            Link("old-flyer", created_at="2023-02-02T15:20:00", clicks=58),
        ],
    ),
    "rebrandly.csv": ([], [Link("summer-tour", "Summer tour", ("print", "tour")), Link("tour-tickets", "Tickets")]),
    "rebrandly-api.csv": (
        ["rebrand.ly", "go.acme.example"],
        [
            Link("burn10M", "The new car", created_at="2016-07-13T10:54:12", clicks=42),
            Link("partner-day", created_at="2020-01-31T23:00:00"),
        ],
    ),
    "shortio.tsv": (
        ["acme.short.gy"],
        [
            Link("open-day", "Open day", ("event", "print"), expires_at="2031-09-30T22:00:00"),
            Link("mB7vEW", max_clicks=500),
        ],
    ),
    "tinyurl.csv": (
        ["tinyurl.com"],
        [
            Link("acme-newsletter", "Weekly newsletter", ("mail", "weekly"), None, None, "2022-04-05T06:07:08", 311),
            Link("yc8d2kfa", expires_at="2032-01-01T00:00:00", created_at="2021-12-24T18:00:00", clicks=25),
        ],
    ),
    "blink.csv": (
        [],
        [
            Link("fair2026", "Trade fair", expires_at="2031-06-30T00:00:00"),
            Link("catalogue-pdf", "Catalogue", expires_at="2033-01-01T00:00:00"),
            Link("h7Kq2P"),
        ],
    ),
    "kutt.csv": (
        ["kutt.it", "go.acme.example"],
        [
            Link("team-wiki", "Wiki of the team", created_at="2021-03-04T05:06:07", clicks=87),
            Link("xW2pLq", created_at="2022-10-10T10:10:10", clicks=3, disabled=True),
            Link("summer-party", "Party", expires_at="2034-08-01T00:00:00", created_at="2023-05-01T00:00:00"),
        ],
    ),
    "shlink.csv": (
        ["s.test"],
        [
            Link("conf-2020", "Conference", ("archive", "conf"), created_at="2020-08-09T08:11:12", clicks=2048),
            Link("Zk3Wd", created_at="2024-02-29T00:00:00", clicks=15),
        ],
    ),
    "yourls.csv": ([], [Link("open-source", clicks=77), Link("yr8")]),
    "yourls-table.csv": (
        [],
        [
            Link("lib-hours", "Opening hours of the library", created_at="2014-02-03T04:05:06", clicks=5120),
            Link("lb2", created_at="2015-06-07T08:09:10"),
        ],
    ),
    "tly.csv": (
        ["t.ly"],
        [
            Link("acme-social", "Social media", expires_at="2035-01-17T15:00:00", created_at="2022-01-16T20:20:54"),
            Link("OYXL", max_clicks=900, created_at="2023-07-08T09:00:00"),
        ],
    ),
    "cuttly.csv": (
        ["cutt.ly"],
        [
            Link("acme-podcast", "Podcast", created_at="2023-09-10T00:00:00"),
            Link("wHq7Zt2", "Shop", created_at="2020-12-01T00:00:00"),
        ],
    ),
}


def test_every_file_is_tested() -> None:
    assert {path.name for path in FILES.iterdir() if path.suffix != ".md"} == set(EXPORTS)


def test_every_file_has_its_source() -> None:
    text = (FILES / "README.md").read_text()
    assert [name for name in EXPORTS if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_keeps_every_slug_and_what_else_it_has(system: System, name: str) -> None:
    hosts, expected = EXPORTS[name]
    job = system.wait_for_job(system.post_csv((FILES / name).read_bytes()))
    assert (job["outcome"], job["errors"]) == ("succeeded", {}), job["detail"]
    assert job["format"].get("slugs_from", []) == hosts
    links = system.client.get("/api/links", params={"job": job["id"]}).raise_for_status().json()["items"]
    assert {link["slug"]: link_of(link, job) for link in links} == {link.slug: link for link in expected}
    assert len(links) == len(expected)


def link_of(document: dict[str, Any], job: dict[str, Any]) -> Link:
    is_new = document["created_at"][:DAY] >= job["created_at"][:DAY]
    return Link(
        slug=document["slug"],
        title=document["title"],
        tags=tuple(sorted(document["tags"])),
        expires_at=to_seconds(document["expires_at"]),
        max_clicks=document["max_clicks"],
        created_at=None if is_new else to_seconds(document["created_at"]),
        clicks=document["clicks"],
        disabled=document["disabled"],
    )


def to_seconds(moment: str | None) -> str | None:
    return moment[:SECOND] if moment else None


def test_a_short_link_on_a_domain_of_ours_comes_back_to_it(system: System) -> None:
    hostname = "own-domain.example"
    system.post({"hostname": hostname}, "/api/domains").raise_for_status()
    rows = f"https://{hostname}/kept-here,https://x.example/\nhttps://dub.sh/kept-there,https://x.example/\n"
    text = f"Short link,Destination URL\n{rows}"
    job = system.wait_for_job(system.post_csv(text))
    shorts = [item["short_url"] for item in system.items(job)]
    assert shorts[0].partition("://")[2] == f"{hostname}/kept-here"
    assert shorts[1] == f"{system.url.replace('127.0.0.1', 'localhost')}/kept-there"
