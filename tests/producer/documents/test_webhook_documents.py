"""Webhook endpoints and deliveries as clients see them."""

from datetime import UTC, datetime
from typing import Any

from models.webhooks.deliveries import Delivery, DeliveryAttempt, DeliveryStatus
from models.webhooks.endpoints import Endpoint
from producer.documents import schemas
from producer.documents.webhook_documents import delivery_document, endpoint_document

NOW = datetime(2027, 1, 1, tzinfo=UTC)
ENDPOINT = Endpoint(5, 1, "https://a.b/", ["job.completed"], "whsec_x", None, None, None, NOW)
DELIVERY = Delivery(
    id=7,
    workspace_id=1,
    job_id=3,
    run=1,
    endpoint_id=5,
    type="job.completed",
    url="https://a.b/",
    body="{}",
    status=DeliveryStatus.PENDING,
    attempts=0,
    next_at=None,
    token=None,
    created_at=NOW,
)


def delivery(**values: Any) -> dict[str, Any]:
    return delivery_document(DELIVERY._replace(**values), [], None)


def test_an_endpoint_has_the_fields_of_its_schema_and_no_secret() -> None:
    assert set(endpoint_document(ENDPOINT)) == set(schemas.WebhookSchema().fields) - {"secret"}
    assert "whsec_x" not in str(endpoint_document(ENDPOINT))


def test_a_disabled_endpoint_says_why() -> None:
    document = endpoint_document(ENDPOINT._replace(disabled_at=NOW, disabled_reason="410"))
    assert (document["disabled"], document["disabled_reason"]) == (True, "410")


def test_a_delivery_has_the_fields_of_its_schema() -> None:
    assert set(delivery()) == set(schemas.DeliverySchema().fields)
    assert (delivery()["webhook_id"], delivery()["job_id"], delivery()["endpoint_id"]) == ("msg_7", "3", "5")


def test_a_test_event_has_no_job_and_a_webhook_url_no_endpoint() -> None:
    assert delivery(job_id=0)["job_id"] is None
    assert delivery(endpoint_id=0)["endpoint_id"] is None


def test_the_next_attempt_is_a_time() -> None:
    assert delivery()["next_attempt_at"] is None
    assert delivery(next_at=NOW.timestamp())["next_attempt_at"] == "2027-01-01T00:00:00.000Z"


def test_attempts_are_shown_with_the_time_that_they_took() -> None:
    attempt = DeliveryAttempt(NOW, 0.12345, 500, None, "no")
    [document] = delivery_document(DELIVERY, [attempt], "410")["attempts"]
    assert document == {
        "at": "2027-01-01T00:00:00.000Z",
        "status_code": 500,
        "error": None,
        "seconds": 0.123,
        "answer": "no",
    }
