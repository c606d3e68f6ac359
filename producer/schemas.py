"""Requests and answers of the native API, as marshmallow has them; OpenAPI is made from these."""

import json
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

from models import jobs

MOST_LISTED = 1000
EVENTS = ("job.completed", "job.cancelled", "job.failed")
LONGEST_WAIT = 60.0
LARGEST_METADATA = 1 << 16  # characters, as JSON
DEEPEST_METADATA = 32


def keepable(value: dict[str, Any]) -> None:
    """Metadata goes into a JSON column and out with every answer."""
    try:
        size = len(json.dumps(value, allow_nan=False)) if _depth(value) <= DEEPEST_METADATA else -1
    except (ValueError, RecursionError):
        size = -1
    if not 0 <= size <= LARGEST_METADATA:
        raise ValidationError(f"JSON of at most {LARGEST_METADATA:,} characters, {DEEPEST_METADATA} deep, without NaN")


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


class ItemRequest(Schema):
    """One row of an upload. Rules, and the error code of each, are in producer/rules.py."""

    url = fields.String(required=True, metadata={"example": "https://example.com/products/blue-widget"})
    slug = fields.String(metadata={"example": "blue-widget"})
    title = fields.String()
    password = fields.String()
    expires_at = fields.String(metadata={"format": "date-time"})
    ttl = fields.Integer()
    max_clicks = fields.Integer()
    tags = fields.List(fields.String())
    group = fields.String()
    utm_source = fields.String()
    utm_medium = fields.String()
    utm_campaign = fields.String()
    utm_term = fields.String()
    utm_content = fields.String()
    external_id = fields.String()


class JobOptions(Schema):
    """What a client may say about a whole upload."""

    class Meta:
        unknown = RAISE

    domain = fields.String(validate=validate.Length(1, 253))
    mapping = fields.Dict(keys=fields.String(), values=fields.String())
    metadata = fields.Dict(keys=fields.String(), validate=keepable)
    webhook_url = fields.String(validate=validate.Length(1, 2048))
    fetch_titles = fields.Boolean(truthy={True, "true", "1"}, falsy={False, "false", "0"})


class JobQuery(Schema):
    class Meta:
        unknown = EXCLUDE

    wait = fields.Float(load_default=0.0, validate=validate.Range(0))


class JobsQuery(Schema):
    status = fields.String(validate=validate.OneOf(jobs.STATUSES))
    cursor = fields.String(validate=validate.Regexp(r"[0-9]{1,18}\Z"))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST_LISTED))


class ItemsQuery(Schema):
    status = fields.String()
    cursor = fields.String(validate=validate.Regexp(r"[0-9]{1,18}\Z"))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, MOST_LISTED))


class Counts(Schema):
    total = fields.Integer(allow_none=True)
    processed = fields.Integer()
    created = fields.Integer()
    existing = fields.Integer()
    failed = fields.Integer()
    unprocessed = fields.Integer(allow_none=True)


class Job(Schema):
    id = fields.String()
    kind = fields.String()
    run = fields.Integer()
    status = fields.String(validate=validate.OneOf(jobs.STATUSES))
    outcome = fields.String(allow_none=True, validate=validate.OneOf(("succeeded", "partial", "failed")))
    source = fields.String()
    dry_run = fields.Boolean()
    created_at = fields.DateTime()
    started_at = fields.DateTime(allow_none=True)
    finished_at = fields.DateTime(allow_none=True)
    counts = fields.Nested(Counts)
    progress = fields.Float()
    rate = fields.Float()
    eta_seconds = fields.Float(allow_none=True)
    errors = fields.Dict(keys=fields.String(), values=fields.Integer())
    mapping = fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True)
    metadata = fields.Dict()
    detail = fields.String(allow_none=True)
    links = fields.Dict(keys=fields.String(), values=fields.String())


class ItemError(Schema):
    code = fields.String()
    message = fields.String()


class Item(Schema):
    index = fields.Integer()
    line = fields.Integer()
    status = fields.String()
    url = fields.String(allow_none=True)
    slug = fields.String(allow_none=True)
    short_url = fields.String(allow_none=True)
    external_id = fields.String(allow_none=True)
    error = fields.Nested(ItemError, allow_none=True)


class Jobs(Schema):
    items = fields.List(fields.Nested(Job))
    next_cursor = fields.String(allow_none=True)


class Items(Schema):
    items = fields.List(fields.Nested(Item))
    next_cursor = fields.String(allow_none=True)


class Link(Schema):
    id = fields.String()
    slug = fields.String()
    short_url = fields.String()
    url = fields.String()
    title = fields.String(allow_none=True)
    expires_at = fields.DateTime(allow_none=True)
    max_clicks = fields.Integer(allow_none=True)
    protected = fields.Boolean()
    external_id = fields.String(allow_none=True)
    job_id = fields.String()
    created_at = fields.DateTime()


class Problem(Schema):
    """RFC 9457."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String()
    errors = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))


class WebhookRequest(Schema):
    class Meta:
        unknown = RAISE

    url = fields.String(required=True, validate=validate.Length(1, 2048))
    events = fields.List(fields.String(validate=validate.OneOf(EVENTS)), validate=validate.Length(1))


class WebhookChange(Schema):
    class Meta:
        unknown = RAISE

    url = fields.String(validate=validate.Length(1, 2048))
    events = fields.List(fields.String(validate=validate.OneOf(EVENTS)), validate=validate.Length(1))
    disabled = fields.Boolean()


class Webhook(Schema):
    id = fields.String()
    url = fields.String()
    events = fields.List(fields.String())
    disabled = fields.Boolean()
    disabled_reason = fields.String(allow_none=True)
    failing_since = fields.DateTime(allow_none=True)
    created_at = fields.DateTime()
    secret = fields.String(metadata={"description": "only in the answer that made it"})


class Secret(Schema):
    secret = fields.String()


class PageQuery(Schema):
    cursor = fields.String(validate=validate.Regexp(r"[0-9]{1,18}\Z"))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST_LISTED))


class Webhooks(Schema):
    items = fields.List(fields.Nested(Webhook))
    next_cursor = fields.String(allow_none=True)


class Attempt(Schema):
    at = fields.DateTime()
    status_code = fields.Integer(allow_none=True)
    error = fields.String(allow_none=True)
    seconds = fields.Float()
    answer = fields.String(allow_none=True)


class Delivery(Schema):
    id = fields.String()
    webhook_id = fields.String()
    job_id = fields.String(allow_none=True)
    run = fields.Integer()
    endpoint_id = fields.String(allow_none=True)
    endpoint_disabled = fields.String(allow_none=True)
    type = fields.String()
    url = fields.String()
    status = fields.String(validate=validate.OneOf(("pending", "delivered", "failed")))
    created_at = fields.DateTime()
    next_attempt_at = fields.DateTime(allow_none=True)
    attempts = fields.List(fields.Nested(Attempt))


class Deliveries(Schema):
    items = fields.List(fields.Nested(Delivery))
    next_cursor = fields.String(allow_none=True)
