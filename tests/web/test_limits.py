"""What plans limit, on whole systems with small plans: calls an hour, and links an hour, a day and in all."""

import base64
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest
from awsysco import AwsysRateLimitError
from awsysco import Client as AwsysClient

from tests import faults
from tests.system import System, job_if_ended
from tests.system_files import many_links, roomy_links
from tests.waiting import wait_until
from tests.web.commands import client, new_key

QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"
SHARDS = 2.4
"""Of a large job."""


@pytest.fixture
def on(fragile_system: System, request: pytest.FixtureRequest, steady_hour: None) -> Iterator[httpx.Client]:
    """A client of a new workspace on the plan that the test names."""
    plan = request.param
    key = new_key(fragile_system, "--workspace", f"{plan} {time.time_ns()}", "--plan", plan)
    with client(fragile_system, key) as asking:
        yield asking


def bulk(asking: httpx.Client, count: int = 1) -> httpx.Response:
    links = [{"long": base64.b64encode(f"https://a.b/{at}".encode()).decode()} for at in range(count)]
    return asking.post("/api/bulk", json={"links": links})


def csv(asking: httpx.Client, text: str, **headers: str) -> httpx.Response:
    return asking.post("/api/jobs", content=text, headers={"Content-Type": "text/csv"} | headers)


def done(asking: httpx.Client, *urls: str) -> dict[str, Any]:
    """The ended job of some rows."""
    answer = csv(asking, "\n".join(("url", *urls)) + "\n", Prefer="wait=30")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def statuses(asking: httpx.Client, job: dict[str, Any]) -> list[str]:
    items = asking.get(job["links"]["items"]).json()["items"]
    return [item["error"]["code"] if item["error"] else item["status"] for item in items]


def use(asking: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = asking.get("/api/me").json()["use"]
    return found


def end(asking: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    path = answer.raise_for_status().json()["links"]["self"]
    return wait_until(lambda: job_if_ended(asking.get(path).json()), 60, f"the end of {path}")


def links_of(system: System, job: dict[str, Any]) -> int:
    return int(system.sql(f"SELECT count(*) FROM links WHERE job_id = {job['id']}")[0][0])


def told(answer: httpx.Response) -> tuple[int, int, int]:
    """Limit, left and seconds, which every family of headers must tell alike."""
    headers = answer.headers
    policy = re.fullmatch(r'"bulk";q=(\d+);w=3600', headers["RateLimit-Policy"])
    limit = re.fullmatch(r'"bulk";r=(\d+);t=(\d+)', headers["RateLimit"])
    assert policy
    assert limit
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == (policy[1], limit[1])
    assert abs(int(headers["X-RateLimit-Reset"]) - time.time() - int(limit[2])) < 5
    return int(policy[1]), int(limit[1]), int(limit[2])


@pytest.mark.parametrize("on", ["pro"], indirect=True)
def test_the_51st_bulk_call_of_an_hour_is_one_too_many(on: httpx.Client) -> None:
    for made in range(50):
        answer = bulk(on)
        assert (answer.status_code, told(answer)[:2]) == (200, (50, 49 - made))
    answer = bulk(on)
    seconds = int(answer.headers["Retry-After"])
    assert (answer.status_code, answer.json()["code"], told(answer)) == (429, "RATE_LIMITED", (50, 0, seconds))
    assert 3500 < seconds <= 3600


@pytest.mark.parametrize("on", ["calls"], indirect=True)
def test_uploads_count_as_bulk_calls_and_are_refused_as_a_problem(on: httpx.Client, fragile_system: System) -> None:
    for _ in range(10):
        assert csv(on, "url\nhttps://a.b/\n").status_code == 202
    before = fragile_system.sql("SELECT count(*) FROM jobs")
    answer = csv(on, "url\nhttps://a.b/\n")
    assert (answer.status_code, answer.headers["Content-Type"]) == (429, "application/problem+json")
    body = answer.json()
    assert (body["type"], body["code"], body["violated-policies"]) == (QUOTA_EXCEEDED, "RATE_LIMITED", ["bulk"])
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert bulk(on).status_code == 429
    assert fragile_system.sql("SELECT count(*) FROM jobs") == before
    assert on.get("/api/jobs").status_code == 200
    assert on.post("/api/createShort", json={"long": "aHR0cHM6Ly9hLmI"}).status_code == 429
    assert on.post("/api/links", json={"url": "https://a.b"}).status_code == 201


@pytest.mark.parametrize("on", ["calls"], indirect=True)
def test_every_answer_to_a_key_says_what_is_left(on: httpx.Client, fragile_system: System) -> None:
    answers = [
        on.get("/api/jobs"),
        on.get("/api/jobs/1"),
        on.get("/api/links", params={"limit": "x"}),
        on.patch("/api/me", json={"plan": "enterprise"}),
        on.get("/api/me"),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 422, 422, 200]
    assert {told(answer) for answer in answers} == {(10, 10, 3600)}
    wrong = [csv(on, ""), bulk(on, 0), on.post("/api/bulk", content=b"{")]
    assert [(answer.status_code, told(answer)[1]) for answer in wrong] == [(422, 9), (400, 8), (400, 7)]


def test_a_missing_scope_is_told_what_is_left_and_nobody_is_not(fragile_system: System) -> None:
    with client(fragile_system, new_key(fragile_system, "--workspace", "scopes", "--scopes", "read")) as reader:
        for answer in (csv(reader, "url\nhttps://a.b/\n"), bulk(reader)):
            assert (answer.status_code, told(answer)[:2]) == (403, (500, 500))
    nobody = httpx.get(f"{fragile_system.url}/api/jobs")
    assert (nobody.status_code, "RateLimit" in nobody.headers) == (401, False)


def test_without_a_limit_the_number_is_a_large_one(fragile_system: System) -> None:
    limit, left, _ = told(fragile_system.client.get("/api/jobs"))
    assert limit == left >= 1_000_000


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("on", ["calls"], indirect=True)
def test_the_awsys_sdk_raises_its_rate_limit_error(on: httpx.Client, fragile_system: System) -> None:
    token = on.headers["Authorization"].removeprefix("Bearer ")
    with AwsysClient(api_key=token, base_url=fragile_system.url) as sdk:
        for _ in range(10):
            sdk.bulk.create([{"url": "https://a.b/"}])
        with pytest.raises(AwsysRateLimitError) as refused:
            sdk.bulk.create([{"url": "https://a.b/"}])
    assert refused.value.code == "RATE_LIMITED"
    assert 3500 < (refused.value.retry_after or 0) <= 3600


@pytest.mark.parametrize("on", ["calls"], indirect=True)
def test_a_crowd_of_calls_gets_through_as_often_as_there_is_room(on: httpx.Client) -> None:
    with ThreadPoolExecutor(16) as crowd:
        answers = list(crowd.map(lambda _: csv(on, "url\nhttps://a.b/\n").status_code, range(40)))
    assert (answers.count(202), answers.count(429)) == (10, 30)


def test_workspaces_have_calls_of_their_own_and_keys_of_one_share_them(fragile_system: System) -> None:
    one, again, other = (
        new_key(fragile_system, "--workspace", name, "--plan", "calls") for name in ("shared", "shared", "own")
    )
    with (
        client(fragile_system, one) as first,
        client(fragile_system, again) as second,
        client(fragile_system, other) as third,
    ):
        bulk(first)
        assert [told(asking.get("/api/me"))[1] for asking in (first, second, third)] == [9, 9, 10]
        assert (use(second)["bulk_calls"], use(third)["bulk_calls"]) == (1, 0)


@pytest.mark.parametrize("on", ["wide"], indirect=True)
def test_the_length_of_a_call_is_the_plans_and_0_is_as_long_as_you_like(on: httpx.Client) -> None:
    assert bulk(on, 1500).json()["created"] == 1500
    limits = on.get("/api/me").json()["limits"]
    assert (limits["batch"]["awsys"], limits["bulk_limit"]) == (None, 2)


@pytest.mark.parametrize("on", ["daily", "hourly"], indirect=True)
def test_rows_over_a_limit_fail_while_the_rest_are_made(on: httpx.Client) -> None:
    job = done(on, "https://a.b/1", "nonsense", "https://a.b/2", "nonsense", "https://a.b/3", "https://a.b/4")
    made = ["created", "INVALID_URL", "created", "INVALID_URL", "created", "LIMIT_REACHED"]
    assert (statuses(on, job), job["outcome"]) == (made, "partial")
    assert job["errors"] == {"INVALID_URL": 2, "LIMIT_REACHED": 1}
    assert done(on, "https://a.b/5")["errors"] == {"LIMIT_REACHED": 1}
    answer = bulk(on, 2)
    assert [link["error"] for link in answer.json()["links"]] == ["LIMIT_REACHED"] * 2
    one = on.post("/api/createShort", json={"long": "aHR0cHM6Ly9hLmI"})
    assert (one.status_code, one.json()["error"]) == (403, "LIMIT_REACHED")


@pytest.mark.parametrize("on", ["few"], indirect=True)
def test_a_deleted_link_makes_room_in_the_total_and_not_in_the_day(on: httpx.Client) -> None:
    done(on, *(f"https://a.b/{at}" for at in range(4)))
    assert use(on) | {"bulk_calls": 0} == {
        "bulk_calls": 0,
        "links_this_hour": None,
        "links_today": 3,
        "links_total": 3,
    }
    for link in on.get("/api/links").json()["items"]:
        assert on.delete(f"/api/links/{link['id']}").status_code == 204
    assert (use(on)["links_total"], use(on)["links_today"]) == (0, 3)
    assert done(on, *(f"https://a.b/{at}" for at in range(3)))["counts"]["created"] == 2
    assert (use(on)["links_total"], use(on)["links_today"]) == (2, 5)


@pytest.mark.parametrize("on", ["few"], indirect=True)
def test_undo_makes_room_in_the_total_once_for_each_link_however_often_it_is_asked_for(on: httpx.Client) -> None:
    job = done(on, "https://a.b/1", "https://a.b/2")
    gone = on.get("/api/links").json()["items"][0]
    assert on.delete(f"/api/links/{gone['id']}").status_code == 204
    done(on, "https://a.b/3")
    asked = on.post(f"{job['links']['self']}/undo")
    assert on.post(f"{job['links']['self']}/undo").status_code == 409
    end(on, asked)
    end(on, on.post(f"{job['links']['self']}/undo"))
    assert (use(on)["links_total"], use(on)["links_today"]) == (1, 3)


@pytest.mark.parametrize("on", ["many"], indirect=True)
def test_two_large_jobs_at_once_make_exactly_the_limit(on: httpx.Client, fragile_system: System) -> None:
    rows = round(SHARDS * fragile_system.shard_rows)
    limit = many_links(fragile_system.shard_rows)
    text = "url\n" + "".join(f"https://example.com/{at}\n" for at in range(rows))
    most = [0]
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: csv(on, text), range(2)))
    jobs = [answer.json() for answer in answers]
    ids = ", ".join(job["id"] for job in jobs)

    def over() -> bool:
        most.append(int(fragile_system.sql(f"SELECT count(*) FROM links WHERE job_id IN ({ids})")[0][0]))
        return all(job_if_ended(on.get(job["links"]["self"]).json()) for job in jobs)

    wait_until(over, 60, "both jobs to end")
    finished = [end(on, answer) for answer in answers]
    assert max(most) <= limit
    assert sum(job["counts"]["created"] for job in finished) == limit
    assert sum(job["errors"].get("LIMIT_REACHED", 0) for job in finished) == 2 * rows - limit
    assert sum(links_of(fragile_system, job) for job in finished) == limit
    expected = {"links_this_hour": limit, "links_today": limit, "links_total": limit}
    assert {name: number for name, number in use(on).items() if name != "bulk_calls"} == expected


@pytest.mark.parametrize("on", ["roomy"], indirect=True)
def test_a_worker_that_dies_takes_nothing_of_the_quota_with_it(on: httpx.Client, fragile_system: System) -> None:
    rows = 2 * round(SHARDS * fragile_system.shard_rows)
    limit = roomy_links(fragile_system.shard_rows)
    text = "url\n" + "".join(f"https://example.com/{at}\n" for at in range(rows))
    answer = csv(on, text)
    for _ in range(2):
        faults.freeze_writer(fragile_system).kill()
    job = end(on, answer)
    assert (job["counts"]["created"], links_of(fragile_system, job), use(on)["links_total"]) == (rows,) * 3
    second = end(on, csv(on, text))
    assert (second["counts"]["created"], use(on)["links_total"]) == (limit - rows, limit)
    aside = fragile_system.sql(f"SELECT count(*) FROM shards WHERE job_id = {job['id']} AND state <> 'done'")
    assert aside == [(0,)]


@pytest.mark.parametrize("on", ["calls"], indirect=True)
def test_while_redis_is_away_calls_pass_and_the_log_says_so(on: httpx.Client, fragile_system: System) -> None:
    with faults.stopped_broker(fragile_system):
        answers = [csv(on, "url\nhttps://a.b/\n") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [202] * 12
    assert told(answers[0])[0] == 10
    assert "limits_unavailable" in fragile_system.log()
    for answer in answers:
        assert end(on, answer)["outcome"] == "succeeded"


@pytest.mark.parametrize("on", ["calls"], indirect=True)
def test_a_redis_that_hangs_is_not_waited_for_by_each(on: httpx.Client, fragile_system: System) -> None:
    with faults.suspended(faults.find_process(fragile_system, "broker")):
        since = time.monotonic()
        assert {on.get("/api/jobs").status_code for _ in range(20)} == {200}
        assert time.monotonic() - since < 20
    with closing(faults.connect_to_broker(fragile_system)) as redis:
        wait_until(redis.ping, what="the broker to answer again")
