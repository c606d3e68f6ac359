"""`external_id`: a row that has its link already gets that one, whoever sends it, wherever and at the same time."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests import faults
from tests.system import System
from tests.waiting import wait_until
from tests.web.commands import client, new_key


def size(system: System) -> int:
    """The number of rows of several shards, which is even."""
    return system.rows_of(shards=2.4, most=60_000)


@pytest.fixture
def name() -> str:
    return uuid4().hex[:8]


def file(name: str, numbers: Iterable[int], url: str = "https://a.example") -> bytes:
    return b"url,external_id\n" + "".join(f"{url}/{at},{name}-{at}\n" for at in numbers).encode()


def counts(job: dict[str, Any]) -> dict[str, int]:
    return {status: job["counts"][status] for status in ("created", "existing", "failed")}


def links(system: System, name: str) -> list[Any]:
    """How many links there are of a name's rows, and how many ids."""
    return system.sql(f"SELECT count(*), count(DISTINCT external_id) FROM links WHERE external_id LIKE '{name}-%'")


def test_a_corrected_file_sent_again_makes_only_what_is_missing(system: System, name: str) -> None:
    first = system.wait_for_job(system.post_csv(file(name, range(3)) + b"nope,%s-3\nhttps://a.b,\n" % name.encode()))
    assert counts(first) == {"created": 4, "existing": 0, "failed": 1}
    again = system.wait_for_job(system.post_csv(file(name, range(5), "https://corrected.example")))
    assert counts(again) == {"created": 2, "existing": 3, "failed": 0}
    before, after = system.items(first), system.items(again)
    assert [item["status"] for item in after] == ["existing"] * 3 + ["created"] * 2
    assert [item["short_url"] for item in after[:3]] == [item["short_url"] for item in before[:3]]
    assert [item["external_id"] for item in after] == [f"{name}-{at}" for at in range(5)]
    leads = [system.client.get(item["short_url"]).headers["Location"] for item in after]
    assert leads == [f"https://a.example/{at}" for at in range(3)] + [
        f"https://corrected.example/{at}" for at in (3, 4)
    ]


def test_ids_are_a_workspaces_own(system: System, name: str) -> None:
    system.wait_for_job(system.post_csv(file(name, range(2))))
    with client(system, new_key(system, "--workspace", f"w{name}")) as stranger:
        headers = {"Content-Type": "text/csv", "Prefer": "wait=30"}
        job = stranger.post("/api/jobs", content=file(name, range(2)), headers=headers).json()
    assert counts(job) == {"created": 2, "existing": 0, "failed": 0}


def test_who_deletes_a_link_frees_its_id(system: System, name: str) -> None:
    job = system.wait_for_job(system.post_csv(file(name, range(2))))
    old = system.items(job)
    gone = next(
        link
        for link in system.client.get("/api/links", params={"job": job["id"]}).json()["items"]
        if link["external_id"] == f"{name}-1"
    )
    system.client.delete(f"/api/links/{gone['id']}").raise_for_status()
    new = system.items(system.wait_for_job(system.post_csv(file(name, range(2)))))
    assert [item["status"] for item in new] == ["existing", "created"]
    assert (new[0]["slug"], new[1]["slug"] != gone["slug"]) == (old[0]["slug"], True)


def test_an_id_that_stands_twice_in_a_file_is_one_link(system: System, name: str) -> None:
    rows = size(system)
    job = system.wait_for_job(system.post_csv(file(name, both(range(rows // 2), range(rows // 2)))))
    assert counts(job) == {"created": rows // 2, "existing": rows // 2, "failed": 0}
    assert links(system, name) == [(rows // 2, rows // 2)]


def test_files_sent_at_the_same_time_share_their_links(system: System, name: str) -> None:
    rows = size(system)
    orders = [range(rows), range(rows - 1, -1, -1)]
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda order: system.post_csv(file(name, order)), orders))
    jobs = [system.wait_for_job(answer, 120) for answer in answers]
    assert [job["counts"]["created"] + job["counts"]["existing"] for job in jobs] == [rows, rows]
    assert sum(job["counts"]["created"] for job in jobs) == rows
    assert links(system, name) == [(rows, rows)]
    assert astray(system, jobs) == [(0,)]


def test_a_worker_that_is_killed_costs_no_id_a_second_link(fragile_system: System, name: str) -> None:
    rows = size(fragile_system)
    first = fragile_system.post_csv(file(name, range(rows * 2)))
    wait_until(lambda: faults.shard_owners(fragile_system), what="a shard to be worked on")
    second = fragile_system.post_csv(file(name, range(rows * 2)))
    faults.kill_shard_owner(fragile_system)
    jobs = [fragile_system.wait_for_job(answer, 120) for answer in (first, second)]
    assert sum(job["counts"]["created"] for job in jobs) == rows * 2
    assert sum(job["counts"]["existing"] for job in jobs) == rows * 2
    assert links(fragile_system, name) == [(rows * 2, rows * 2)]
    assert astray(fragile_system, jobs) == [(0,)]


def both(*ranges: range) -> Iterator[int]:
    for numbers in ranges:
        yield from numbers


def astray(system: System, jobs: list[dict[str, Any]]) -> list[Any]:
    """How many items lead to no link, or to one without an id."""
    ids = ", ".join(job["id"] for job in jobs)
    its_link = "links.domain_id = jobs.domain_id AND links.slug = items.slug AND links.generation = items.generation"
    return system.sql(
        f"SELECT count(*) FROM items JOIN jobs ON jobs.id = items.job_id LEFT JOIN links ON {its_link}"
        f" WHERE jobs.id IN ({ids}) AND links.external_id IS NULL"
    )
