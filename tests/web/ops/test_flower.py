"""Flower in a whole system: what it shows of a job with failures, and that it shows nothing without the password."""

import itertools
import json
import re
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psutil
import pytest
from flower.urls import handlers
from playwright.sync_api import Browser, Page, expect

from producer.signals import celery_events
from tests import faults
from tests.system import System
from tests.waiting import wait_until

pytestmark = pytest.mark.parametrize("system", ["sqlite"], indirect=True)

THREE = "url,slug\nhttps://example.com/a,\nnope,\nhttps://example.com/b,white space\n"

Task = dict[str, Any]


def pair(system: System) -> tuple[str, str]:
    user, _, password = (system.data_dir / "flower-auth").read_text().strip().partition(":")
    return user, password


@pytest.fixture
def flower(system: System) -> Iterator[httpx.Client]:
    url = f"http://127.0.0.1:{system.environment['FLOWER_PORT']}"
    with httpx.Client(base_url=url, auth=pair(system), timeout=30) as client:
        yield client


@pytest.fixture
def page(system: System, flower: httpx.Client, browser: Browser) -> Iterator[Page]:
    user, password = pair(system)
    with browser.new_context(
        base_url=str(flower.base_url), http_credentials={"username": user, "password": password}
    ) as context:
        yield context.new_page()


def tasks(flower: httpx.Client, job: dict[str, Any]) -> list[Task]:
    """Return what Flower shows of a job, once each of its tasks has ended."""
    every = flower.get("/api/tasks").json().values()
    own = [task for task in every if job["id"] in str(task["kwargs"])]
    return own if all(task["state"] == "SUCCESS" for task in own) else []


def test_its_api_shows_a_jobs_tasks_with_their_arguments_state_and_counts(system: System, flower: httpx.Client) -> None:
    job = system.wait_for_job(system.post_csv(THREE))
    (task,) = wait_until(lambda: tasks(flower, job))
    assert (task["name"], task["state"], task["routing_key"]) == ("create", "SUCCESS", "interactive")
    assert task["kwargs"] == f"{{'job': '{job['id']}', 'shard': 0, 'rows': 3}}"
    assert task["result"].startswith("{'failed': 2, 'created': 1, 'updated': 0, 'deleted': 0, 'existing': 0, 'job': ")
    # The sender says that it sent a task only afterwards, so a quick worker may have received it a moment before.
    assert task["sent"] <= task["succeeded"] + 1
    assert task["received"] <= task["started"] <= task["succeeded"]
    assert task["worker"].startswith("interactive@")


def test_its_pages_show_them_in_words(system: System, flower: httpx.Client, page: Page) -> None:
    job = system.wait_for_job(system.post_csv(THREE))
    (task,) = wait_until(lambda: tasks(flower, job))
    page.goto("/tasks")
    row = page.locator("tbody tr", has_text=job["id"])
    for text in (
        "create",
        f"job {job['id']} · shard 0 · rows 3",
        "SUCCESS",
        "failed 2 · created 1",
    ):
        expect(row).to_contain_text(text)
    page.goto(f"/task/{task['uuid']}")
    expect(page.locator("#task-page")).to_contain_text("failed 2 · created 1")
    expect(page.locator("#task-page")).to_contain_text("SUCCESS")


def test_its_broker_page_shows_how_long_the_queues_are(system: System, flower: httpx.Client, page: Page) -> None:
    lengths = flower.get("/api/queues/length").json()["active_queues"]
    assert {"bulk", "interactive", "deliver", "titles", "sweep"} <= {length["name"] for length in lengths}
    page.goto("/broker")
    expect(page.locator("tbody tr", has_text="interactive").first).to_contain_text("0")


def test_routine_tasks_are_not_shown(system: System, flower: httpx.Client) -> None:
    began = time.time()
    system.wait_for_job(system.post_csv(THREE))
    tasks = wait_until(lambda: flower.get("/api/tasks").json()).values()
    assert {task["name"] for task in tasks}.isdisjoint(celery_events.ROUTINE_TASKS)
    # A task that was received before Flower was there has no name either.
    nameless = [task for task in tasks if task["name"] is None]
    assert [task for task in nameless if (task["started"] or 0) > began] == []


ROUTES = [route.regex.pattern if hasattr(route, "regex") else route[0] for route in handlers]
PATHS = ["/" + re.sub(r"\(?\.[+*]\)?", "some", route).removesuffix("$").rstrip("/?").lstrip("/") for route in ROUTES]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD"])
def test_nothing_answers_without_the_password(system: System, flower: httpx.Client, method: str) -> None:
    user, password = pair(system)
    wrong: list[tuple[str, str] | None] = [None, (user, "wrong"), (user, ""), (user, password[:-1]), ("ü", "ß")]
    with httpx.Client(base_url=flower.base_url) as stranger:
        for path, auth in itertools.product(PATHS, wrong):
            answer = stranger.request(method, path, auth=auth)
            assert answer.status_code == 401, (path, auth)
            assert answer.headers["WWW-Authenticate"] == 'Basic realm="flower"'
            assert answer.text in ("Access denied", "")
        for header in ("Basic", "Basic %%%", f"Bearer {password}", "Basic é"):
            answer = stranger.request(method, "/", headers={b"Authorization": header.encode()})
            assert answer.status_code == 401, header


@pytest.mark.parametrize("path", ["/metrics", "/healthcheck", "/", "/api/workers", "/static/css/flower.css"])
def test_with_the_password_everything_answers(flower: httpx.Client, path: str) -> None:
    assert flower.get(path).status_code == 200


def test_its_password_is_in_no_log_line_and_no_command_line(system: System) -> None:
    _, password = pair(system)
    assert len(password) >= 20
    assert (system.data_dir / "flower-auth").stat().st_mode & 0o777 == 0o600
    assert password not in system.log()
    family = psutil.Process(system.process.pid).children(recursive=True)
    assert len(family) > 8
    assert not [process for process in family if password in " ".join(process.cmdline())]


def test_a_restarted_flower_still_shows_earlier_tasks(system: System, flower: httpx.Client) -> None:
    job = system.wait_for_job(system.post_csv(THREE))
    (before,) = wait_until(lambda: tasks(flower, job))
    family = psutil.Process(system.process.pid).children()
    (old,) = [process for process in family if "flower" in process.cmdline()]
    old.terminate()
    old.wait(20)
    wait_until(lambda: answers(flower), what="the next Flower")
    assert tasks(flower, job) == [before]


def answers(flower: httpx.Client) -> bool:
    try:
        return flower.get("/healthcheck").status_code == 200
    except httpx.TransportError:
        return False


def test_a_node_sends_the_events_of_several_tasks_in_one_message(system: System) -> None:
    """Each message costs every listener time, and a vendor's client may create a hundred jobs a second."""
    with receive_events(system) as events:
        jobs = {system.post_csv(THREE).json()["id"] for _ in range(10)}
        messages = 0
        complete = set[str]()
        while len(complete) < len(jobs):
            results = results_of(next(events))
            messages += bool(results)
            complete |= {job for job in jobs for result in results if job in result}
    assert messages < len(jobs)


def test_events_still_arrive_after_lost_connections(system: System) -> None:
    for _ in range(3):
        system.wait_for_job(system.post_csv(THREE))  # its events are still to be sent
        faults.cut_connections(system)
    with receive_events(system) as events:
        job = system.wait_for_job(system.post_csv(THREE))["id"]
        wait_until(lambda: any(job in result for result in results_of(next(events))), 20)


@contextmanager
def receive_events(system: System) -> Iterator[Iterator[list[dict[str, Any]]]]:
    """Give the events that nodes send from now on, message by message."""
    with faults.connect_to_broker(system) as broker, broker.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.psubscribe("*celeryev*")
        yield (events_of(wait_until(lambda: subscription.get_message(timeout=1.0))["data"]) for _ in itertools.count())


def results_of(events: list[dict[str, Any]]) -> list[str]:
    """Return the results of the tasks that succeeded."""
    return [event["result"] for event in events if event["type"] == "task-succeeded"]


def events_of(message: bytes) -> list[dict[str, Any]]:
    """Return the events of one message of Celery."""
    body = json.loads(b64decode(json.loads(message)["body"]))
    return body if isinstance(body, list) else [body]
