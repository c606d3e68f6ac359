"""Deliveries of a job, and sending one again."""

from flask import Response, jsonify, make_response
from flask_smorest import Blueprint

from models.accounts.keys import Scope
from producer.documents import schemas
from producer.resources import deliveries
from producer.resources.jobs import find_job
from web.auth import needs, owner

blueprint = Blueprint("deliveries", __name__, url_prefix="/api", description="Webhooks that were sent")


@blueprint.route("/jobs/<job_id>/deliveries")
@needs(Scope.READ)
@blueprint.response(200, schemas.DeliveriesSchema)
def list_job_deliveries(job_id: str) -> Response:
    """List the webhooks of a job, each with all its attempts."""
    job = find_job(owner(), job_id)
    return jsonify(items=deliveries.list_job_deliveries(job.id), next_cursor=None)


@blueprint.route("/deliveries/<delivery_id>/redeliver", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.response(202, schemas.DeliverySchema)
def redeliver(delivery_id: str) -> Response:
    """Send a webhook again, with the same id and body. The schedule of retries starts from its beginning."""
    return make_response(jsonify(deliveries.redeliver(owner(), delivery_id)), 202)
