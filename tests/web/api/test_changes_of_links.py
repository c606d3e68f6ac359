"""A change of a link holds from its answer on, in every process that redirects."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPResponse
from threading import Event
from urllib.parse import urlsplit

import httpx

from tests.system import System

ROUNDS = 20
VISITS = 8  # enough to meet each of the two web processes


def visit(url: str) -> HTTPResponse:
    """Visit a short link on a connection of its own."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=30)) as connection:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        answer.read()
        return answer


def locations(url: str) -> set[str | None]:
    """Where visitors are sent who come one after another."""
    return {visit(url).headers["Location"] for _ in range(VISITS)}


def test_a_new_url_holds_at_once_in_every_process(system: System) -> None:
    link = system.post({"url": "https://first.example/"}, "/api/links").json()
    assert locations(link["short_url"]) == {"https://first.example/"}
    for number in range(ROUNDS):
        url = f"https://next.example/{number}"
        system.client.patch(f"/api/links/{link['id']}", json={"url": url}).raise_for_status()
        assert locations(link["short_url"]) == {url}


def test_a_disabled_or_deleted_link_leads_nowhere_at_once(system: System) -> None:
    link = system.post({"url": "https://first.example/"}, "/api/links").json()
    path = f"/api/links/{link['id']}"
    for disabled, expected in ((True, None), (False, "https://first.example/")) * 5:
        system.client.patch(path, json={"disabled": disabled}).raise_for_status()
        assert locations(link["short_url"]) == {expected}
    system.client.delete(path).raise_for_status()
    assert locations(link["short_url"]) == {None}


def test_undone_links_lead_nowhere_at_once(system: System) -> None:
    job = system.wait_for_job(system.post_csv("url\n" + "https://first.example/\n" * 3))
    short_urls = [f"{system.url}/{item['slug']}" for item in system.items(job)]
    is_undone = Event()
    with ThreadPoolExecutor(1) as visitors:
        looks = visitors.submit(look_until, is_undone, short_urls)
        system.wait_for_job(system.client.post(f"/api/jobs/{job['id']}/undo"))
        statuses = {httpx.get(url).status_code for url in short_urls for _ in range(VISITS)}
        is_undone.set()
        assert looks.result(10) == "https://first.example/"
    assert statuses == {404}


def look_until(is_over: Event, short_urls: list[str]) -> str | None:
    """Look where links lead again and again, which is no click, so that every process keeps them in memory."""
    first: str | None = httpx.head(short_urls[0]).headers.get("Location")
    while not is_over.is_set():
        for url in short_urls:
            httpx.head(url)
    return first
