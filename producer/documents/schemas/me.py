"""Schemas of `/api/me`: the key's workspace, what its plan allows, and what it has used."""

from marshmallow import RAISE, Schema, fields, validate

MOST_AT_ONCE = 100_000  # links of a JSON body, whatever a workspace chooses


class Named(Schema):
    id = fields.String()
    name = fields.String()


class OwnKey(Named):
    scopes = fields.List(fields.String())


class Limits(Schema):
    """Null means no limit."""

    bulk_calls_per_hour = fields.Integer(allow_none=True)
    links_per_hour = fields.Integer(allow_none=True)
    links_per_day = fields.Integer(allow_none=True)
    total_links = fields.Integer(allow_none=True)
    longest_ttl = fields.Integer(allow_none=True)
    batch = fields.Dict(keys=fields.String(), values=fields.Integer(allow_none=True))
    bulk_limit = fields.Integer(allow_none=True, metadata={"description": "Links of a URL Shortify call"})


class Use(Schema):
    """Null where nothing is counted, because nothing is limited."""

    bulk_calls = fields.Integer(allow_none=True)
    links_this_hour = fields.Integer(allow_none=True)
    links_today = fields.Integer(allow_none=True)
    links_total = fields.Integer(allow_none=True)


class Me(Schema):
    workspace = fields.Nested(Named)
    key = fields.Nested(OwnKey)
    plan = fields.String()
    limits = fields.Nested(Limits)
    use = fields.Nested(Use)


class MeChange(Schema):
    class Meta:
        unknown = RAISE

    bulk_limit = fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(1, MOST_AT_ONCE),
        metadata={"description": "Links of a URL Shortify call. Null restores the plan's own number."},
    )
