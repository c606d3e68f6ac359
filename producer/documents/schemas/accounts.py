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


class TrimmedNameSchema(Schema):
    class Meta:
        unknown = RAISE

    @post_load
    def trim(self, loaded: dict[str, Any], **_more: Any) -> dict[str, Any]:
        return loaded | {"name": loaded["name"].strip(" ")} if "name" in loaded else loaded


FILLED = validate.Regexp(r"\s*\S", error="A name must not be blank.")
GROUP_NAME: list[Validator] = [FILLED, follows(item_rules.group)]
TAG_NAME: list[Validator] = [FILLED, follows(lambda name: item_rules.tags([name]))]
NUMBER = [validate.Range(1, labels.LARGEST_CHOSEN_ID)]


class GroupRequestSchema(TrimmedNameSchema):
    name = fields.String(required=True, validate=GROUP_NAME)
    id = fields.Integer(strict=True, validate=NUMBER, metadata={"description": "Without it, the next free number."})


class GroupChangeSchema(TrimmedNameSchema):
    name = fields.String(validate=GROUP_NAME)


class TagRequestSchema(TrimmedNameSchema):
    name = fields.String(required=True, validate=TAG_NAME)
    id = fields.Integer(strict=True, validate=NUMBER, metadata={"description": "Without it, the next free number."})


class TagChangeSchema(TrimmedNameSchema):
    name = fields.String(validate=TAG_NAME)


class LabelSchema(Schema):
    """A group or a tag."""

    id = fields.Integer()
    name = fields.String()


class LabelsSchema(Schema):
    items = fields.List(fields.Nested(LabelSchema))
    next_cursor = fields.String(allow_none=True)


class DomainRequestSchema(Schema):
    class Meta:
        unknown = RAISE

    hostname = fields.String(required=True, validate=follows(hostnames.normalise))
    case_sensitive = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=True,
        metadata={"description": "Whether slugs that differ only in case are different links. It cannot be changed."},
    )

    @post_load
    def normalise(self, loaded: dict[str, Any], **_more: Any) -> dict[str, Any]:
        return loaded | {"hostname": hostnames.normalise(loaded["hostname"])}


class ProofRecordSchema(Schema):
    type = fields.String()
    name = fields.String()
    value = fields.String()


class ProofFileSchema(Schema):
    url = fields.String()
    content = fields.String()


class DomainProofSchema(Schema):
    record = fields.Nested(ProofRecordSchema)
    file = fields.Nested(ProofFileSchema)


class DomainSchema(Schema):
    id = fields.String()
    hostname = fields.String()
    is_default = fields.Boolean()
    case_sensitive = fields.Boolean()
    verified = fields.Boolean(metadata={"description": "Whether the workspace has proven that it owns the hostname."})
    proof = fields.Nested(
        DomainProofSchema,
        allow_none=True,
        metadata={"description": "Publish one of the two, then call verify. Null once the hostname is verified."},
    )
    created_at = fields.DateTime()


class DomainsSchema(Schema):
    items = fields.List(fields.Nested(DomainSchema))
    next_cursor = fields.String(allow_none=True)


class KeyRequestSchema(TrimmedNameSchema):
    name = fields.String(required=True, validate=[FILLED, text(LONGEST_NAME)])
    scopes = fields.List(
        fields.String(validate=validate.OneOf(list(keys.Scope))),
        validate=validate.Length(1),
        metadata={"description": "Without them, those of the key that makes the request."},
    )


class KeySchema(Schema):
    id = fields.String()
    name = fields.String()
    scopes = fields.List(fields.String())
    created_at = fields.DateTime()
    last_used_at = fields.DateTime(allow_none=True)
    revoked_at = fields.DateTime(allow_none=True)


class NewKeySchema(KeySchema):
    """The only answer that contains the secrets."""

    workspace_id = fields.String()
    domain_id = fields.String()
    token = fields.String()
    consumer_key = fields.String()
    consumer_secret = fields.String()


class KeysSchema(Schema):
    items = fields.List(fields.Nested(KeySchema))
    next_cursor = fields.String(allow_none=True)
