"""Vendors' calls in /openapi.json: all of it comes from the vendors' own files."""

from functools import cache
from typing import Any

from tests.shared_app import shared_app
from web.vendors import VENDORS, Route, calls_by_route
from web.vendors.vendor import JobCall


@cache
def load_schema() -> Any:
    return shared_app().test_client().get("/openapi.json").json


def test_every_path_and_method_of_a_vendor_is_described() -> None:
    paths = load_schema()["paths"]
    for vendor in VENDORS:
        for call in vendor.calls:
            assert {method.lower() for method in call.methods} <= set(paths[call.path])
        for direct in vendor.direct_calls:
            if not direct.is_native_path:
                path = direct.path.replace("<", "{").replace(">", "}")
                assert {method.lower() for method in direct.methods} <= set(paths[path])


def test_a_call_has_the_security_scheme_of_its_vendor() -> None:
    schemes = load_schema()["components"]["securitySchemes"]
    for route, vendor_calls in calls_by_route().items():
        assert operation_of(route)["security"] == [{vendor.security_scheme.name: []} for vendor, _ in vendor_calls]
    for vendor in VENDORS:
        assert schemes[vendor.security_scheme.name] == vendor.security_scheme.definition


def test_vendors_that_share_a_path_are_described_together() -> None:
    operation = load_schema()["paths"]["/links/bulk"]["post"]
    assert operation["summary"] == "Dub- and Short.io-compatible bulk create"
    request = operation["requestBody"]["content"]["application/json"]["schema"]
    assert [schema["type"] for schema in request["anyOf"]] == ["array", "object"]


def test_every_call_that_creates_links_may_return_the_job() -> None:
    for route, vendor_calls in calls_by_route().items():
        if any(isinstance(call, JobCall) for _, call in vendor_calls):
            schema = operation_of(route)["responses"]["202"]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Job"}


def operation_of(route: Route) -> Any:
    path = route.path.replace("<", "{").replace(">", "}")
    return load_schema()["paths"][path][route.method.lower()]
