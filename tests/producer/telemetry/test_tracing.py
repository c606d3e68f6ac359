"""Traces: sent to a collector where one is set, and no cost otherwise."""

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from producer.telemetry import tracing
from tests import ROOT
from tests.fixtures.databases import new_database_url
from tests.fixtures.systems import StartSystem
from tests.waiting import wait_until
from tests.workers.chores.receiver import receiving

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
LOADED = (
    "import sys, web, workers.tasks;"
    " sys.exit(not {'producer.telemetry.otel_spans', 'opentelemetry.exporter'}.isdisjoint(sys.modules))"
)


@contextmanager
def collecting() -> Iterator[tuple[str, list[Any]]]:
    """Yield the address of a collector, and the spans that it has received."""
    spans: list[Any] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            export = ExportTraceServiceRequest()
            export.ParseFromString(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            spans.extend(span for of in export.resource_spans for scope in of.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", spans
    server.shutdown()
    server.server_close()


def attributes(span: Any) -> dict[str, Any]:
    return {it.key: it.value.string_value or it.value.int_value for it in span.attributes}


def mine(spans: list[Any]) -> dict[str, Any]:
    return {span.name: span for span in spans if span.trace_id.hex() == CALLER}


def test_a_trace_goes_from_the_request_through_the_wake_up_to_the_shard(
    start_system: StartSystem, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database = new_database_url("sqlite", tmp_path, request)
    with collecting() as (url, spans), receiving() as receiver:
        variables = {tracing.ENDPOINT: url, "OTEL_BSP_SCHEDULE_DELAY": "200", "ALLOW_PRIVATE_TARGETS": "1"}
        with start_system(tmp_path, database, **variables) as system:
            headers = {"traceparent": f"00-{CALLER}-00f067aa0ba902b7-01"}
            options = {"webhook_url": f"{receiver.url}/?key=hidden"}
            job = system.wait_for_job(system.post_csv("url\nhttps://example.com/\n", params=options, headers=headers))
            names = {"POST /api/jobs", "task create", "create shard", "task deliver", "delivery"}
            wait_until(lambda: names <= set(mine(spans)), what=lambda: f"{names}, of {set(mine(spans))}")
    by_name = mine(spans)
    assert by_name["POST /api/jobs"].parent_span_id.hex() == "00f067aa0ba902b7"
    for child, parent in (("task create", "POST /api/jobs"), ("create shard", "task create")):
        assert by_name[child].parent_span_id == by_name[parent].span_id
    assert attributes(by_name["create shard"]) == {"job": job["id"], "shard": 0, "rows": 1}
    assert attributes(by_name["POST /api/jobs"])["http.response.status_code"] == 202
    assert attributes(by_name["delivery"])["http.response.status_code"] == 200
    assert "hidden" not in str(spans)


@pytest.mark.slow
@pytest.mark.parametrize(("endpoint", "code"), [("", 0), ("http://127.0.0.1:9", 1)])
def test_opentelemetry_is_imported_only_with_an_endpoint(tmp_path: Path, endpoint: str, code: int) -> None:
    environment = os.environ | {"DATA_DIR": str(tmp_path), tracing.ENDPOINT: endpoint}
    process = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.returncode == code, process.stderr


def test_without_an_endpoint_a_span_does_nothing() -> None:
    assert tracing.spans is None
    with tracing.span("anything", job=1):
        tracing.annotate({"more": 2}, "other")
    assert tracing.propagation_headers() == {}
