"""Log lines of every process: one JSON object each, with the request and job they are about, and without secrets."""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from functools import cache
from typing import Any

import structlog
from kombu.exceptions import KombuError
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars, merge_contextvars

from models import process_caches, settings
from models.errors import LinkmillError

Event = MutableMapping[str, Any]

REQUEST_ID = "request_id"
SANE_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
LONGEST_REASON = 500
LONGEST_TRACE = 20_000
HIDDEN = "***"
SECRETS = (
    (re.compile(r"(?<=//)[^/\s'\"]*@"), f"{HIDDEN}@"),  # user and password of a URL
    (re.compile(r"(?<=://)([^\s?#'\"<>]*)[?#][^\s'\"<>]*"), rf"\1?{HIDDEN}"),
    (re.compile(r"\b(lm|ck|cs|whsec)_[\w+/=-]{16,}"), rf"\1_{HIDDEN}"),  # ours
    (re.compile(r"(?i)\b(basic|bearer)\s+[\w+/=.~-]{6,}"), rf"\1 {HIDDEN}"),
    (
        re.compile(
            r"(?i)\b((?:[\w-]*(?:password|secret|token|cookie|apikey))|authorization|idempotency-key)"
            r"(['\"]?\s*[:=]\s*)(b?'[^']*'|b?\"[^\"]*\"|[^\s,;&}]+)"
        ),
        rf"\1\2{HIDDEN}",
    ),
)
# Of these the message is about the machine or the program. Others may quote what a user sent: only their name is shown.
TOLD = (
    *(LinkmillError, RedisError, KombuError),
    *(OSError, LookupError, AttributeError, TypeError, RuntimeError, ImportError),
)
ABOUT_THE_DATABASE = ("08", "40", "53", "55", "57", "58")  # classes of its errors that quote no row


def configure() -> None:
    """Lines of our own; the rest of this process's, `take_over` brings to the same form."""
    structlog.configure(
        processors=[merge_contextvars, *_processors(), _render()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # standard output is for what was asked for
    )


def take_over(level: int | str = logging.INFO) -> None:
    """Every logger of this process writes as we do."""
    configure()
    handler = logging.StreamHandler()
    handler.setFormatter(formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def formatter() -> logging.Formatter:
    """For what libraries log, in the form of our own lines."""
    first = [merge_contextvars, structlog.stdlib.add_logger_name, *_processors()]
    rest = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render()]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=first, processors=rest)


def begin(**about: str) -> None:
    """From here on this thread's lines are about something else."""
    clear_contextvars()
    bind_contextvars(**about)


def context() -> dict[str, str]:
    """What this thread's lines are about."""
    return dict(get_contextvars())


def reason(error: BaseException) -> str:
    """What went wrong, in words that quote nothing of what a user sent."""
    cause = getattr(error, "orig", None) if isinstance(error, DBAPIError) else error
    state, name = getattr(cause, "sqlstate", None), type(cause).__name__
    if state and state[:2] not in ABOUT_THE_DATABASE:
        place = getattr(getattr(cause, "diag", None), "constraint_name", None)
        return " ".join(filter(None, (name, state, place)))
    if isinstance(error, (DBAPIError, *TOLD)):
        return f"{name}: {scrubbed(str(cause))[:LONGEST_REASON]}"
    return name


def scrubbed(text: str) -> str:
    for pattern, shown in SECRETS:
        text = pattern.sub(shown, text)
    return text


def _processors() -> list[Any]:
    stamp = structlog.processors.TimeStamper(fmt="iso")
    return [structlog.processors.add_log_level, stamp, _in_words, _without_secrets]


def _in_words(_logger: object, _name: str, event: Event) -> Event:
    """Errors, given as such or with a traceback."""
    trace = event.pop("exc_info", None)
    if trace is True or isinstance(trace, tuple):
        trace = (sys.exc_info() if trace is True else trace)[1]
    for name, value in event.items():
        if isinstance(value, BaseException):
            event[name] = reason(value)
    if isinstance(trace, BaseException):
        event["exception"] = "".join(_trace(trace))[-LONGEST_TRACE:]
    return event


def _trace(error: BaseException) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _trace(before)
        yield "\n"
    yield from traceback.format_tb(error.__traceback__)
    yield reason(error) + "\n"


def _without_secrets(_logger: object, _name: str, event: Event) -> Event:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = scrubbed(value)
    return event


@process_caches.function
@cache
def _render() -> Any:
    if settings.get().log_format == "text":
        return structlog.dev.ConsoleRenderer(colors=False)
    return structlog.processors.JSONRenderer()
