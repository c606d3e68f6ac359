"""/metrics for Prometheus: the same whichever process answers, and nothing in it that names a user or a secret."""

import platform
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from models import store
from models.jobs import gauges
from models.jobs.states import ShardKind, ShardState
from producer.signals import broker, counters, wakeups
from producer.visits import click_buffer

VERSION = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["version"]
COUNTERS = {
    counters.JOBS: ("jobs_ended", "Runs of jobs that have ended.", ("kind", "status", "outcome")),
    counters.ITEMS: ("items", "Items that have a result.", ("kind", "outcome")),
    counters.ATTEMPTS: ("shard_attempts_failed", "Attempts at a shard that failed.", ("kind",)),
    counters.DELIVERIES: ("deliveries", "Attempts to send a webhook.", ("outcome",)),
    counters.SWEEPS: ("sweeps", "Sweeps.", ()),
    counters.ACTIONS: ("sweep_actions", "What sweeps found left behind and set going again.", ("action",)),
    counters.REDIRECTS: ("redirects", "Short links followed.", ()),
}
BOUNDS = (*map(str, counters.BUCKETS), counters.LAST_BUCKET)

Tallies = Mapping[tuple[str, ...], int]

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    registry = CollectorRegistry()
    registry.register(Everything())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)


class Everything(Collector):
    """What is there when it is asked for: of a database or a broker that is away, that it is away."""

    def collect(self) -> Iterator[Metric]:
        yield _build()
        yield from _of("broker", _from_broker, (RedisError, OSError))
        yield from _of("database", _from_database, (SQLAlchemyError,))


def _of(name: str, ask: Callable[[], list[Metric]], away: tuple[type[Exception], ...]) -> Iterable[Metric]:
    try:
        found = ask()
    except away:
        found = []
    return [_gauge(f"{name}_up", f"Whether the {name} answers.", bool(found)), *found]


def _build() -> Metric:
    about = {"version": VERSION, "python": platform.python_version()}
    return _labelled(_family("build_info", "What runs here.", *about), {tuple(about.values()): 1})


def _from_broker() -> list[Metric]:
    found = counters.read()
    lengths = {(name,): broker.queue_length(name) for name in wakeups.QUEUES}
    followed, written = found.get((counters.REDIRECTS,), 0), found.get((counters.CLICKS,), 0)
    return [
        *(_counter(name, found) for name in COUNTERS),
        _seconds(found),
        _labelled(_family("queue_messages", "Messages that wait in the broker.", "queue"), lengths),
        _gauge(
            "click_batches_waiting",
            "Batches of clicks that wait in the broker.",
            click_buffer.batch_count(),
        ),
        _gauge("clicks_buffered", "Clicks that are not yet in the database.", max(0, followed - written)),
    ]


def _from_database() -> list[Metric]:
    with store.read() as db:
        open_jobs, open_shards = gauges.active_jobs(db), gauges.active_shards(db)
        waiting = gauges.pending_deliveries(db)
    places: dict[tuple[str, str], int] = {
        (name, state): 0
        for name in (wakeups.BULK, wakeups.INTERACTIVE)
        for state in (ShardState.QUEUED, ShardState.RUNNING)
    }
    by_status = {(status,): count for status, count in open_jobs.items()}
    return [
        _labelled(_family("jobs_open", "Jobs that have not ended.", "status"), by_status),
        _labelled(_family("shards", "Shards that are open.", "queue", "state"), places | open_shards),
        _gauge("deliveries_waiting", "Webhooks that are still to be sent.", waiting),
    ]


def _counter(name: str, found: Tallies) -> Metric:
    shown, text, labels = COUNTERS[name]
    made = CounterMetricFamily(f"linkmill_{shown}", text, labels=list(labels))
    counts: Tallies = {key[1:]: times for key, times in found.items() if key[0] == name}
    return _labelled(made, counts or ({} if labels else {(): 0}))


def _seconds(found: Tallies) -> Metric:
    made = HistogramMetricFamily("linkmill_shard_seconds", "How long shards took.", labels=["kind"])
    for kind in (ShardKind.SPLIT, ShardKind.CREATE, ShardKind.UNDO):
        so_far, buckets = 0, []
        for bound in BOUNDS:
            so_far += found.get((counters.SHARDS, kind, bound), 0)
            buckets.append((bound, so_far))
        made.add_metric([kind], buckets, found.get((counters.SHARD_MICROSECONDS, kind), 0) / 1e6)
    return made


def _family(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"linkmill_{name}", text, labels=list(labels))


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"linkmill_{name}", text, value=value)


def _labelled(made: CounterMetricFamily | GaugeMetricFamily, counts: Mapping[Any, float]) -> Metric:
    for labels, count in sorted(counts.items()):
        made.add_metric(list(labels), count)
    return made
