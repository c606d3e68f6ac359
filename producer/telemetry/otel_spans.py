"""Spans as OpenTelemetry has them. Only producer/trace.py loads this, where that is wanted."""

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

SERVICE = "linkmill"  # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say it otherwise
FLUSH_MS = 2000


@process_caches.function
@cache
def provider() -> TracerProvider:
    """Made at first use, so in no process that only forks others."""
    made = TracerProvider(resource=Resource({SERVICE_NAME: SERVICE}).merge(Resource.create()))
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    Finalize(None, made.shutdown, exitpriority=1)
    return made


@contextmanager
def span(name: str, given: dict[str, str] | None, about: dict[str, Any]) -> Iterator[Any]:
    """An error is told as in the log: its own words may quote what a user sent."""
    context = None if given is None else propagate.extract(given, Context())
    tracer = provider().get_tracer(SERVICE)
    with tracer.start_as_current_span(
        name, context, attributes=about, record_exception=False, set_status_on_exception=False
    ) as made:
        try:
            yield made
        except Exception as error:
            made.set_status(trace.StatusCode.ERROR, logs.reason(error))
            raise


def carrier() -> dict[str, str]:
    made: dict[str, str] = {}
    propagate.inject(made)
    return made


def note(about: dict[str, Any], name: str | None) -> None:
    current = trace.get_current_span()
    current.set_attributes(about)
    if name:
        current.update_name(name)


def flush() -> None:
    if provider.cache_info().currsize:
        provider().force_flush(FLUSH_MS)
