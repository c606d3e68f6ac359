"""What the schemas of several parts share: pages and errors."""

from collections.abc import Callable

from marshmallow import Schema, ValidationError, fields, validate

from producer.fields.item_rules import InvalidValue

MOST_LISTED = 1000


def text(longest: int) -> Callable[[str], None]:
    """What a database can keep, or compare with what it keeps."""

    def check(value: str) -> None:
        if len(value) > longest or "\0" in value or value.encode(errors="replace").decode() != value:
            raise ValidationError(f"text of at most {longest:,} characters, without NUL")

    return check


def follows(rule: Callable[[str], object]) -> Callable[[str], None]:
    """A rule of items, as a validator."""

    def check(value: str) -> None:
        try:
            rule(value)
        except InvalidValue as refused:
            raise ValidationError(str(refused)) from None

    return check


class Problem(Schema):
    """RFC 9457."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String()
    errors = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))
    violated_policies = fields.List(fields.String(), data_key="violated-policies")


class PageQuery(Schema):
    cursor = fields.String(validate=validate.Regexp(r"[0-9]{1,18}\Z"))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST_LISTED))
