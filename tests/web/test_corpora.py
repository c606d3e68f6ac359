"""What others collected to break programs, sent to every route: none answers 500, and JSON is what it should be."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import settings, store
from models.accounts import keys
from models.accounts.keys import Owner
from tests.corpora import read_corpus
from tests.fixtures.fake_redis import FakeRedis
from tests.shared_app import shared_app

pytestmark = pytest.mark.slow

STRIDE = 8  # every route gets each eighth case, and all of them together get each case several times
MISSING = (403, 404)  # of a path that names nothing: such an answer may come before the body is read
BROKEN = (400, 413)

only_sqlite = pytest.mark.parametrize("owner", ["sqlite"], indirect=True)


@pytest.fixture
def client(owner: Owner, fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client whose key every route accepts; its calls do not wait for workers."""
    monkeypatch.setenv("SYNC_WAIT_SECONDS", "0")
    settings.get.cache_clear()
    with store.write() as db:
        key = keys.create(db, "corpora", "enterprise", "key", list(keys.Scope))
    client = shared_app().test_client()
    client.environ_base |= {"HTTP_AUTHORIZATION": f"Bearer {key['token']}", "HTTP_APIKEY": key["token"]}
    for part in ("consumer_key", "consumer_secret"):
        client.environ_base[f"HTTP_X_URL_SHORTIFY_{part.upper()}"] = key[part]
    return client


Operation = tuple[str, str, Any]
"""A method, a path and an example of a JSON body."""


def json_operations(app: Flask) -> list[Operation]:
    """Every operation that takes JSON, as OpenAPI describes it."""
    description = app.test_client().get("/openapi.json").get_json()
    return [
        (method.upper(), path, example_of(operation))
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        if isinstance(operation, dict) and "application/json" in operation.get("requestBody", {}).get("content", {})
    ]


def example_of(operation: dict[str, Any]) -> Any:
    examples: dict[str, Any] = operation["requestBody"]["content"]["application/json"].get("examples", {})
    for example in examples.values():
        return example["value"]
    return {}


def send(client: FlaskClient, method: str, path: str, body: bytes) -> Any:
    """Make a call; when a key with a scheme is not what the path takes, make it with the bare key."""
    path = path.replace("{", "").replace("}", "")
    answer = client.open(path, method=method, data=body, content_type="application/json")
    if answer.status_code != 401:
        return answer
    headers = {"Authorization": client.environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")}
    return client.open(path, method=method, data=body, content_type="application/json", headers=headers)


@only_sqlite
def test_every_route_takes_for_json_what_is_json(client: FlaskClient) -> None:
    operations = json_operations(shared_app())
    assert len(operations) > 20
    cases = list(read_corpus("json_test_suite").items())
    wrong = []
    for place, (method, path, _) in enumerate(operations):
        for name, text in cases[place % STRIDE :: STRIDE]:
            answer = send(client, method, path, text.encode("latin-1"))
            if not is_right(name, answer.status_code, answer.get_json(silent=True)):
                wrong.append((method, path, name, answer.status_code))
    assert wrong == []


def is_right(name: str, status: int, answer: Any) -> bool:
    if status == 500:
        return False
    if name.startswith("y_"):
        return "not JSON" not in str(answer) and "not valid JSON" not in str(answer)
    return not name.startswith("n_") or status in BROKEN + MISSING


def test_a_naughty_text_in_any_place_of_a_body_gets_an_answer(client: FlaskClient) -> None:
    texts = [*read_corpus("naughty_strings"), "\0", "\ud800"]
    wrong = []
    turn = 0
    for method, path, example in json_operations(shared_app()):
        for place in range(count_texts(example)):
            for text in texts[turn % len(texts) :: len(texts) // 4]:
                body = json.dumps(with_text(example, place, text)).encode()
                answer = send(client, method, path, body)
                if answer.status_code == 500:
                    wrong.append((method, path, text))
            turn += 1
    assert turn > 50
    assert wrong == []


def count_texts(body: Any) -> int:
    return sum(1 for _ in places_of(body))


def places_of(body: Any) -> Iterator[tuple[Any, Any]]:
    """Every text of a JSON value: what contains it, and its key or index there."""
    members = body.items() if isinstance(body, dict) else enumerate(body if isinstance(body, list) else [])
    for key, value in members:
        if isinstance(value, str):
            yield body, key
        else:
            yield from places_of(value)


def with_text(example: Any, place: int, text: str) -> Any:
    body = json.loads(json.dumps(example))
    container, key = list(places_of(body))[place]
    container[key] = text
    return body
