"""The examples in /openapi.json: every call has one, and all of them conform to their schemas."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs
import pytest

from tests.shared_app import shared_app
from web.vendors import VENDORS
from web.vendors.vendor import JobCall, Vendor

METHODS = ("get", "post", "put", "patch", "delete")
BODILESS = ("/readyz", "/{slug}", "/metrics")


@cache
def load_schema() -> Any:
    return shared_app().test_client().get("/openapi.json").json


def operations() -> Iterator[tuple[str, Any]]:
    for path, methods in load_schema()["paths"].items():
        yield from ((f"{method.upper()} {path}", methods[method]) for method in METHODS if method in methods)


def media(operation: Any) -> Iterator[tuple[str, Any]]:
    """Every JSON body of an operation, except those of its errors."""
    responses = {code: response for code, response in operation["responses"].items() if code.startswith("2")}
    for place, body in {"request": operation.get("requestBody", {}), **responses}.items():
        if "application/json" in body.get("content", {}):
            yield place, body["content"]["application/json"]


def component(schema: Any) -> Any:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    return load_schema()["components"]["schemas"].get(name, {})


def has_example(media: Any) -> bool:
    if "examples" in media:
        return True
    schema = component(media["schema"])
    item_schema = schema.get("properties", {}).get("items", {}).get("items", {})
    return "examples" in schema or "examples" in component(item_schema)


def find_problem(schema: Any, value: Any) -> str | None:
    validator = jsonschema_rs.Draft202012Validator({**schema, "components": load_schema()["components"]})
    error = next(iter(validator.iter_errors(value)), None)
    return f"{error.message} in {value}" if error else None


def test_every_call_with_a_body_has_an_example() -> None:
    without_example = [
        f"{call} {place}"
        for call, operation in operations()
        for place, content in media(operation)
        if not call.endswith(BODILESS) and not has_example(content)
    ]
    assert without_example == []


def test_examples_conform_to_their_schemas() -> None:
    examples = [
        (f"{call} {name}", content["schema"], example["value"])
        for call, operation in operations()
        for _, content in media(operation)
        for name, example in content.get("examples", {}).items()
    ]
    schemas = load_schema()["components"]["schemas"]
    examples += [(name, schema, value) for name, schema in schemas.items() for value in schema.get("examples", ())]
    problems = [(name, find_problem(schema, value)) for name, schema, value in examples]
    assert [(name, problem) for name, problem in problems if problem] == []
    assert len(examples) > 40


CALLS = [(vendor, call) for vendor in VENDORS for call in vendor.calls]


@pytest.mark.parametrize(
    ("vendor", "call"), CALLS, ids=[f"{vendor.name} {call.methods[0]} {call.path}" for vendor, call in CALLS]
)
def test_each_vendor_has_an_example_of_its_request_and_of_its_answer(vendor: Vendor, call: JobCall) -> None:
    places = {"request", str(call.status)} if call.has_body else {str(call.status)}
    assert places <= set(call.examples)
    for method in call.methods:
        operation = load_schema()["paths"][call.path][method.lower()]
        bodies = [operation["requestBody"]] if call.has_body else []
        for content in (*bodies, operation["responses"][str(call.status)]):
            assert content["content"]["application/json"]["examples"]
        assert vendor.title in operation["summary"]


def test_an_upload_has_an_example_of_each_content_type() -> None:
    content = load_schema()["paths"]["/api/jobs"]["post"]["requestBody"]["content"]
    assert {content_type for content_type, media in content.items() if "examples" in media} >= {
        "application/json", "text/csv", "application/x-ndjson",
    }  # fmt: skip


def test_examples_of_one_call_are_not_shown_for_another() -> None:
    unlock = load_schema()["paths"]["/{slug}"]["post"]
    contents = [response.get("content", {}) for response in unlock["responses"].values()]
    assert not any("examples" in media for content in contents for media in content.values())
