"""/metrics: what it counts on a whole system, to the unit, whichever process is asked."""

import http.client
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from models.accounts.keys import Owner
from producer.signals.counters import BUCKETS
from producer.signals.flushing import FLUSH_SECONDS
from tests.shared_app import shared_app
from tests.system import System
from tests.waiting import wait_until
from tests.workers.chores.receiver import receiving

Values = dict[str, float]

THREE = "url,slug\nhttps://example.com/a,\nnope,\nhttps://example.com/b,white space\n"
BULK_ROWS = 1200


def parsed(text: str) -> Values:
    """Every sample as it is written: name{label="value"}."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    names = [f"{it.name}{{{','.join(f'{k}={v}' for k, v in sorted(it.labels.items()))}}}" for it in samples]
    assert len(set(names)) == len(names)
    return {name.removesuffix("{}"): sample.value for name, sample in zip(names, samples, strict=True)}


def scrape(system: System) -> Values:
    """By a connection of its own: another process may answer."""
    return parsed(httpx.get(f"{system.url}/metrics").raise_for_status().text)


def settled(system: System) -> Values:
    """The metrics once every count so far has been handed over."""
    # No condition shows that nothing more is to come, so wait for two hand-overs.
    time.sleep(2 * FLUSH_SECONDS)
    return scrape(system)


def moved(system: System, before: Values, wanted: Values) -> None:
    """Wait until these metrics have changed by so much, and check that they change no further."""

    def by() -> Values:
        now = scrape(system)
        return {name: now.get(name, 0) - before.get(name, 0) for name in wanted}

    wait_until(lambda: by() == wanted, what=lambda: f"{wanted}; it is {by()}")
    time.sleep(FLUSH_SECONDS)
    assert by() == wanted


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_values_move_by_what_was_done(system: System) -> None:
    before = settled(system)
    small = system.wait_for_job(system.post_csv(THREE))
    large = system.wait_for_job(system.post_csv("url\n" + "https://example.com/x\nnope\n" * (BULK_ROWS // 2)))
    system.wait_for_job(system.post_csv(THREE, params={"dry_run": "true"}))
    assert (small["outcome"], large["outcome"]) == ("partial", "partial")
    (path,) = [urlsplit(item["short_url"]).path for item in system.items(small, status="created")]
    for _ in range(7):
        assert follow(system, path) == 302
    moved(
        system,
        before,
        {
            "linkmill_jobs_ended_total{kind=create,outcome=partial,status=completed}": 2,
            "linkmill_jobs_ended_total{kind=dry_run,outcome=partial,status=completed}": 1,
            "linkmill_items_total{kind=create,outcome=created}": 1 + BULK_ROWS / 2,
            "linkmill_items_total{kind=create,outcome=failed}": 2 + BULK_ROWS / 2,
            "linkmill_items_total{kind=create,outcome=existing}": 0,
            "linkmill_items_total{kind=dry_run,outcome=created}": 1,
            "linkmill_items_total{kind=dry_run,outcome=failed}": 2,
            "linkmill_shard_seconds_count{kind=create}": 3,
            "linkmill_shard_seconds_bucket{kind=create,le=+Inf}": 3,
            "linkmill_redirects_total": 7,
            "linkmill_jobs_open{status=queued}": 0,
            "linkmill_jobs_open{status=running}": 0,
        },
    )
    undone = system.wait_for_job(system.client.post(large["links"]["self"] + "/undo"))
    assert undone["counts"]["deleted"] == BULK_ROWS / 2
    moved(
        system,
        before,
        {
            "linkmill_jobs_ended_total{kind=undo,outcome=succeeded,status=completed}": 1,
            "linkmill_items_total{kind=undo,outcome=deleted}": BULK_ROWS / 2,
            "linkmill_shard_seconds_count{kind=undo}": 1,
            "linkmill_clicks_buffered": 0 - before["linkmill_clicks_buffered"],
        },
    )


def follow(system: System, path: str) -> int:
    address = urlsplit(system.url).netloc
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_deliveries_are_counted_by_what_came_of_them(system: System) -> None:
    before = settled(system)
    with receiving() as receiver:
        system.wait_for_job(system.post_csv(THREE, params={"webhook_url": receiver.url}))
        moved(system, before, {"linkmill_deliveries_total{outcome=delivered}": 1, "linkmill_deliveries_waiting": 0})


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_whichever_process_answers_it_is_the_same(system: System) -> None:
    system.wait_for_job(system.post_csv(THREE))

    def steady(take: Callable[[], Values]) -> list[Values]:
        """What does not move by itself, of many answers."""
        drop = ("linkmill_sweep", "linkmill_queue")
        return [{name: value for name, value in take().items() if not name.startswith(drop)} for _ in range(12)]

    settled(system)
    first, *others = steady(lambda: scrape(system))
    assert all(other == first for other in others)


def test_a_sweep_counts_what_it_does(system: System) -> None:
    before = scrape(system)["linkmill_sweeps_total"]
    wait_until(lambda: scrape(system)["linkmill_sweeps_total"] > before, 15)


def test_it_is_complete_from_the_beginning_and_open_to_all(system: System) -> None:
    answer = httpx.get(f"{system.url}/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    values = parsed(answer.text)
    for name in ("bulk", "interactive", "deliver", "titles", "sweep"):
        assert values[f"linkmill_queue_messages{{queue={name}}}"] >= 0
    assert values["linkmill_broker_up"] == values["linkmill_database_up"] == 1
    assert (
        len([name for name in values if name.startswith("linkmill_shard_seconds_bucket{kind=split")])
        == len(BUCKETS) + 1
    )
    assert [name for name in values if name.startswith("linkmill_build_info{python=3")]
    assert "default" not in answer.text  # the workspace's name
    assert not [name for name in values if not name.startswith("linkmill_")]


def test_a_scraper_that_asks_for_openmetrics_gets_it(system: System) -> None:
    answer = httpx.get(f"{system.url}/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_without_a_broker_it_still_answers_and_says_so(owner: Owner) -> None:
    answer = shared_app().test_client().get("/metrics")
    assert answer.status_code == 200
    values = parsed(answer.text)
    assert (values["linkmill_broker_up"], values["linkmill_database_up"]) == (0, 1)
    assert values["linkmill_jobs_open{status=queued}"] == 0
    assert "linkmill_redirects_total" not in values
