"""HTTP in and out: no SQL of its own, no rules."""

import gc

import structlog
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from models import settings
from producer.telemetry import logs
from web import errors, limits, openapi, request_id, sessions, vendors
from web.api import deliveries, domains, events, groups, jobs, keys, link, links, me, results, tags, webhooks
from web.dashboard import blueprint as dashboard
from web.dashboard import front
from web.ops import commands, docs, health, metrics
from web.visitors import hosts, redirect

MAX_FORM_MEMORY = 1 << 20
NATIVE = (jobs, events, results, links, link, groups, tags, domains, keys, me, webhooks, deliveries)

log = structlog.get_logger()


def create_app() -> Flask:
    app = Flask(__name__)
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
    vendors.check_plans()
    sessions.install(app)
    logs.configure()
    api = openapi.describe(app)
    for part in NATIVE:
        api.register_blueprint(part.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
    app.register_blueprint(docs.blueprint)
    app.register_blueprint(vendors.blueprint)
    app.register_blueprint(redirect.blueprint)
    app.register_blueprint(dashboard)
    app.register_blueprint(front)
    errors.register(app)
    app.before_request(request_id.tell_route)
    app.before_request(hosts.only_redirects)
    app.after_request(limits.tell)
    app.cli.add_command(commands.keys)
    app.cli.add_command(commands.workspaces)
    app.cli.add_command(commands.upgrade)
    app.wsgi_app = redirect.Shortcut(app.wsgi_app)  # type: ignore[method-assign]
    if proxies := settings.get().trusted_proxies:  # for the address alone: proxies pass the Host header on
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)  # type: ignore[method-assign]
    app.wsgi_app = request_id.Named(app.wsgi_app)  # type: ignore[method-assign]
    tame_collector()
    if settings.get().allow_private_targets:
        log.warning("private_targets_allowed", setting="ALLOW_PRIVATE_TARGETS")
    return app


def tame_collector() -> None:
    """Results hold 100,000 cells at a time: a collector that walks them every 700 makes them three times slower."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
