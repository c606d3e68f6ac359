"""Schemas of groups, tags, domains and keys."""

from collections.abc import Callable
from typing import Any

from marshmallow import RAISE, Schema, fields, post_load, validate

from models.accounts import keys
from models.links import labels
from producer.documents.schemas.common import follows, text
from producer.fields import item_rules
from producer.rules import hostnames

LONGEST_NAME = 100

Validator = Callable[[str], object]


class TrimmedName(Schema):
    class Meta:
        unknown = RAISE

    @post_load
    def trim(self, loaded: dict[str, Any], **_more: Any) -> dict[str, Any]:
        return loaded | {"name": loaded["name"].strip(" ")} if "name" in loaded else loaded


FILLED = validate.Regexp(r"\s*\S", error="A name must not be blank.")
GROUP_NAME: list[Validator] = [FILLED, follows(item_rules.group)]
TAG_NAME: list[Validator] = [FILLED, follows(lambda name: item_rules.tags([name]))]
NUMBER = [validate.Range(1, labels.LARGEST_CHOSEN_ID)]


class GroupRequest(TrimmedName):
    name = fields.String(required=True, validate=GROUP_NAME)
    id = fields.Integer(strict=True, validate=NUMBER, metadata={"description": "Without it, the next free number."})


class GroupChange(TrimmedName):
    name = fields.String(validate=GROUP_NAME)


class TagRequest(TrimmedName):
    name = fields.String(required=True, validate=TAG_NAME)
    id = fields.Integer(strict=True, validate=NUMBER, metadata={"description": "Without it, the next free number."})


class TagChange(TrimmedName):
    name = fields.String(validate=TAG_NAME)


class Label(Schema):
    """A group or a tag."""

    id = fields.Integer()
    name = fields.String()


class Labels(Schema):
    items = fields.List(fields.Nested(Label))
    next_cursor = fields.String(allow_none=True)


class DomainRequest(Schema):
    class Meta:
        unknown = RAISE

    hostname = fields.String(required=True, validate=follows(hostnames.normalise))

    @post_load
    def normalise(self, loaded: dict[str, Any], **_more: Any) -> dict[str, Any]:
        return {"hostname": hostnames.normalise(loaded["hostname"])}


class Domain(Schema):
    id = fields.String()
    hostname = fields.String()
    is_default = fields.Boolean()
    created_at = fields.DateTime()


class Domains(Schema):
    items = fields.List(fields.Nested(Domain))
    next_cursor = fields.String(allow_none=True)


class KeyRequest(TrimmedName):
    name = fields.String(required=True, validate=[FILLED, text(LONGEST_NAME)])
    scopes = fields.List(
        fields.String(validate=validate.OneOf(list(keys.Scope))),
        validate=validate.Length(1),
        metadata={"description": "Without them, those of the key that makes the request."},
    )


class Key(Schema):
    id = fields.String()
    name = fields.String()
    scopes = fields.List(fields.String())
    created_at = fields.DateTime()
    last_used_at = fields.DateTime(allow_none=True)
    revoked_at = fields.DateTime(allow_none=True)


class NewKey(Key):
    """The only answer that contains the secrets."""

    workspace_id = fields.String()
    domain_id = fields.String()
    token = fields.String()
    consumer_key = fields.String()
    consumer_secret = fields.String()


class Keys(Schema):
    items = fields.List(fields.Nested(Key))
    next_cursor = fields.String(allow_none=True)
