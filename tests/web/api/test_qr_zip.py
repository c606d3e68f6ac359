"""The QR codes of a job as one zip."""

import io
import zipfile
from typing import Any

import httpx
import pytest

from models.cursors import LARGEST_INDEX
from tests.system import System

WAIT = {"Prefer": "wait=30"}


def posted(system: System, *slugs: str) -> dict[str, Any]:
    body = "url,slug\n" + "".join(f"https://a.b,{slug}\n" for slug in slugs)
    found: dict[str, Any] = system.post_csv(body, headers=WAIT).raise_for_status().json()
    return found


def ask(system: System, job: dict[str, Any], **query: Any) -> httpx.Response:
    return system.client.get(f"{job['links']['self']}/qr.zip", params=query)


def opened(answer: httpx.Response) -> zipfile.ZipFile:
    assert answer.raise_for_status().headers["Content-Type"] == "application/zip"
    found = zipfile.ZipFile(io.BytesIO(answer.content))
    assert found.testzip() is None
    return found


def test_every_link_that_is_there_has_its_code(system: System) -> None:
    job = posted(system, "zip-one", "Zip-One", "a b", "zip-two", "zip-gone")
    gone = system.client.get("/api/links", params={"search": "zip-gone"}).json()["items"][0]
    assert system.client.delete(f"/api/links/{gone['id']}").status_code == 204
    codes = opened(ask(system, job))
    assert codes.namelist() == ["0000000-zip-one.svg", "0000001-Zip-One.svg", "0000003-zip-two.svg"]
    assert all(codes.read(name).startswith(b"<?xml") for name in codes.namelist())
    assert len({codes.read(name) for name in codes.namelist()}) == 3


def test_a_code_may_look_otherwise(system: System) -> None:
    job = posted(system, "png-one")
    small, large = (opened(ask(system, job, format="png", scale=scale, dark="f00")) for scale in (1, 20))
    assert small.namelist() == ["0000000-png-one.png"]
    sizes = [codes.read("0000000-png-one.png")[16:20] for codes in (small, large)]
    assert int.from_bytes(sizes[1]) == 20 * int.from_bytes(sizes[0])


def test_a_range_of_rows_has_its_own_zip(system: System) -> None:
    job = system.post({"url": "https://a.b", "count": 450}, headers=WAIT).json()
    names = opened(ask(system, job)).namelist()
    assert (len(names), names == sorted(names)) == (450, True)
    assert opened(ask(system, job, first=100, limit=250)).namelist() == names[100:350]
    for first in (450, LARGEST_INDEX):
        assert opened(ask(system, job, first=first)).namelist() == []
    assert ask(system, job, limit=100).json()["errors"][0]["pointer"] == "/first"


@pytest.mark.parametrize(
    "query",
    [{"format": "gif"}, {"scale": 0}, {"limit": 0}, {"limit": 100_001}, {"first": -1}, {"first": LARGEST_INDEX + 1}],
)
def test_what_cannot_be_drawn_is_refused(system: System, query: dict[str, Any]) -> None:
    assert ask(system, posted(system, ""), **query).status_code == 422


def test_a_job_without_links_has_an_empty_zip(system: System) -> None:
    assert opened(ask(system, posted(system, "a b"))).namelist() == []
