"""`/metrics` for Prometheus: the same whichever process answers, without any name of a user or a secret."""

import platform
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from models import migrate, store
from models.jobs import gauges
from models.states import ShardKind, ShardState
from producer.signals import broker, counters, queues, wakeups
from producer.visits import click_buffer

VERSION = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["version"]
COUNTERS = {
    counters.JOBS: ("jobs_ended", "Runs of jobs that have ended.", ("kind", "status", "outcome")),
    counters.ITEMS: ("items", "Items that have a result.", ("kind", "outcome")),
    counters.ATTEMPTS: ("shard_attempts_failed", "Attempts at a shard that failed.", ("kind",)),
    counters.DELIVERIES: ("deliveries", "Attempts to send a webhook.", ("outcome",)),
    counters.SWEEPS: ("sweeps", "Sweeps.", ()),
    counters.ACTIONS: ("sweep_actions", "Jobs, shards and deliveries that sweeps have resumed.", ("action",)),
    counters.REDIRECTS: ("redirects", "Short links followed.", ()),
}
BOUNDS = (*map(str, counters.BUCKETS), counters.LAST_BUCKET)

Counts = Mapping[tuple[str, ...], int]
"""Counters of Redis by their field: its name and the values of its labels."""

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show_metrics() -> Response:
    registry = CollectorRegistry()
    registry.register(SystemCollector())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)


class SystemCollector(Collector):
    """Reads the metrics when they are requested. A part that is away has only its `_up` metric, with the value 0."""

    def collect(self) -> Iterator[Metric]:
        yield _build_info()
        yield from _collect_part("broker", _broker_metrics, (RedisError, OSError))
        yield from _collect_part("database", _database_metrics, (SQLAlchemyError,))


def _collect_part(
    name: str, read_metrics: Callable[[], list[Metric]], away: tuple[type[Exception], ...]
) -> Iterable[Metric]:
    metrics: list[Metric] = []
    with suppress(*away):
        metrics = read_metrics()
    return [_gauge(f"{name}_up", f"Whether the {name} answers.", bool(metrics)), *metrics]


def _build_info() -> Metric:
    info = {"version": VERSION, "python": platform.python_version()}
    return _add_values(_gauge_family("build_info", "The version that runs here.", *info), {tuple(info.values()): 1})


def _broker_metrics() -> list[Metric]:
    counts = counters.read()
    lengths = {(name,): queues.length(name) for name in wakeups.QUEUES}
    clicks_counted = counts.get((counters.REDIRECTS,), 0)
    clicks_written = counts.get((counters.CLICKS,), 0)
    return [
        *(_counter(name, counts) for name in COUNTERS),
        _shard_seconds(counts),
        _add_values(_gauge_family("queue_messages", "Messages that wait in the broker.", "queue"), lengths),
        _add_values(_gauge_family("nodes", "Nodes of workers with a recent heartbeat.", "state"), _node_counts()),
        _gauge(
            "click_batches_waiting",
            "Batches of clicks that wait in the broker.",
            click_buffer.batch_count(),
        ),
        _gauge("clicks_buffered", "Clicks that are not yet in the database.", max(0, clicks_counted - clicks_written)),
    ]


def _node_counts() -> Counts:
    nodes: dict[tuple[str, ...], int] = {(broker.CAN_WORK,): 0, (broker.CANNOT_WORK,): 0}
    for beat in broker.recent_beats():
        nodes[beat.state,] += 1
    return nodes


def _database_metrics() -> list[Metric]:
    with store.read() as db:
        jobs_by_status = gauges.active_jobs(db)
        shards_by_place = gauges.active_shards(db)
        pending_deliveries = gauges.pending_deliveries(db)
        revision = migrate.revision(db)
    # A series that exists only while it is not zero would break rates and alerts.
    shards: dict[tuple[str, str], int] = {}
    for queue in (wakeups.BULK, wakeups.INTERACTIVE):
        for state in (ShardState.QUEUED, ShardState.RUNNING):
            shards[queue, state] = 0
    jobs = {(status,): count for status, count in jobs_by_status.items()}
    return [
        _add_values(_gauge_family("jobs_open", "Jobs that have not ended.", "status"), jobs),
        _add_values(_gauge_family("shards", "Shards that are open.", "queue", "state"), shards | shards_by_place),
        _gauge("deliveries_waiting", "Webhooks that are still to be sent.", pending_deliveries),
        _add_values(_gauge_family("schema_info", "The revision of the tables.", "revision"), {(revision,): 1}),
    ]


def _counter(field: str, counts: Counts) -> Metric:
    name, text, labels = COUNTERS[field]
    family = CounterMetricFamily(f"linkmill_{name}", text, labels=list(labels))
    values: Counts = {key[1:]: count for key, count in counts.items() if key[0] == field}
    if not values and not labels:
        values = {(): 0}
    return _add_values(family, values)


def _shard_seconds(counts: Counts) -> Metric:
    family = HistogramMetricFamily("linkmill_shard_seconds", "How long shards took.", labels=["kind"])
    for kind in ShardKind:
        total = 0
        buckets = []
        for bound in BOUNDS:
            total += counts.get((counters.SHARDS, kind, bound), 0)
            buckets.append((bound, total))
        family.add_metric([kind], buckets, counts.get((counters.SHARD_MICROSECONDS, kind), 0) / 1e6)
    return family


def _gauge_family(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"linkmill_{name}", text, labels=list(labels))


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"linkmill_{name}", text, value=value)


def _add_values(family: CounterMetricFamily | GaugeMetricFamily, values: Mapping[Any, float]) -> Metric:
    for labels, value in sorted(values.items()):
        family.add_metric(list(labels), value)
    return family
