"""JSON that nobody means: nested too deeply, empty, or none. No route answers 500, whichever decoder reads its body."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import settings, store
from models.accounts import keys
from models.accounts.keys import Owner
from tests.fixtures.fake_redis import FakeRedis
from tests.shared_app import shared_app

METHODS = ("POST", "PUT", "PATCH", "DELETE")
DEPTHS = (900, 990, 100_000)  # decoders give up between the first and the second


@pytest.fixture
def app(owner: Owner, fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application, whose calls do not wait for workers."""
    monkeypatch.setenv("SYNC_WAIT_SECONDS", "0")
    settings.get.cache_clear()
    return shared_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client whose key every route accepts."""
    with store.write() as db:
        token = keys.create(db, "nested", "enterprise", "key", list(keys.Scope))["token"]
    client = app.test_client()
    client.environ_base |= {"HTTP_AUTHORIZATION": f"Bearer {token}", "HTTP_APIKEY": token}
    return client


def routes(app: Flask) -> list[tuple[str, str]]:
    return [
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in METHODS
        if method in (rule.methods or ()) and not rule.rule.startswith("/app")
    ]


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("beginning", ["", '{"name":', '{"links":', '{"url":"https://a.example","count":1,"metadata":'])
def test_no_route_breaks_on_deeply_nested_json(app: Flask, client: FlaskClient, beginning: str, depth: int) -> None:
    body = beginning + "[" * depth + "]" * depth + "}" * bool(beginning)
    answers = {
        (method, path): client.open(path, method=method, data=body, content_type="application/json").status_code
        for method, path in routes(app)
    }
    assert len(answers) > 30
    assert [route for route, status in answers.items() if status == 500] == []
    assert client.get("/api/jobs").status_code == 200, "what was accepted can be shown"


def test_a_body_that_is_not_json_is_a_400(client: FlaskClient) -> None:
    for path in ("/api/groups", "/api/tags", "/api/domains", "/api/keys", "/api/webhooks"):
        for body in (b"", b" ", b"{", b"name=x", b"\xff", b'{"name": "a"} b', b"[" * 5000):
            for content_type in ("application/json", "text/plain", None):
                answer = client.post(path, data=body, content_type=content_type)
                assert (answer.status_code, answer.json and answer.json["code"]) == (400, "BROKEN_JSON"), (path, body)


def test_an_empty_change_is_no_change_and_an_empty_body_an_error(client: FlaskClient) -> None:
    assert client.patch("/api/me", json={"bulk_limit": 7}).status_code == 200
    assert client.patch("/api/me", data=b"").status_code == 400
    assert client.patch("/api/me", json={}).json["limits"]["bulk_limit"] == 7  # type: ignore[index]


def test_json_need_not_say_that_it_is_json(client: FlaskClient) -> None:
    assert client.post("/api/groups", data=b'{"name": "some"}', content_type="text/plain").status_code == 201


def test_a_body_that_a_schema_describes_has_a_limit(client: FlaskClient) -> None:
    answer = client.post("/api/groups", data=b'{"name": "' + b"x" * (1 << 20) + b'"}', content_type="application/json")
    assert (answer.status_code, answer.json and answer.json["code"]) == (413, "TOO_LARGE")
