"""Requests and answers of the native API, as marshmallow has them; OpenAPI is made from these."""

from producer.schemas.common import MOST_LISTED, PageQuery, Problem
from producer.schemas.jobs import LONGEST_WAIT, Item, Items, ItemsQuery, Job, JobOptions, JobQuery, Jobs, JobsQuery
from producer.schemas.links import ItemRequest, Link
from producer.schemas.webhooks import (
    EVENTS,
    Deliveries,
    Delivery,
    Secret,
    Webhook,
    WebhookChange,
    WebhookRequest,
    Webhooks,
)

__all__ = [
    "EVENTS",
    "LONGEST_WAIT",
    "MOST_LISTED",
    "Deliveries",
    "Delivery",
    "Item",
    "ItemRequest",
    "Items",
    "ItemsQuery",
    "Job",
    "JobOptions",
    "JobQuery",
    "Jobs",
    "JobsQuery",
    "Link",
    "PageQuery",
    "Problem",
    "Secret",
    "Webhook",
    "WebhookChange",
    "WebhookRequest",
    "Webhooks",
]
