"""What the schemas of several parts share: pages and errors."""

from marshmallow import Schema, fields, validate

MOST_LISTED = 1000


class Problem(Schema):
    """RFC 9457."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String()
    errors = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))


class PageQuery(Schema):
    cursor = fields.String(validate=validate.Regexp(r"[0-9]{1,18}\Z"))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST_LISTED))
