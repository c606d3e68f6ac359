"""HTTP in and out: no SQL of its own, no rules."""

import gc
import sys
from wsgiref.types import WSGIApplication

import structlog
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from models import budget, settings, store
from producer.signals import link_changes
from producer.telemetry import logs, tracing
from producer.visits import link_cache
from web import api, auth, dashboard, errors, limits, missing_keys, openapi, ops, request_id, sessions, vendors
from web.server import calls
from web.slow_clients import guard, watch
from web.visitors import hosts, paths, redirect, shortcut

MAX_FORM_MEMORY = 1 << 20
SWITCH_SECONDS = 0.001
"""How long a thread that computes an answer may keep a redirect waiting; Python's default is five times as long."""
STATEMENT_SECONDS = 10.0
"""How long a statement may take that somebody waits for. Then the answer is 503, and the connection is free again."""
SILENCE_SECONDS = 0.7
"""How long a statement may take until a thread looks whether the database is away. Then all answers are 503."""
IDLE_SECONDS = 30.0
"""How long a connection to the database is kept that no request uses."""

log = structlog.get_logger()


def serve() -> Flask:
    """Create the application for a process of the web server, and protect that process from slow clients."""
    watch.start()
    store.session_limits.statement = STATEMENT_SECONDS
    store.session_limits.idle = IDLE_SECONDS
    store.session_limits.silence = SILENCE_SECONDS
    store.session_limits.pooled = settings.get().database_pooled
    store.session_limits.reserve = budget.of_workers(settings.get().workers)
    sys.setswitchinterval(SWITCH_SECONDS)
    link_changes.listen(link_cache.cache.forget)
    app = _create_bare_app()
    other_routes = paths.first_segments(app.url_map)
    guard.protect(app, other_routes)
    if tracing.is_enabled:  # a step of a trace ends in the thread in which it began
        wrap_in_middleware(app)
    else:
        app.wsgi_app = _wrap(app.wsgi_app)  # type: ignore[method-assign, assignment]
        calls.put_first(_wrap(shortcut.LateRedirects(calls.pass_on, other_routes)))
    return app


def create_app() -> Flask:
    app = _create_bare_app()
    wrap_in_middleware(app)
    return app


def _create_bare_app() -> Flask:
    """Create the application without the middleware that redirects and other answers need."""
    app = Flask(__name__)
    configure(app)
    register_routes(app)
    register_hooks(app)
    app.wsgi_app = missing_keys.MissingKeys(app.wsgi_app, missing_keys.segments_of(app))  # type: ignore[method-assign]
    tune_garbage_collector()
    if settings.get().allow_private_targets:
        log.warning("private_targets_allowed", setting="ALLOW_PRIVATE_TARGETS")
    return app


def configure(app: Flask) -> None:
    app.config |= {
        "API_TITLE": "Linkmill",
        "API_VERSION": "1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/",
        "OPENAPI_JSON_PATH": "openapi.json",
        "MAX_FORM_MEMORY_SIZE": MAX_FORM_MEMORY,
        "JSON_SORT_KEYS": False,
        "BATCH_LIMITS": vendors.BATCH_LIMITS,
    }
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False  # it would redirect to an absolute URL, made from the Host header
    vendors.check_plans()
    sessions.install(app)
    logs.configure()


def register_routes(app: Flask) -> None:
    native_api = openapi.describe(app)
    for blueprint in api.BLUEPRINTS:
        native_api.register_blueprint(blueprint)
    for blueprint in (*ops.BLUEPRINTS, vendors.blueprint, *dashboard.BLUEPRINTS):
        app.register_blueprint(blueprint)
    app.url_map.converters["slug"] = paths.SlugConverter
    app.register_blueprint(redirect.blueprint)  # the last one: it takes the paths that no other route begins
    for command in ops.COMMANDS:
        app.cli.add_command(command)


def register_hooks(app: Flask) -> None:
    errors.register(app)
    app.before_request(request_id.name_trace)
    app.before_request(hosts.refuse_other_routes)
    app.before_request(vendors.answer_on_native_path)
    app.after_request(limits.add_headers)
    app.after_request(auth.mark_write)
    app.after_request(auth.forbid_storing)


def wrap_in_middleware(app: Flask) -> None:
    redirects = shortcut.RedirectShortcut(app.wsgi_app, paths.first_segments(app.url_map))
    app.wsgi_app = _wrap(redirects)  # type: ignore[method-assign, assignment]


def _wrap(app: WSGIApplication) -> WSGIApplication:
    """Wrap an application in what every request meets first. The last one wrapped is the first."""
    proxies = settings.get().trusted_proxies
    if proxies:
        # For the address and the scheme only: proxies pass the Host header on.
        app = ProxyFix(app, x_for=proxies, x_proto=proxies, x_host=0)
    return request_id.RequestIds(hosts.OneHost(app))


def tune_garbage_collector() -> None:
    """Results hold 100,000 cells at a time. At the default threshold of 700 objects they take three times as long."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
