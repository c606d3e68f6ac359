"""A link, as clients see it and as an item of an upload asks for it."""

from marshmallow import Schema, fields


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
