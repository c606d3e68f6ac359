"""A link, as clients see it and ask for it: alone, in a list, or as an item of an upload."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from models import cursors
from models.links.listing import LinkStatus
from producer.documents.schemas.common import MOST_LISTED, text

LONGEST_SEARCH = 2048
LARGEST_SCALE = 50
LARGEST_BORDER = 20
LARGEST_INDEX = (1 << 63) - 1 - (1 << 20)
MOST_ZIPPED = 100_000


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


class LinkRequest(ItemRequest):
    domain = fields.String(metadata={"description": "id or hostname; the default one when none is named"})


class LinkChange(ItemRequest):
    """What is not named stays as it is; null removes."""

    class Meta:
        exclude = ("slug",)

    url = fields.String()
    disabled = fields.Boolean()


class Cursor(fields.String):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = cursors.decode_position(super()._deserialize(value, attr, data, **kwargs) or "")
        if found is None:
            raise ValidationError("the next_cursor of a page of this list")
        return found


class LinksQuery(Schema):
    search = fields.String(
        validate=text(LONGEST_SEARCH), metadata={"description": "a part of the url, slug or title, in any case"}
    )
    tag = fields.String(validate=text(LONGEST_SEARCH), metadata={"description": "a name"})
    group = fields.String(validate=text(LONGEST_SEARCH), metadata={"description": "a name or id"})
    job = fields.String(metadata={"description": "an id"})
    status = fields.String(validate=validate.OneOf(list(LinkStatus)))
    cursor = Cursor()
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST_LISTED))


class Link(Schema):
    id = fields.String()
    slug = fields.String()
    short_url = fields.String()
    url = fields.String()
    title = fields.String(allow_none=True)
    status = fields.String(validate=validate.OneOf(list(LinkStatus)))
    disabled = fields.Boolean()
    expires_at = fields.DateTime(allow_none=True)
    max_clicks = fields.Integer(allow_none=True)
    clicks = fields.Integer(metadata={"description": "without those of bots"})
    protected = fields.Boolean()
    group = fields.String(allow_none=True)
    tags = fields.List(fields.String())
    external_id = fields.String(allow_none=True)
    job_id = fields.String()
    created_at = fields.DateTime()


class Links(Schema):
    items = fields.List(fields.Nested(Link))
    next_cursor = fields.String(allow_none=True)


class DayClicks(Schema):
    day = fields.Date()
    clicks = fields.Integer()


class ReferrerClicks(Schema):
    referrer = fields.String(metadata={"description": "a host; empty where there was none"})
    clicks = fields.Integer()


class DeviceClicks(Schema):
    device = fields.String()
    clicks = fields.Integer()


class CountryClicks(Schema):
    country = fields.String(metadata={"description": "two letters; empty where it is not known"})
    clicks = fields.Integer()


class Stats(Schema):
    clicks = fields.Integer()
    bots = fields.Integer()
    by_day = fields.List(fields.Nested(DayClicks))
    by_referrer = fields.List(fields.Nested(ReferrerClicks))
    by_device = fields.List(fields.Nested(DeviceClicks))
    by_country = fields.List(fields.Nested(CountryClicks))


class JobStats(Schema):
    clicks = fields.Integer()
    by_day = fields.List(fields.Nested(DayClicks))


COLOUR = validate.Regexp(
    r"(#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})|transparent)\Z", error="a colour like 1a2b3c or transparent"
)


class QrQuery(Schema):
    scale = fields.Integer(
        load_default=8, validate=validate.Range(1, LARGEST_SCALE), metadata={"description": "pixels"}
    )
    border = fields.Integer(load_default=4, validate=validate.Range(0, LARGEST_BORDER))
    dark = fields.String(load_default="000", validate=COLOUR)
    light = fields.String(load_default="fff", validate=COLOUR)


class QrZipQuery(QrQuery):
    """A zip has the codes of so many rows at most; of a larger job, one asks for several."""

    format = fields.String(load_default="svg", validate=validate.OneOf(("svg", "png")))
    first = fields.Integer(
        validate=validate.Range(0, LARGEST_INDEX), metadata={"description": "the index of the first row"}
    )
    limit = fields.Integer(load_default=MOST_ZIPPED, validate=validate.Range(1, MOST_ZIPPED))
