"""Deliveries of a job, and sending one again."""

from typing import Any

from flask import Response, jsonify, make_response
from flask_smorest import Blueprint

from models import store
from models.errors import NotFound
from models.ids import parse_id
from models.webhooks import deliveries, endpoints
from producer.documents import schemas
from producer.documents.webhook_documents import delivery_document
from producer.unit_of_work import unit_of_work
from web.api.jobs import find
from web.auth import needs, owner

blueprint = Blueprint("deliveries", __name__, url_prefix="/api", description="Webhooks that were sent")


@blueprint.route("/jobs/<job_id>/deliveries")
@needs("read")
@blueprint.response(200, schemas.Deliveries)
def of_job(job_id: str) -> Response:
    """The webhooks of a job, with every attempt."""
    return jsonify(items=sent_for(find(parse_id(job_id)).id), next_cursor=None)


@blueprint.route("/deliveries/<delivery_id>/redeliver", methods=["POST"])
@needs("write")
@blueprint.response(202, schemas.Delivery)
def redeliver(delivery_id: str) -> Response:
    """Send one again: the same id and body, and the whole schedule anew."""
    return make_response(jsonify(sent_again(parse_id(delivery_id))), 202)


def sent_for(job_id: int) -> list[dict[str, Any]]:
    with store.read() as db:
        rows = deliveries.of_job(db, job_id)
        tries = deliveries.attempts(db, [row.id for row in rows])
        disabled = endpoints.disabled_reasons(db, [row.endpoint_id for row in rows])
    return [delivery_document(row, tries.get(row.id, []), disabled.get(row.endpoint_id)) for row in rows]


def sent_again(delivery_id: int) -> dict[str, Any]:
    with unit_of_work() as unit:
        if not deliveries.send_again(unit.db, delivery_id, owner().workspace_id):
            raise NotFound("there is no such delivery")
        row = deliveries.get(unit.db, delivery_id)
        tries = deliveries.attempts(unit.db, [delivery_id])
        unit.send_webhooks()
    return delivery_document(row, tries.get(delivery_id, []), None)
