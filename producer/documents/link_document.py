"""A link and its clicks as clients see them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from models.accounts import domains
from models.clicks import click_totals
from models.clicks.click_counts import JobClicks, LinkClicks
from models.link_key import format_link_id
from models.links import tagging
from models.links.listing import LinkView
from models.store import Connection
from producer.documents.times import iso_time


def link_documents(db: Connection, rows: Sequence[LinkView]) -> list[dict[str, Any]]:
    """The documents of a page of links, with as many statements as for one."""
    keys = [row.key for row in rows]
    tags = tagging.of_links(db, keys)
    clicks = click_totals.totals(db, keys)
    return [link_document(row, tags.get(row.key, []), clicks.get(row.key, row.opening_clicks or 0)) for row in rows]


def link_document(link: LinkView, tags: list[str], clicks: int) -> dict[str, Any]:
    """`clicks`: all that it has."""
    base_url = domains.base_url(link.hostname, link.is_default)
    return {
        "id": format_link_id(link.key),
        "slug": link.slug,
        "short_url": domains.short_url(base_url, link.slug),
        "url": link.url,
        "title": link.title,
        "status": link.status,
        "disabled": link.disabled_at is not None,
        "expires_at": iso_time(link.expires_at),
        "max_clicks": link.max_clicks,
        "clicks": clicks,
        "opening_clicks": link.opening_clicks or 0,
        "protected": link.password_hash is not None,
        "group": link.group_name,
        "tags": tags,
        "comment": link.comment,
        "external_id": link.external_id,
        "job_id": str(link.job_id),
        "created_at": iso_time(link.created_at),
    }


def link_stats_document(clicks: LinkClicks, opening_clicks: int) -> dict[str, Any]:
    return {
        "clicks": clicks.total + opening_clicks,
        "opening_clicks": opening_clicks,
        "bots": clicks.bots,
        "by_day": day_documents(clicks.days),
        "by_referrer": _counts("referrer", clicks.referrers),
        "by_device": _counts("device", clicks.devices),
        "by_country": _counts("country", clicks.countries),
    }


def _counts(name: str, counts: list[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{name: value, "clicks": count} for value, count in counts]


def job_stats_document(clicks: JobClicks) -> dict[str, Any]:
    """The clicks of all links that a job created."""
    return {
        "clicks": clicks.total,
        "by_day": day_documents(clicks.days),
        "by_referrer": _counts("referrer", clicks.referrers),
        "by_device": _counts("device", clicks.devices),
        "by_country": _counts("country", clicks.countries),
    }


def day_documents(days: list[tuple[date, int]]) -> list[dict[str, Any]]:
    return [{"day": day.isoformat(), "clicks": count} for day, count in days]
