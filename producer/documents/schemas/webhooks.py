"""Schemas of webhook endpoints and deliveries."""

from marshmallow import RAISE, Schema, fields, validate

from models.webhooks.deliveries import DeliveryStatus

EVENTS = ("job.completed", "job.cancelled", "job.failed")


class WebhookRequestSchema(Schema):
    class Meta:
        unknown = RAISE

    url = fields.String(required=True, validate=validate.Length(1, 2048))
    events = fields.List(fields.String(validate=validate.OneOf(EVENTS)), validate=validate.Length(1))


class WebhookChangeSchema(Schema):
    class Meta:
        unknown = RAISE

    url = fields.String(validate=validate.Length(1, 2048))
    events = fields.List(fields.String(validate=validate.OneOf(EVENTS)), validate=validate.Length(1))
    disabled = fields.Boolean()


class WebhookSchema(Schema):
    id = fields.String()
    url = fields.String()
    events = fields.List(fields.String())
    disabled = fields.Boolean()
    disabled_reason = fields.String(allow_none=True)
    failing_since = fields.DateTime(allow_none=True)
    created_at = fields.DateTime()
    secret = fields.String(metadata={"description": "Only in the answer to the request that created it."})


class SecretSchema(Schema):
    secret = fields.String()


class WebhooksSchema(Schema):
    items = fields.List(fields.Nested(WebhookSchema))
    next_cursor = fields.String(allow_none=True)


class AttemptSchema(Schema):
    at = fields.DateTime()
    status_code = fields.Integer(allow_none=True)
    error = fields.String(allow_none=True)
    seconds = fields.Float()
    answer = fields.String(allow_none=True)


class DeliverySchema(Schema):
    id = fields.String()
    webhook_id = fields.String()
    job_id = fields.String(allow_none=True)
    run = fields.Integer()
    endpoint_id = fields.String(allow_none=True)
    endpoint_disabled = fields.String(allow_none=True)
    type = fields.String()
    url = fields.String()
    status = fields.String(validate=validate.OneOf(list(DeliveryStatus)))
    created_at = fields.DateTime()
    next_attempt_at = fields.DateTime(allow_none=True)
    attempts = fields.List(fields.Nested(AttemptSchema))


class DeliveriesSchema(Schema):
    items = fields.List(fields.Nested(DeliverySchema))
    next_cursor = fields.String(allow_none=True)
