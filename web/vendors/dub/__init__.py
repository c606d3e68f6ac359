"""Dub: its calls about links, as the official `dub` packages send and read them."""

from flask import request

from web.vendors import examples
from web.vendors.dub import bulk_changes, creation, links
from web.vendors.dub.errors import build_error
from web.vendors.dub.fields import FIELDS
from web.vendors.json_schema import ANYTHING, BOOLEAN, INTEGER, NULL, TEXT, any_of, array_of, json_object
from web.vendors.vendor import DirectCall, JobCall, Vendor


def sent_request() -> bool:
    """Tell Dub's clients from Short.io's, which send their key without a scheme."""
    return request.headers.get("Authorization", "").lower().startswith("bearer ")


OPTIONAL_TEXTS = "key prefix domain title password expiresAt externalId ref comments"
LISTS = {"tagNames": array_of(TEXT), "tagIds": array_of(TEXT)}
LINK = json_object({"url": TEXT}, dict.fromkeys(OPTIONAL_TEXTS.split(), TEXT) | LISTS | {"keyLength": INTEGER})
CREATED_LINK = json_object({"id": TEXT, "domain": TEXT, "key": TEXT, "url": TEXT, "shortLink": TEXT, "qrCode": TEXT})
FAILED_LINK = json_object({"link": ANYTHING, "error": TEXT, "code": TEXT})
NULLABLE = {name: any_of(schema, NULL) for name, schema in LINK["properties"].items()}
CHANGE = json_object({}, NULLABLE | {"archived": BOOLEAN})
FILTERS = {"domain": TEXT, "tagIds": TEXT, "tagNames": TEXT, "search": TEXT, "showArchived": BOOLEAN}
NAMED = {"domain": TEXT, "key": TEXT, "linkId": TEXT, "externalId": TEXT}
PAGE = {"page": INTEGER, "pageSize": INTEGER, "startingAfter": TEXT}
EXAMPLES = examples.load("dub")

VENDOR = Vendor(
    name="dub",
    title="Dub",
    fields=FIELDS,
    batch_limit=100,
    build_error=build_error,
    sent_request=sent_request,
    calls=(
        JobCall(
            path="/links/bulk",
            action="bulk create",
            parse_request=creation.parse_bulk_request,
            build_answer=creation.build_bulk_answer,
            request_schema=array_of(LINK),
            answer_schema=array_of(any_of(CREATED_LINK, FAILED_LINK)),
            examples=EXAMPLES["/links/bulk"],
        ),
        JobCall(
            path="/links",
            action="create",
            parse_request=creation.parse_single_request,
            build_answer=creation.build_single_answer,
            request_schema=LINK,
            answer_schema=CREATED_LINK,
            examples=EXAMPLES["POST /links"],
        ),
        JobCall(
            path="/links/bulk",
            methods=("PATCH",),
            action="bulk change",
            parse_request=bulk_changes.parse_update,
            build_answer=bulk_changes.build_update_answer,
            request_schema=json_object({"data": CHANGE}, {"linkIds": array_of(TEXT), "externalIds": array_of(TEXT)}),
            answer_schema=array_of(any_of(CREATED_LINK, FAILED_LINK)),
            examples=EXAMPLES["PATCH /links/bulk"],
        ),
        JobCall(
            path="/links/bulk",
            methods=("DELETE",),
            has_body=False,
            action="bulk deletion",
            parse_request=bulk_changes.parse_deletion,
            build_answer=bulk_changes.build_deletion_answer,
            request_schema={},
            query={"linkIds": TEXT},
            answer_schema=json_object({"deletedCount": INTEGER}),
            examples=EXAMPLES["DELETE /links/bulk"],
        ),
        JobCall(
            path="/links/upsert",
            methods=("PUT",),
            action="creation or change",
            parse_request=bulk_changes.parse_upsert,
            build_answer=bulk_changes.build_upsert_answer,
            request_schema=LINK,
            answer_schema=CREATED_LINK,
            examples=EXAMPLES["PUT /links/upsert"],
        ),
    ),
    direct_calls=(
        DirectCall(
            path="/links",
            action="list of links",
            answer=links.list_links,
            query=FILTERS | PAGE,
            answer_schema=array_of(CREATED_LINK),
            examples=EXAMPLES["GET /links"],
        ),
        DirectCall(
            path="/links/count",
            action="number of links",
            answer=links.count_links,
            query=FILTERS,
            answer_schema=INTEGER,
            examples=EXAMPLES["GET /links/count"],
        ),
        DirectCall(
            path="/links/info",
            action="link",
            answer=links.show_link,
            query=NAMED,
            answer_schema=CREATED_LINK,
            examples=EXAMPLES["GET /links/info"],
        ),
        DirectCall(
            path="/links/<link_id>",
            methods=("PATCH",),
            action="change of a link",
            answer=links.change_link,
            request_schema=CHANGE,
            answer_schema=CREATED_LINK,
            examples=EXAMPLES["PATCH /links/{id}"],
        ),
        DirectCall(
            path="/links/<link_id>",
            methods=("DELETE",),
            action="deletion of a link",
            answer=links.remove_link,
            answer_schema=json_object({"id": TEXT}),
            examples=EXAMPLES["DELETE /links/{id}"],
        ),
    ),
)
