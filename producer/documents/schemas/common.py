"""What the schemas of several resources share: pages, errors and validators."""

from collections.abc import Callable

from marshmallow import Schema, ValidationError, fields, validate

from models import cursors
from producer.fields.item_rules import InvalidValue

MOST_LISTED = 1000
CURSOR = validate.Regexp(cursors.NUMBER_PATTERN, error="This must be the next_cursor of a page of this list.")


def text(longest: int) -> Callable[[str], None]:
    """Validates text that a database can store, or compare with what it stores."""

    def check(value: str) -> None:
        if len(value) > longest or "\0" in value or value.encode(errors="replace").decode() != value:
            raise ValidationError(f"This must be text of at most {longest:,} characters, without NUL characters.")

    return check


def follows(rule: Callable[[str], object]) -> Callable[[str], None]:
    """Validates by the rule of an item field."""

    def check(value: str) -> None:
        try:
            rule(value)
        except InvalidValue as error:
            raise ValidationError(str(error)) from None

    return check


class ProblemSchema(Schema):
    """An error, by RFC 9457."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String()
    errors = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))
    violated_policies = fields.List(fields.String(), data_key="violated-policies")


class PageQuerySchema(Schema):
    cursor = fields.String(validate=CURSOR)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST_LISTED))
