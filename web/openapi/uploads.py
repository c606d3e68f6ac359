"""What POST /api/jobs accepts: five kinds of body, each with the job's options in its own place."""

from collections.abc import Mapping
from typing import Any

from producer.intake.json_bodies import MOST_COUNTED, MOST_LINKS
from producer.job_options import JobAction
from web.bodies import FORMAT_OF_TYPE, STRUCTURED, XLSX
from web.openapi.parts import BINARY, JSON, TEXT, schema_ref

OF_QUERY_CHANGES = ("where", "set")
"""The options of a JSON body that names links by a filter."""
QUERY_ACTIONS = (JobAction.UPDATE, JobAction.DELETE)
JSON_BODIES = ("LinksUpload", "CountUpload", "QueryChange")
LIST_OF_LINKS = {"type": "array", "minItems": 1, "maxItems": MOST_LINKS, "items": schema_ref("ItemRequest")}
HEADERS = {
    "Prefer": "`wait=N` returns the finished job if it ends within N seconds",
    "Idempotency-Key": "The same key with the same body returns the same job",
    "Content-Encoding": "gzip or none",
}


Schemas = Mapping[str, Any]
"""The schemas of the components, by name."""


def description(schemas: Schemas) -> dict[str, Any]:
    """Describe the request body and the parameters."""
    return {"requestBody": {"required": True, "content": _bodies()}, "parameters": _parameters(schemas)}


def schemas_of_bodies(schemas: Schemas) -> dict[str, Any]:
    """Return the schemas of the bodies that have the options in them. Generated clients name their types by them."""
    options = dict(schemas["JobOptions"]["properties"])
    where = options.pop("where")
    del options["set"]
    item = schemas["ItemRequest"]["properties"]
    other_fields = {name: schema for name, schema in item.items() if name != "url"}
    count = {"type": "integer", "minimum": 1, "maximum": MOST_COUNTED}
    action = {"type": "string", "enum": list(QUERY_ACTIONS)}
    other_options = {name: schema for name, schema in options.items() if name != "action"}
    return {
        "LinksUpload": _body({"links": LIST_OF_LINKS}, options),
        "CountUpload": _body({"url": item["url"], "count": count}, other_fields | options),
        "FileUpload": _body({"file": BINARY["schema"]}, options),
        "QueryChange": _body({"action": action, "where": where}, {"set": schema_ref("LinkValues")} | other_options),
    }


def _bodies() -> dict[str, Any]:
    # A bare list of links is accepted too. It stays out: openapi-python-client generates code for it that fails.
    bodies = {
        JSON: {"schema": {"anyOf": [schema_ref(name) for name in JSON_BODIES]}},
        "multipart/form-data": {"schema": schema_ref("FileUpload")},
    }
    for content_type in FORMAT_OF_TYPE:
        bodies[content_type] = BINARY if content_type == XLSX else TEXT
    return bodies


def _body(required: dict[str, Any], optional: dict[str, Any]) -> dict[str, Any]:
    properties = required | optional
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


def _parameters(schemas: Schemas) -> list[dict[str, Any]]:
    """Describe the options of a file that is the whole body: they are in the query, structured ones as JSON."""
    parameters = []
    for name, schema in schemas["JobOptions"]["properties"].items():
        if name not in OF_QUERY_CHANGES:
            parameters.append(_query_parameter(name, schema))
    for name, text in HEADERS.items():
        parameters.append({"in": "header", "name": name, "description": text} | TEXT)
    return parameters


def _query_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    description = schema["description"]
    if name in STRUCTURED:
        return {"in": "query", "name": name, "description": f"{description} As JSON."} | TEXT
    own_schema = {key: value for key, value in schema.items() if key != "description"}
    return {"in": "query", "name": name, "description": description, "schema": own_schema}
