"""Refuses calls of the API that bring no valid key, before Flask and before their body is read.

A flood of them must cost others little: Flask takes longer than all the rest.
"""

from collections.abc import Collection, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError

from models.errors import Unauthorized
from producer.resources import authentication
from web import api, auth, errors, sessions
from web.visitors import hosts

PREFIX = "/api/"


class MissingKeys:
    """WSGI middleware for the routes of our own API. Vendors' routes have keys in other places."""

    def __init__(self, app: WSGIApplication, segments: Collection[str]) -> None:
        self.app = app
        self.segments = segments  # of paths, after the prefix

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._is_call_of_api(environ) and not _may_be_served(environ):
            return _refuse(environ)(environ, start_response)
        return self.app(environ, start_response)

    def _is_call_of_api(self, environ: WSGIEnvironment) -> bool:
        path = environ["PATH_INFO"]
        if not path.startswith(PREFIX) or path[len(PREFIX) :].partition("/")[0] not in self.segments:
            return False
        return environ["REQUEST_METHOD"] != "OPTIONS" and not hosts.is_custom(environ.get("HTTP_HOST", ""))


def segments_of(app: Flask) -> frozenset[str]:
    """Return the first segment after the prefix of every route of our own API."""
    names = {blueprint.name for blueprint in api.BLUEPRINTS}
    segments: set[str] = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in names and rule.rule.startswith(PREFIX):
            segments.add(rule.rule[len(PREFIX) :].partition("/")[0])
    return frozenset(segments)


def _may_be_served(environ: WSGIEnvironment) -> bool:
    """Whether there is a valid key, or a cookie of a session. While the database is away, Flask gives the answer."""
    header = environ.get("HTTP_AUTHORIZATION")
    if header is None:
        return f"{sessions.COOKIE}=" in environ.get("HTTP_COOKIE", "")
    # Short.io's clients, which share two paths with our own API, send the key alone.
    token = auth.parse_bearer(header) or header.strip()
    try:
        owner = authentication.find_token_owner(token)
    except SQLAlchemyError:
        return True
    environ[auth.OWNER_OF_TOKEN] = (token, owner)  # so that it is looked up once
    return owner is not None


def _refuse(environ: WSGIEnvironment) -> Response:
    response = errors.answer_error(Unauthorized(auth.INVALID_KEY.format(auth.BEARER)))
    response.headers["Cache-Control"] = auth.NOT_STORED
    if errors.must_close(response, environ):
        response.headers["Connection"] = "close"
    return response
