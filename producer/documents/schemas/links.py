"""Schemas of links: as an item of an upload, alone, in a list, and their clicks."""

from datetime import UTC
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate, validates_schema

from models import cursors
from models.links.listing import ClickFilter, LinkStatus
from producer.documents.schemas.common import MOST_LISTED, text
from producer.fields.wide_slugs import SlugKind

LONGEST_SEARCH = 2048
LARGEST_SCALE = 50
LARGEST_BORDER = 20
MOST_ZIPPED = 100_000


class ItemRequestSchema(Schema):
    """One row of an upload. The rule and error code of each field are in producer/fields/item_fields.py."""

    url = fields.String(required=True, metadata={"example": "https://example.com/products/blue-widget"})
    slug = fields.String(metadata={"example": "blue-widget"})
    short_url = fields.String(
        metadata={"description": "A short URL, also of another service: gives the slug, and the domain if it is yours"}
    )
    domain = fields.String(metadata={"description": "Id or hostname. Default: the job's domain, or the default one."})
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
    created_at = fields.String(metadata={"format": "date-time", "description": "A time in the past. Default: now."})
    clicks = fields.Integer(metadata={"description": "How often the link was clicked before it was imported"})
    disabled = fields.Boolean()
    comment = fields.String()
    custom_id = fields.String(metadata={"description": "Returned with the item. It need not be unique."})
    external_id = fields.String()


class LinkRequestSchema(ItemRequestSchema):
    slugs = fields.String(
        validate=validate.OneOf(list(SlugKind)), metadata={"description": "Which slugs are allowed. Default: `plain`."}
    )


class LinkChangeSchema(ItemRequestSchema):
    """Fields that are not named stay as they are. Null removes a value."""

    class Meta:
        exclude = ("slug", "domain", "short_url", "created_at", "clicks", "custom_id")

    url = fields.String()


class LinkValuesSchema(ItemRequestSchema):
    """What a change by query gives each link. Null removes a value."""

    class Meta:
        exclude = ("slug", "domain", "short_url", "external_id", "custom_id")

    url = fields.String()
    add_tags = fields.List(fields.String(), metadata={"description": "Tags that each link gets besides its own"})
    remove_tags = fields.List(fields.String(), metadata={"description": "Tags that each link loses"})


class Cursor(fields.String):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        position = cursors.decode_list_position(super()._deserialize(value, attr, data, **kwargs) or "")
        if position is None:
            raise ValidationError("This must be the next_cursor of a page of this list.")
        return position


class LinkFilterSchema(Schema):
    """Which links: those that meet all of these conditions."""

    class Meta:
        unknown = RAISE

    search = fields.String(
        validate=text(LONGEST_SEARCH),
        metadata={"description": "A part of the URL, slug or title. Case does not matter."},
    )
    tag = fields.String(validate=text(LONGEST_SEARCH), metadata={"description": "A name"})
    group = fields.String(validate=text(LONGEST_SEARCH), metadata={"description": "A name or an id"})
    job = fields.String(metadata={"description": "An id"})
    status = fields.String(validate=validate.OneOf(list(LinkStatus)))
    domain = fields.String(validate=text(LONGEST_SEARCH), metadata={"description": "An id or a hostname"})
    created_before = fields.AwareDateTime(default_timezone=UTC)
    created_after = fields.AwareDateTime(default_timezone=UTC)
    clicks = fields.String(validate=validate.OneOf(list(ClickFilter)))


class LinksQuerySchema(LinkFilterSchema):
    class Meta:
        unknown = EXCLUDE

    cursor = Cursor()
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST_LISTED))


class LinkSchema(Schema):
    id = fields.String()
    slug = fields.String()
    short_url = fields.String()
    url = fields.String()
    title = fields.String(allow_none=True)
    status = fields.String(validate=validate.OneOf(list(LinkStatus)))
    disabled = fields.Boolean()
    expires_at = fields.DateTime(allow_none=True)
    max_clicks = fields.Integer(allow_none=True)
    clicks = fields.Integer(metadata={"description": "With the opening clicks, and without clicks of bots"})
    opening_clicks = fields.Integer(metadata={"description": "Clicks from before the import"})
    protected = fields.Boolean()
    group = fields.String(allow_none=True)
    tags = fields.List(fields.String())
    comment = fields.String(allow_none=True)
    external_id = fields.String(allow_none=True)
    job_id = fields.String()
    created_at = fields.DateTime()


class LinksSchema(Schema):
    items = fields.List(fields.Nested(LinkSchema))
    next_cursor = fields.String(allow_none=True)


class DayClicksSchema(Schema):
    day = fields.Date()
    clicks = fields.Integer()


class ReferrerClicksSchema(Schema):
    referrer = fields.String(metadata={"description": "A host; empty when the visitor sent none"})
    clicks = fields.Integer()


class DeviceClicksSchema(Schema):
    device = fields.String()
    clicks = fields.Integer()


class CountryClicksSchema(Schema):
    country = fields.String(metadata={"description": "Two letters; empty when it is not known"})
    clicks = fields.Integer()


class StatsSchema(Schema):
    clicks = fields.Integer(metadata={"description": "With the opening clicks"})
    opening_clicks = fields.Integer(metadata={"description": "Clicks from before the import, which have no details"})
    bots = fields.Integer()
    by_day = fields.List(fields.Nested(DayClicksSchema))
    by_referrer = fields.List(fields.Nested(ReferrerClicksSchema))
    by_device = fields.List(fields.Nested(DeviceClicksSchema))
    by_country = fields.List(fields.Nested(CountryClicksSchema))


class JobStatsSchema(Schema):
    clicks = fields.Integer()
    by_day = fields.List(fields.Nested(DayClicksSchema))
    by_referrer = fields.List(fields.Nested(ReferrerClicksSchema))
    by_device = fields.List(fields.Nested(DeviceClicksSchema))
    by_country = fields.List(fields.Nested(CountryClicksSchema))


COLOUR = validate.Regexp(
    r"(#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})|transparent)\Z", error="This must be a colour such as 1a2b3c, or transparent."
)


class QrQuerySchema(Schema):
    scale = fields.Integer(
        load_default=8, validate=validate.Range(1, LARGEST_SCALE), metadata={"description": "Pixels per module"}
    )
    border = fields.Integer(load_default=4, validate=validate.Range(0, LARGEST_BORDER))
    dark = fields.String(load_default="000", validate=COLOUR)
    light = fields.String(load_default="fff", validate=COLOUR)

    @validates_schema
    def refuse_invisible_code(self, loaded: dict[str, Any], **_more: Any) -> None:
        if loaded["dark"] == loaded["light"]:
            raise ValidationError({"light": ["This must be another colour than dark."]})


class QrZipQuerySchema(QrQuerySchema):
    """A zip holds the codes of a range of rows. A larger job takes several."""

    format = fields.String(load_default="svg", validate=validate.OneOf(("svg", "png")))
    first = fields.Integer(
        validate=validate.Range(0, cursors.LARGEST_INDEX), metadata={"description": "The index of the first row"}
    )
    limit = fields.Integer(load_default=MOST_ZIPPED, validate=validate.Range(1, MOST_ZIPPED))
