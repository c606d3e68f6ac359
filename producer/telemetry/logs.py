"""Log lines of every process: one JSON object each, with the request and job that they are about, without secrets."""

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

LogEvent = MutableMapping[str, Any]

REQUEST_ID = "request_id"
REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
MAX_MESSAGE_LENGTH = 500
MAX_TRACEBACK_LENGTH = 20_000
CUT_LENGTH = 2000  # of a message before it is masked, so that no secret is cut in two where the message ends


def configure() -> None:
    """Configure our own loggers; `configure_all` brings those of libraries to the same form."""
    structlog.configure(
        processors=[merge_contextvars, *_processors(), _renderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # standard output is for a command's result
    )


def configure_all(level: int | str = logging.INFO) -> None:
    """Make every logger of this process write our form of lines."""
    configure()
    handler = logging.StreamHandler()
    handler.setFormatter(formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def formatter() -> logging.Formatter:
    """Return a formatter that gives lines of libraries our form."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[merge_contextvars, structlog.stdlib.add_logger_name, *_processors()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer()],
    )


def bind_context(**context: str) -> None:
    """Replace the context of this thread's lines."""
    clear_contextvars()
    bind_contextvars(**context)


def context() -> dict[str, str]:
    """Return the context of this thread's lines."""
    return dict(get_contextvars())


# Messages of these errors are about the machine or the program. Others may quote what a user sent.
ERRORS_TO_QUOTE = (
    LinkmillError,
    RedisError,
    KombuError,
    OSError,
    LookupError,
    AttributeError,
    TypeError,
    RuntimeError,
    ImportError,
)
SQLSTATES_TO_QUOTE = ("08", "40", "53", "55", "57", "58")  # classes of PostgreSQL's errors that quote no row


def describe_error(error: BaseException) -> str:
    """Describe an error without quoting what a user sent."""
    cause: Any = getattr(error, "orig", None) if isinstance(error, DBAPIError) else error
    name = type(cause).__name__
    sqlstate = getattr(cause, "sqlstate", None)
    if sqlstate and sqlstate[:2] not in SQLSTATES_TO_QUOTE:
        constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
        return " ".join(filter(None, (name, sqlstate, constraint)))
    if isinstance(error, (DBAPIError, *ERRORS_TO_QUOTE)):
        return f"{name}: {mask_secrets(str(cause)[:CUT_LENGTH])[:MAX_MESSAGE_LENGTH]}"
    return name


MASK = "***"
SECRETS = (
    (re.compile(r"(?<=//)[^/\s'\"]*@"), f"{MASK}@"),  # user and password of a URL
    (re.compile(r"(?<=://)([^\s?#'\"<>]*)[?#][^\s'\"<>]*"), rf"\1?{MASK}"),  # query and fragment of a URL
    (re.compile(r"\b(lm|ck|cs|whsec)_[\w+/=-]{16,}"), rf"\1_{MASK}"),  # our keys and secrets
    (re.compile(r"(?i)\b(basic|bearer)\s+[\w+/=.~-]{6,}"), rf"\1 {MASK}"),
    (
        re.compile(
            r"(?i)(password|secret|token|cookie|apikey|\bauthorization|\bidempotency-key)"
            r"(['\"]?\s*[:=]\s*)(b?'[^']*'|b?\"[^\"]*\"|[^\s,;&}]+)"
        ),
        rf"\1\2{MASK}",
    ),
)


def mask_secrets(text: str) -> str:
    """Replace whatever looks like a password, key or token. A very long text is cut: to mask it would take minutes."""
    text = text[:MAX_TRACEBACK_LENGTH]
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _processors() -> list[Any]:
    timestamp = structlog.processors.TimeStamper(fmt="iso")
    return [structlog.processors.add_log_level, timestamp, _describe_errors, _mask_event]


def _describe_errors(_logger: object, _name: str, event: LogEvent) -> LogEvent:
    """Replace errors by their descriptions, and add a traceback where `exc_info` asks for one."""
    error = _error_of(event.pop("exc_info", None))
    for name, value in event.items():
        if isinstance(value, BaseException):
            event[name] = describe_error(value)
    if error is not None:
        event["exception"] = "".join(_traceback(error))[-MAX_TRACEBACK_LENGTH:]
    return event


def _error_of(exc_info: Any) -> BaseException | None:
    """Return the error of an `exc_info`, which logging accepts as True, a tuple or the error itself."""
    if exc_info is True:
        exc_info = sys.exc_info()
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    return exc_info if isinstance(exc_info, BaseException) else None


def _traceback(error: BaseException) -> Iterator[str]:
    """Format a traceback as Python does, with our description in place of each error's message."""
    earlier = error.__cause__
    if earlier is None and not error.__suppress_context__:
        earlier = error.__context__
    if earlier is not None:
        yield from _traceback(earlier)
        yield "\n"
    yield from traceback.format_tb(error.__traceback__)
    yield describe_error(error) + "\n"


def _mask_event(_logger: object, _name: str, event: LogEvent) -> LogEvent:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = mask_secrets(value)
    return event


@process_caches.function
@cache
def _renderer() -> Any:
    if settings.get().log_format == "text":
        return structlog.dev.ConsoleRenderer(colors=False)
    return structlog.processors.JSONRenderer()
