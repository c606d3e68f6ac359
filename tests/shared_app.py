"""The web application of a test's process: created once, since nothing in it depends on what a test changes."""

from functools import cache

from flask import Flask

from web import create_app


@cache
def shared_app() -> Flask:
    """Return the application. A test that changes it or the number of proxies creates one of its own."""
    return create_app()
