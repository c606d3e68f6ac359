"""Traces for OpenTelemetry, where it is installed and told where to send them; otherwise nothing is imported."""

import os
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from typing import Any

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
CARRIED = ("traceparent", "tracestate")
NOTHING: AbstractContextManager[Any] = nullcontext()

wanted = bool(os.environ.get(ENDPOINT)) and find_spec("opentelemetry") is not None
spans: Any = import_module("producer.telemetry.otel_spans") if wanted else None


def span(name: str, carrier: dict[str, str] | None = None, **about: Any) -> AbstractContextManager[Any]:
    """What happens inside is one step of a trace: of the one that is carried here, if there is any."""
    return spans.span(name, carrier, about) if spans else NOTHING


def carrier() -> dict[str, str]:
    """What whoever goes on with this has to be given."""
    return spans.carrier() if spans else {}


def note(about: dict[str, Any], name: str | None = None) -> None:
    """Tells more of the step that is under way."""
    if spans:
        spans.note(about, name)


def flush() -> None:
    if spans:
        spans.flush()
