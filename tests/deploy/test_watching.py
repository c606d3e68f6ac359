"""Alert rules and dashboard: every metric, label and value that they name exists, and every alert is explained."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

from models.accounts.keys import Owner
from producer.signals import counters
from tests import ROOT
from tests.fixtures.fake_redis import FakeRedis
from tests.shared_app import shared_app
from web.ops.metrics import COUNTERS

ALERTS = ROOT / "deploy" / "alerts.yaml"
DASHBOARD = ROOT / "deploy" / "dashboard.json"
OPERATE = (ROOT / "docs" / "operate.md").read_text()
OF_PROMETHEUS = {"instance", "job"}
GRAFANA_TIMES = {"$__rate_interval": "5m", "$__range": "1h"}

Labels = dict[str, set[str]]
"""The names of a metric's labels, by the name of the metric."""


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def panels() -> list[dict[str, Any]]:
    board = json.loads(DASHBOARD.read_text())
    found: list[dict[str, Any]] = board["panels"]
    return found


def alert_queries() -> list[str]:
    return [rule["expr"] for rule in alerts()]


def dashboard_queries() -> list[str]:
    queries = []
    for panel in panels():
        for target in panel["targets"]:
            query = target["expr"]
            for name, time in GRAFANA_TIMES.items():
                query = query.replace(name, time)
            queries.append(query)
    return queries


@pytest.fixture
def metrics(owner: Owner, fake_redis: FakeRedis) -> Labels:
    """What /metrics shows once everything has been counted."""
    for field, (_name, _text, labels) in COUNTERS.items():
        counters.send({counters.field_name(field, *("something" for _ in labels)): 1})
    labels_by_metric: Labels = {}
    answer = shared_app().test_client().get("/metrics")
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels_by_metric.setdefault(sample.name, set()).update(sample.labels)
    return labels_by_metric


@pytest.mark.parametrize("owner", ["sqlite"], indirect=True)
def test_every_metric_and_label_that_is_named_exists(metrics: Labels) -> None:
    for query in (*alert_queries(), *dashboard_queries()):
        expression = promql_parser.parse(query)
        named = list(selectors(expression))
        assert named, query
        known_labels = set(OF_PROMETHEUS)
        for selector in named:
            assert selector.name in metrics, query
            labels = metrics[selector.name]
            assert {matcher.name for matcher in selector.matchers.matchers} <= labels, query
            known_labels |= labels
        assert set(grouping_labels(expression)) <= known_labels, query


def test_every_value_of_a_label_is_documented() -> None:
    table = "".join(line for line in OPERATE.splitlines() if line.startswith("| `linkmill_"))
    for query in (*alert_queries(), *dashboard_queries()):
        for selector in selectors(promql_parser.parse(query)):
            for matcher in selector.matchers.matchers:
                assert f"`{matcher.value}`" in table, query


def test_every_alert_is_explained() -> None:
    names = [rule["alert"] for rule in alerts()]
    assert len(set(names)) == len(names)
    assert [name for name in names if f"| `{name}` |" not in OPERATE] == []


def test_every_alert_says_how_urgent_it_is_and_what_happens() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".")


def test_the_figures_of_several_hosts_are_not_added_up() -> None:
    """Each host answers with the figures of all, so a sum may only take what max or count has reduced to one host's."""
    for query in (*alert_queries(), *dashboard_queries()):
        for found in re.finditer(r"\bsum\b[^(]*\(", query):
            assert query[found.end() :].startswith("max by"), query


def test_each_panel_has_a_place_of_its_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not on this machine")
def test_the_alerts_come_when_they_should() -> None:
    rules = ROOT / "deploy" / "alerts_test.yaml"
    done = subprocess.run(["promtool", "test", "rules", str(rules)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_file_of_rules_and_its_tests_belong_together() -> None:
    tests = yaml.safe_load((ROOT / "deploy" / "alerts_test.yaml").read_text())
    assert tests["rule_files"] == [ALERTS.name]


def selectors(expression: Any) -> Iterator[Any]:
    """Every metric that an expression names, with its matchers."""
    found: list[Any] = []

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        if isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)

    promql_parser.walk(expression, visit)
    yield from found


def grouping_labels(expression: Any) -> Iterator[str]:
    """Every label of a `by`."""
    found: list[str] = []

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            found.extend(node.modifier.labels)

    promql_parser.walk(expression, visit)
    yield from found
