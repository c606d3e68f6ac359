"""Vendors' calls in /openapi.json: all of it comes from the vendors' own files."""

from functools import cache
from typing import Any

from tests.shared_app import shared_app
from web.vendors import VENDORS, calls_by_path


@cache
def load_schema() -> Any:
    return shared_app().test_client().get("/openapi.json").json


def test_every_path_and_method_of_a_vendor_is_described() -> None:
    paths = load_schema()["paths"]
    for vendor in VENDORS:
        for call in vendor.calls:
            assert {method.lower() for method in call.methods} <= set(paths[call.path])
        for read in vendor.reads:
            assert "get" in paths[read.path]


def test_a_call_has_the_security_scheme_of_its_vendor() -> None:
    schemes = load_schema()["components"]["securitySchemes"]
    for path, vendor_calls in calls_by_path().items():
        (operation,) = {str(operation["security"]) for operation in load_schema()["paths"][path].values()}
        assert operation == str([{vendor.security_scheme.name: []} for vendor, _ in vendor_calls])
    for vendor in VENDORS:
        assert schemes[vendor.security_scheme.name] == vendor.security_scheme.definition


def test_vendors_that_share_a_path_are_described_together() -> None:
    operation = load_schema()["paths"]["/links/bulk"]["post"]
    assert operation["summary"] == "Dub- and Short.io-compatible bulk create"
    request = operation["requestBody"]["content"]["application/json"]["schema"]
    assert [schema["type"] for schema in request["anyOf"]] == ["array", "object"]


def test_every_call_that_creates_links_may_return_the_job() -> None:
    for path in calls_by_path():
        for operation in load_schema()["paths"][path].values():
            schema = operation["responses"]["202"]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Job"}
