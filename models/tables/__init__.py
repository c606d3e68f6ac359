"""Every table. People query `jobs`, `items` and `links`, so their names and columns are part of the product."""

from models.tables.accounts import (
    domains,
    ended_sessions,
    endpoints,
    idempotency_keys,
    keys,
    quotas,
    secrets,
    workspaces,
)
from models.tables.clicks import click_batches, clicks, job_clicks, link_clicks, uses, workspace_clicks
from models.tables.columns import metadata
from models.tables.jobs import items, job_errors, jobs, shards
from models.tables.links import (
    deleted_links,
    groups,
    link_tags,
    links,
    reserved_slugs,
    slug_counters,
    tags,
    untitled,
    urls,
)
from models.tables.search import search_blocks, unindexed
from models.tables.webhooks import deliveries, delivery_attempts

__all__ = [
    "click_batches",
    "clicks",
    "deleted_links",
    "deliveries",
    "delivery_attempts",
    "domains",
    "ended_sessions",
    "endpoints",
    "groups",
    "idempotency_keys",
    "items",
    "job_clicks",
    "job_errors",
    "jobs",
    "keys",
    "link_clicks",
    "link_tags",
    "links",
    "metadata",
    "quotas",
    "reserved_slugs",
    "search_blocks",
    "secrets",
    "shards",
    "slug_counters",
    "tags",
    "unindexed",
    "untitled",
    "urls",
    "uses",
    "workspace_clicks",
    "workspaces",
]
