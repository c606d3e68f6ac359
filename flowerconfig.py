"""How Flower runs: what it stores, how it shows a task, and that nothing of it answers without the password.

`Flower.find_handler` is replaced here, which Flower does not document; tests/test_flowerconfig.py names the version.
"""

import hmac
from ast import literal_eval
from base64 import b64decode
from binascii import Error
from typing import Any

from flower.app import Flower
from flower.options import options
from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler

from models import settings
from producer.telemetry import logs

logs.configure_all()

purge_offline_workers = 60
persistent = True
db = str(settings.get().data_dir / "flower")
state_save_interval = 60_000  # milliseconds; Flower also saves when it stops
max_tasks = 10_000  # the oldest are dropped: a state that is saved every minute has to stay small
COUNTS = ("failed", "created", "updated", "deleted", "existing")
tasks_columns = "name,kwargs,state,result,received,runtime,worker"
natural_time = True  # 2 minutes ago
LONGEST_VALUE = 30


def format_task(task: Any) -> Any:
    """Show arguments and results in words: job 7 · shard 0 · rows 1000; failed 10 · created 990."""
    if task.args in ("()", "[]"):
        task.args = ""
    arguments = read_dict(task.kwargs)
    result = read_dict(task.result)
    if result is not None:
        task.result = in_words(order_counts(result, arguments or {}))
    if arguments is not None:
        task.kwargs = in_words(arguments)
    return task


def read_dict(text: str | None) -> dict[str, Any] | None:
    """Read a plain dict, which all tasks take and return; None when the text is anything else."""
    try:
        value = literal_eval(text or "")
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, dict) else None


def order_counts(result: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """Put the counts first, that of failures before all others, and leave out zeros and what the arguments say."""
    ordered = {name: result[name] for name in COUNTS if result.get(name)}
    for name, value in result.items():
        if name not in COUNTS and arguments.get(name) != value:
            ordered[name] = value
    return ordered


def in_words(values: dict[str, Any]) -> str:
    return " · ".join(f"{name} {shorten(str(value))}" for name, value in values.items())


def shorten(text: str) -> str:
    """Cut a reason, which the job's page has in full: the columns fit in 1,280 pixels."""
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def require_password(app: Application, request: HTTPServerRequest, **kwargs: Any) -> Any:
    """Guard every path: Flower itself asks in some views only, and leaves /metrics, OPTIONS and its assets open."""
    if is_authorized(request.headers.get("Authorization", "")):
        return Application.find_handler(app, request, **kwargs)
    return app.get_handler_delegate(request, AccessDenied)


def is_authorized(header: str) -> bool:
    """Compare a Basic header with every pair of the settings, in constant time."""
    scheme, _, encoded = header.partition(" ")
    try:
        pair = b64decode(encoded.strip().encode(), validate=True)
    except (Error, UnicodeEncodeError):
        return False
    matches = [hmac.compare_digest(pair, known_pair.encode()) for known_pair in options.basic_auth or []]
    return scheme.lower() == "basic" and any(matches)


class AccessDenied(RequestHandler):
    """The answer to any request without the password."""

    def check_xsrf_cookie(self) -> None:
        """Skip Tornado's own check, which comes first and would answer 403."""

    def prepare(self) -> None:
        self.set_status(401)
        self.set_header("WWW-Authenticate", 'Basic realm="flower"')
        self.finish("Access denied")


Flower.find_handler = require_password
