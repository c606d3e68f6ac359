"""Redirects of links without conditions, before Flask, which takes longer than all the rest."""

from collections.abc import Collection, Iterable
from functools import partial
from typing import TypeGuard
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sqlalchemy.exc import SQLAlchemyError

from models.link_key import LinkName
from models.links.lookup import Target
from producer.fields import wide_slugs
from producer.fields.item_rules import SLUG
from producer.visits import click_buffer, link_cache
from web.server.calls import CALL, Headers
from web.visitors import redirect

CACHE_STATUS = "Cache-Status"
FROM_MEMORY = "linkmill; hit; ttl={}; detail=database-away"
"""As RFC 9211 says: how many seconds ago the link should have been read again, as a negative number."""


class RedirectShortcut:
    """WSGI middleware that looks links up in the thread of the request."""

    def __init__(self, app: WSGIApplication, other_routes: Collection[str]) -> None:
        self.app = app
        self.other_routes = other_routes  # their first segments

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        slug = self._slug(environ)
        if slug is None:
            return self.app(environ, start_response)
        try:
            name = redirect.name_of(slug, environ)
        except SQLAlchemyError:  # the database is away, and so are the domains
            return self.app(environ, start_response)
        cached = link_cache.cache.peek(name)
        if cached is not None and not redirect.has_expired(cached):
            return _redirect(cached, [], environ, start_response)
        return self._look_up(name, environ, start_response)

    def _slug(self, environ: WSGIEnvironment) -> str | None:
        if environ["REQUEST_METHOD"] != "GET":
            return None
        path = environ["PATH_INFO"][1:]
        if SLUG.fullmatch(path):
            return str(path)
        if path.partition("/")[0] in self.other_routes:
            return None
        return wide_slugs.read_path(path)

    def _look_up(self, name: LinkName, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers: Headers = []
        try:
            target = link_cache.cache.find(name)
        except SQLAlchemyError:
            target = _recall(name, headers)
        if not _is_open(target):
            return self.app(environ, start_response)
        return _redirect(target, headers, environ, start_response)


class LateRedirects(RedirectShortcut):
    """WSGI middleware that looks links up together, and answers them later, without a thread that waits."""

    def _look_up(self, name: LinkName, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[CALL].leave()
        link_cache.cache.find_later(name, partial(self._answer, name, environ, start_response))
        return []

    def _answer(
        self,
        name: LinkName,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        target: Target | None,
        failure: Exception | None,
    ) -> None:
        headers: Headers = []
        if failure:
            target = _recall(name, headers)
        if not _is_open(target):
            environ[CALL].give_back(environ)
            return
        environ[CALL].send(_redirect(target, headers, environ, start_response))


def _recall(name: LinkName, headers: Headers) -> Target | None:
    """Find a link in memory while the database is away, and add a header that says so."""
    cached = link_cache.cache.recall(name)
    if cached is None:
        return None
    headers.append((CACHE_STATUS, FROM_MEMORY.format(round(link_cache.SECONDS - cached.age))))
    return cached.target


def _is_open(target: Target | None) -> TypeGuard[Target]:
    return target is not None and target.is_unconditional and not redirect.has_expired(target)


def _redirect(
    target: Target, headers: Headers, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    click_buffer.buffer.count(target, redirect.classify(environ))
    headers += [*redirect.HEADERS.items(), ("Content-Length", "0"), ("Location", target.url)]
    start_response("302 FOUND", headers)
    return []
