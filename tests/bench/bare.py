"""A bare WSGI function in the server of the Procfile: a redirect for which nothing is looked up or counted."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx

from tests import ROOT
from tests.system import free_port
from tests.waiting import wait_until

HEADERS = [("Cache-Control", "private, no-store"), ("Content-Length", "0"), ("Location", "https://shop.example.com/")]
HOST = "127.0.0.1"


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("302 FOUND", list(HEADERS))
    return []


@contextmanager
def running_bare_server() -> Iterator[str]:
    """Run the function with the options of our web server, and return its address."""
    port = free_port()
    with subprocess.Popen(_command(port), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        url = f"http://{HOST}:{port}"
        try:
            wait_until(lambda: _answers(url), 20, "the bare server to answer")
            yield url
        finally:
            server.terminate()


def _command(port: int) -> list[str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    (web,) = [line.removeprefix("web: ") for line in lines if line.startswith("web:")]
    values = {"HOST": HOST, "PORT": str(port)}
    for name, value in values.items():
        web = web.replace(f"${{{name}}}", value)
    web = web.replace("--factory web:serve", f"{__name__}:app")
    return [sys.executable, "-m", *shlex.split(os.path.expandvars(web))]


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(url).status_code == 302
    return False
