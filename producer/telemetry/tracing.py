"""Traces for OpenTelemetry. Nothing is imported unless it is installed and an endpoint is set."""

import os
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from typing import Any

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
HEADER_NAMES = ("traceparent", "tracestate")
NO_SPAN: AbstractContextManager[Any] = nullcontext()

is_enabled = bool(os.environ.get(ENDPOINT)) and find_spec("opentelemetry") is not None
spans: Any = import_module("producer.telemetry.otel_spans") if is_enabled else None


def span(name: str, headers: dict[str, str] | None = None, **attributes: Any) -> AbstractContextManager[Any]:
    """Record what happens inside as one step of a trace; headers name the trace that this step continues."""
    return spans.span(name, headers, attributes) if spans else NO_SPAN


def propagation_headers() -> dict[str, str]:
    """Return the headers with which another process continues the current trace."""
    return spans.propagation_headers() if spans else {}


def annotate(attributes: dict[str, Any], name: str | None = None) -> None:
    """Add attributes to the current step, and rename it."""
    if spans:
        spans.annotate(attributes, name)


def flush() -> None:
    """Export every finished step."""
    if spans:
        spans.flush()
