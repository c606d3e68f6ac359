"""Vendors' calls, described by what the registry says about them."""

import re
from http import HTTPStatus
from typing import Any

from web.openapi import examples, operation_ids, parameter_texts
from web.openapi.parts import ANYTHING, JSON, response, schema_ref
from web.vendors import VENDORS, VendorCalls, calls_by_route
from web.vendors.json_schema import TEXT, Schema, any_of
from web.vendors.vendor import JobCall, Vendor

PATH_ARGUMENT = re.compile(r"<(\w+)>")
STILL_RUNNING = "The links are still being created. Send the same request again to wait for them."


def paths() -> dict[str, Any]:
    described: dict[str, Any] = {}
    for route, vendor_calls in calls_by_route().items():
        path = PATH_ARGUMENT.sub(r"{\1}", route.path)
        operation = _describe(vendor_calls)
        operation["operationId"] = _operation_id(vendor_calls, route.method)
        parameters = [_parameter("path", name, TEXT) for name in PATH_ARGUMENT.findall(route.path)]
        for _, call in vendor_calls:
            parameters += [_parameter("query", name, schema) for name, schema in call.query.items()]
        parameter_texts.describe("*", parameters)
        if parameters:
            operation["parameters"] = parameters
        described.setdefault(path, {})[route.method.lower()] = operation
    return described


def security_schemes() -> dict[str, dict[str, Any]]:
    """Return how vendors' clients send their key, by the scheme's name. Several vendors use that of our own API."""
    return dict(vendor.security_scheme for vendor in VENDORS)


def _describe(vendor_calls: VendorCalls) -> dict[str, Any]:
    """Describe one method of a path, which several vendors may share."""
    vendors = [vendor for vendor, _ in vendor_calls]
    calls = [call for _, call in vendor_calls]
    answer_schema = _one_of_several([call.answer_schema for call in calls])
    operation = _operation(vendors, calls[0].action, calls[0].status, answer_schema)
    if any(isinstance(call, JobCall) for call in calls):
        operation["responses"]["202"] = response("The job, for `Prefer: respond-async`", schema_ref("Job"))
    request_schemas = [call.request_schema for call in calls if call.request_schema]
    if request_schemas:
        request_schema = _one_of_several(request_schemas)
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": request_schema}}}
    for call in calls:
        examples.add(operation, call.examples)
    return operation


def _operation_id(vendor_calls: VendorCalls, method: str) -> str:
    vendors = " ".join(vendor.name for vendor, _ in vendor_calls)
    call = vendor_calls[0][1]
    return operation_ids.of_vendor(vendors, call.action, method, call.methods)


def _parameter(place: str, name: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _operation(vendors: list[Vendor], action: str, status: int, answer_schema: Schema) -> dict[str, Any]:
    titles = "- and ".join(vendor.title for vendor in vendors)
    return {
        "summary": f"{titles}-compatible {action}",
        "tags": ["vendors"],
        "security": [{vendor.security_scheme.name: []} for vendor in vendors],
        "responses": {
            str(status): response(HTTPStatus(status).phrase, answer_schema),
            "4XX": response("The vendor's error", ANYTHING),  # its shape is in the vendor's own documentation
            "503": response("Not available at the moment. Try again.", ANYTHING),
            "504": response(STILL_RUNNING, ANYTHING),
            "507": response("There is no room left to store the request. Nothing was created.", ANYTHING),
        },
    }


def _one_of_several(schemas: list[Schema]) -> Schema:
    """Combine the schemas of vendors that share a path."""
    return schemas[0] if len(schemas) == 1 else any_of(*schemas)
