"""Schemas of `/api/me`: the key's workspace, what its plan allows, and what it has used."""

from marshmallow import RAISE, Schema, fields, validate

MOST_AT_ONCE = 100_000  # links of a JSON body, whatever a workspace chooses


class NamedSchema(Schema):
    id = fields.String()
    name = fields.String()


class OwnKeySchema(NamedSchema):
    scopes = fields.List(fields.String())


class LimitsSchema(Schema):
    """Null means no limit."""

    bulk_calls_per_hour = fields.Integer(allow_none=True)
    links_per_hour = fields.Integer(allow_none=True)
    links_per_day = fields.Integer(allow_none=True)
    total_links = fields.Integer(allow_none=True)
    longest_ttl = fields.Integer(allow_none=True)
    batch = fields.Dict(keys=fields.String(), values=fields.Integer(allow_none=True))
    bulk_limit = fields.Integer(allow_none=True, metadata={"description": "Links of a URL Shortify call"})


class UseSchema(Schema):
    """Null where nothing is counted, because nothing is limited."""

    bulk_calls = fields.Integer(allow_none=True)
    links_this_hour = fields.Integer(allow_none=True)
    links_today = fields.Integer(allow_none=True)
    links_total = fields.Integer(allow_none=True)


class MeSchema(Schema):
    workspace = fields.Nested(NamedSchema)
    key = fields.Nested(OwnKeySchema)
    plan = fields.String()
    limits = fields.Nested(LimitsSchema)
    use = fields.Nested(UseSchema)


class MeChangeSchema(Schema):
    class Meta:
        unknown = RAISE

    bulk_limit = fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(1, MOST_AT_ONCE),
        metadata={"description": "Links of a URL Shortify call. Null restores the plan's own number."},
    )
