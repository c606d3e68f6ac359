"""The examples in /openapi.json: every call has one, every vendor its own, and all keep to their schemas."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs
import pytest

from web import create_app
from web.vendors import VENDORS
from web.vendors.vendor import CreateCall, Vendor

METHODS = ("get", "post", "put", "patch", "delete")
BODILESS = ("/readyz", "/{slug}", "/metrics")


@cache
def described() -> Any:
    return create_app().test_client().get("/openapi.json").json


def operations() -> Iterator[tuple[str, Any]]:
    for path, found in described()["paths"].items():
        yield from ((f"{method.upper()} {path}", found[method]) for method in METHODS if method in found)


def media(operation: Any) -> Iterator[tuple[str, Any]]:
    """Every JSON body of an operation, but those of its errors."""
    responses = {code: found for code, found in operation["responses"].items() if code.startswith("2")}
    for place, spot in {"request": operation.get("requestBody", {}), **responses}.items():
        if "application/json" in spot.get("content", {}):
            yield place, spot["content"]["application/json"]


def component(schema: Any) -> Any:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    return described()["components"]["schemas"].get(name, {})


def has_example(media: Any) -> bool:
    if "examples" in media:
        return True
    found = component(media["schema"])
    listed = found.get("properties", {}).get("items", {}).get("items", {})
    return "examples" in found or "examples" in component(listed)


def fault(schema: Any, value: Any) -> str | None:
    validator = jsonschema_rs.Draft202012Validator({**schema, "components": described()["components"]})
    found = next(iter(validator.iter_errors(value)), None)
    return f"{found.message} in {value}" if found else None


def test_every_call_with_a_body_has_an_example() -> None:
    lacking = [
        f"{call} {place}"
        for call, operation in operations()
        for place, found in media(operation)
        if not call.endswith(BODILESS) and not has_example(found)
    ]
    assert lacking == []


def test_examples_keep_to_their_schemas() -> None:
    named = [
        (f"{call} {name}", found["schema"], example["value"])
        for call, operation in operations()
        for _, found in media(operation)
        for name, example in found.get("examples", {}).items()
    ]
    schemas = described()["components"]["schemas"]
    named += [(name, schema, value) for name, schema in schemas.items() for value in schema.get("examples", ())]
    faults = {name: wrong for name, schema, value in named if (wrong := fault(schema, value))}
    assert faults == {}
    assert len(named) > 40


CALLS = [(vendor, call) for vendor in VENDORS for call in vendor.calls]


@pytest.mark.parametrize(("vendor", "call"), CALLS, ids=[f"{vendor.name} {call.path}" for vendor, call in CALLS])
def test_each_vendor_has_an_example_of_what_it_sends_and_gets(vendor: Vendor, call: CreateCall) -> None:
    assert {"request", str(call.status)} <= set(call.examples)
    for method in call.methods:
        operation = described()["paths"][call.path][method.lower()]
        for content in (operation["requestBody"], operation["responses"][str(call.status)]):
            assert content["content"]["application/json"]["examples"]
        assert vendor.title in operation["summary"]


def test_an_upload_has_an_example_in_each_of_its_shapes() -> None:
    content = described()["paths"]["/api/jobs"]["post"]["requestBody"]["content"]
    assert {kind for kind, found in content.items() if "examples" in found} >= {
        "application/json", "text/csv", "application/x-ndjson",
    }  # fmt: skip


def test_examples_of_one_call_are_not_shown_for_another() -> None:
    unlock = described()["paths"]["/{slug}"]["post"]
    contents = [response.get("content", {}) for response in unlock["responses"].values()]
    assert not any("examples" in media for content in contents for media in content.values())
