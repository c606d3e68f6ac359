"""The shapes of the native API: a job, an item and a link as clients see them."""

import json
from datetime import UTC, date, datetime
from typing import Any

from models.accounts import domains
from models.clicks.click_counts import Clicks, Summed
from models.jobs import states
from models.jobs.jobs import Job
from models.jobs.states import ItemStatus, JobStatus, Outcome
from models.links import links
from models.links.links import Link
from producer.intake.formats import Layout


def job(row: Job, errors: dict[str, int]) -> dict[str, Any]:
    processed = row.created + row.existing + row.failed
    rate = _rate(row, processed)
    left = None if row.total is None else row.total - processed
    layout = Layout.load(row.layout)
    self = f"/api/jobs/{row.id}"
    return {
        "id": str(row.id),
        "kind": row.kind,
        "run": row.run,
        "status": row.status,
        "outcome": outcome(row),
        "source": row.source,
        "dry_run": row.dry_run,
        "created_at": moment(row.created_at),
        "started_at": moment(row.started_at),
        "finished_at": moment(row.finished_at),
        "counts": {
            "total": row.total,
            "processed": processed,
            "created": row.created,
            "existing": row.existing,
            "failed": row.failed,
            "unprocessed": left,
        },
        "progress": round(processed / row.total, 4) if row.total else 0.0,
        "rate": round(rate, 1),
        "eta_seconds": _seconds_left(row, left, rate),
        "errors": errors,
        "mapping": layout.named(),
        "format": layout.described(),
        "metadata": row.metadata,
        "detail": row.detail,
        "cleared_at": moment(row.cleared_at),
        "links": {
            "self": self,
            "items": f"{self}/items",
            "results": f"{self}/results.csv",
            "stats": f"{self}/stats",
            "events": f"{self}/events",
        },
    }


def outcome(row: Job) -> str | None:
    if row.status in states.ACTIVE_STATUSES:
        return None
    if row.total == 0:
        return Outcome.SUCCEEDED
    if not row.created + row.existing:
        return Outcome.FAILED
    return Outcome.SUCCEEDED if row.created + row.existing == row.total else Outcome.PARTIAL


def etag(row: Job) -> str:
    """Changes whenever the job does; a rate alone is no change."""
    kept = "" if row.cleared_at is None else "-cleared"
    return f"{row.run}-{row.status}-{row.total}-{row.created}-{row.existing}-{row.failed}{kept}"


def item(row: Any, base: str) -> dict[str, Any]:
    failed = row.status == ItemStatus.FAILED
    return {
        "index": row.at,
        "line": row.line,
        "status": row.status,
        "url": row.url if row.url is not None else _asked_url(row.input),
        "slug": row.slug,
        "short_url": domains.short_url(base, row.slug) if row.slug else None,
        "external_id": row.external_id,
        "error": {"code": row.error_code, "message": row.error_message} if failed else None,
    }


def link(row: Link, tags: list[str], clicked: int) -> dict[str, Any]:
    base = domains.base_url(row.hostname, row.is_default)
    return {
        "id": links.link_id(*links.key(row)),
        "slug": row.slug,
        "short_url": domains.short_url(base, row.slug),
        "url": row.url,
        "title": row.title,
        "status": row.status,
        "disabled": row.disabled_at is not None,
        "expires_at": moment(row.expires_at),
        "max_clicks": row.max_clicks,
        "clicks": clicked,
        "protected": row.password_hash is not None,
        "group": row.group_name,
        "tags": tags,
        "external_id": row.external_id,
        "job_id": str(row.job_id),
        "created_at": moment(row.created_at),
    }


def stats(found: Clicks) -> dict[str, Any]:
    return {
        "clicks": found.total,
        "bots": found.bots,
        "by_day": _by_day(found.days),
        "by_referrer": [{"referrer": host, "clicks": count} for host, count in found.referrers],
        "by_device": [{"device": device, "clicks": count} for device, count in found.devices],
        "by_country": [{"country": country, "clicks": count} for country, count in found.countries],
    }


def job_stats(found: Summed) -> dict[str, Any]:
    return {"clicks": found.total, "by_day": _by_day(found.days)}


def label(row: Any) -> dict[str, Any]:
    return {"id": row.id, "name": row.name}


def domain(row: Any) -> dict[str, Any]:
    shown = {"id": str(row.id), "hostname": row.hostname, "is_default": row.is_default}
    return shown | {"created_at": moment(row.created_at)}


def key(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "scopes": row.scopes.split(","),
        "created_at": moment(row.created_at),
        "last_used_at": moment(row.last_used_at),
        "revoked_at": moment(row.revoked_at),
    }


def webhook(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "url": row.url,
        "events": row.events,
        "disabled": row.disabled_at is not None,
        "disabled_reason": row.disabled_reason,
        "failing_since": moment(row.failing_since),
        "created_at": moment(row.created_at),
    }


def delivery(row: Any, attempts: list[Any], disabled: str | None) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "webhook_id": f"msg_{row.id}",
        "job_id": str(row.job_id) if row.job_id else None,
        "run": row.run,
        "endpoint_id": str(row.endpoint_id) if row.endpoint_id else None,
        "endpoint_disabled": disabled,
        "type": row.type,
        "url": row.url,
        "status": row.status,
        "created_at": moment(row.created_at),
        "next_attempt_at": moment(_at(row.next_at)) if row.next_at else None,
        "attempts": [attempt(made) for made in attempts],
    }


def attempt(row: Any) -> dict[str, Any]:
    shown = {"at": moment(row.at), "status_code": row.status_code, "error": row.error}
    return shown | {"seconds": round(row.seconds, 3), "answer": row.answer}


def _by_day(days: list[tuple[date, int]]) -> list[dict[str, Any]]:
    return [{"day": day.isoformat(), "clicks": count} for day, count in days]


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def moment(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if value else None


def _rate(row: Job, processed: int) -> float:
    """Items a second in this run, up to the last shard that ended: what is half done nobody can count.

    While it runs only from the first shard's end on, once that is a while ago: cutting and waking are no measure of it.
    """
    if row.started_at is None or row.progressed_at is None:
        return 0.0
    first = _seconds(row.started_at, row.paced_at)
    since = _seconds(row.paced_at, row.progressed_at)
    if row.status == JobStatus.RUNNING and since > first / 2:
        return float((processed - row.paced) / since)
    return float((processed - row.before) / (first + since)) if first + since > 0 else 0.0


def _seconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()


def _seconds_left(row: Job, left: int | None, rate: float) -> float | None:
    if row.status != JobStatus.RUNNING or left is None or not rate:
        return None
    return round(max(0.0, left / rate - _seconds(row.progressed_at, datetime.now(UTC))), 1)


def _asked_url(raw: str | None) -> Any:
    return json.loads(raw).get("url") if raw else None
