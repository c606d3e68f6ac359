"""How Flower runs: what it keeps, how it shows a task, and that nothing of it answers without the password."""

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
state_save_interval = 60_000  # milliseconds; it is saved on the way out too
max_tasks = 10_000  # the oldest go: a state that is saved every minute has to stay small
tasks_columns = "name,kwargs,state,result,received,runtime,worker,uuid"


def format_task(task: Any) -> Any:
    """Arguments and results in words: job 7, shard 0, rows 1000; created 990, failed 10."""
    task.args = "" if task.args in ("()", "[]") else task.args
    task.kwargs, task.result = _words(task.kwargs), _words(task.result)
    return task


def _words(text: str | None) -> str | None:
    """Our tasks take and return plain dicts; anything else stays as it is."""
    try:
        found = literal_eval(text or "")
    except (ValueError, SyntaxError):
        return text
    return ", ".join(f"{name} {value}" for name, value in found.items()) if isinstance(found, dict) else text


class Closed(RequestHandler):
    """What anybody gets who does not know the password, wherever he knocks."""

    def check_xsrf_cookie(self) -> None:
        """Tornado looks at that first, and would answer 403."""

    def prepare(self) -> None:
        self.set_status(401)
        self.set_header("WWW-Authenticate", 'Basic realm="flower"')
        self.finish("Access denied")


def known(header: str) -> bool:
    scheme, _, given = header.partition(" ")
    try:
        pair = b64decode(given.strip().encode(), validate=True)
    except (Error, UnicodeEncodeError):
        return False
    right = [hmac.compare_digest(pair, kept.encode()) for kept in options.basic_auth or []]
    return scheme.lower() == "basic" and any(right)


def behind_the_password(app: Application, request: HTTPServerRequest, **kwargs: Any) -> Any:
    """Flower asks for it view by view, and leaves /metrics, /healthcheck, OPTIONS and its assets open."""
    if known(request.headers.get("Authorization", "")):
        return Application.find_handler(app, request, **kwargs)
    return app.get_handler_delegate(request, Closed)


Flower.find_handler = behind_the_password
