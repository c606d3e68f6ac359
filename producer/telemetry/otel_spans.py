"""Spans of OpenTelemetry. Only producer/telemetry/tracing.py loads this module, when tracing is enabled."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.util import Finalize
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from models import process_caches
from producer.telemetry import logs

SERVICE = "linkmill"  # the default; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES override it
FLUSH_MS = 2000


@process_caches.function
@cache
def provider() -> TracerProvider:
    """Create the provider at first use, so never in a process that only forks others: it starts a thread."""
    resource = Resource({SERVICE_NAME: SERVICE}).merge(Resource.create())
    tracer_provider = TracerProvider(resource=resource)
    tracer_provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    Finalize(None, tracer_provider.shutdown, exitpriority=1)
    return tracer_provider


@contextmanager
def span(name: str, headers: dict[str, str] | None, attributes: dict[str, Any]) -> Iterator[Any]:
    """Start a span. An error is described as in the log, since its own message may quote what a user sent."""
    context = None if headers is None else propagate.extract(headers, Context())
    tracer = provider().get_tracer(SERVICE)
    with tracer.start_as_current_span(
        name, context, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except Exception as error:
            current.set_status(trace.StatusCode.ERROR, logs.describe_error(error))
            raise


def propagation_headers() -> dict[str, str]:
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


def annotate(attributes: dict[str, Any], name: str | None) -> None:
    current = trace.get_current_span()
    current.set_attributes(attributes)
    if name:
        current.update_name(name)


def flush() -> None:
    if provider.cache_info().currsize:
        provider().force_flush(FLUSH_MS)
