"""Short.io: its calls about links, as its clients send and read them."""

from flask import request

from models.accounts.keys import Owner
from web.auth import authenticate_header
from web.vendors import examples
from web.vendors.json_schema import ANYTHING, BOOLEAN, INTEGER, NULL, TEXT, any_of, array_of, json_object
from web.vendors.security import SecurityScheme
from web.vendors.short_io import bulk_changes, creation, links, places
from web.vendors.short_io.errors import build_error
from web.vendors.short_io.fields import FIELDS
from web.vendors.vendor import DirectCall, JobCall, Vendor


def authenticate() -> Owner:
    return authenticate_header("Authorization")


def sent_request() -> bool:
    """Tell Short.io's clients from those of our own API: they send their key without a scheme."""
    key = request.headers.get("Authorization", "").strip()
    return key != "" and " " not in key


TEXT_OR_MILLISECONDS = {"type": ["string", "integer"]}
LINK = json_object(
    {"originalURL": TEXT},
    {
        "path": TEXT,
        "title": TEXT,
        "tags": array_of(TEXT),
        "password": TEXT,
        "clicksLimit": INTEGER,
        "ttl": TEXT_OR_MILLISECONDS,
        "expiresAt": TEXT_OR_MILLISECONDS,
    },
)
CREATED_LINK = json_object({"idString": TEXT, "originalURL": TEXT, "path": TEXT, "shortURL": TEXT, "success": BOOLEAN})
FAILED_LINK = json_object({"error": TEXT, "status": INTEGER, "success": BOOLEAN})
BARE_KEY = {"type": "apiKey", "in": "header", "name": "Authorization", "description": "The token alone"}
NULLABLE = {name: any_of(schema, NULL) for name, schema in LINK["properties"].items()}
CHANGE = json_object({}, NULLABLE | {"originalURL": TEXT, "archived": BOOLEAN})
SHOWN_LINK = json_object({"idString": TEXT, "originalURL": TEXT, "path": TEXT, "shortURL": TEXT})
DOMAIN = json_object({"id": INTEGER, "hostname": TEXT, "state": TEXT, "caseSensitive": BOOLEAN})
FOLDER = json_object({"id": TEXT, "name": TEXT, "DomainId": INTEGER})
EXAMPLES = examples.load("short_io")


def _change_call(path: str, action: str, parse_request: bulk_changes.Parser, method: str = "POST") -> JobCall:
    is_single = path in SINGLE_PATHS
    members = {"link_id": TEXT} if is_single else {"link_ids": array_of(TEXT)}
    if path == "/tags/bulk":
        members = members | {"tag": TEXT}
    return JobCall(
        path=path,
        methods=(method,),
        action=action,
        parse_request=bulk_changes.for_one_link(parse_request) if is_single else parse_request,
        build_answer=bulk_changes.build_answer,
        request_schema=json_object(members),
        answer_schema=json_object({"success": BOOLEAN}, {"error": TEXT}),
        examples=EXAMPLES[f"{method} {path}"],
    )


SINGLE_PATHS = ("/links/archive", "/links/unarchive")
CHANGE_CALLS = (
    _change_call("/links/archive_bulk", "bulk archive", bulk_changes.parse_archive),
    _change_call("/links/unarchive_bulk", "bulk unarchive", bulk_changes.parse_unarchive),
    _change_call("/links/archive", "archive", bulk_changes.parse_archive),
    _change_call("/links/unarchive", "unarchive", bulk_changes.parse_unarchive),
    _change_call("/tags/bulk", "bulk tag", bulk_changes.parse_tags),
    _change_call("/links/delete_bulk", "bulk deletion", bulk_changes.parse_deletion, "DELETE"),
)

VENDOR = Vendor(
    name="short_io",
    title="Short.io",
    fields=FIELDS,
    batch_limit=1_000,
    build_error=build_error,
    authenticate=authenticate,
    security_scheme=SecurityScheme("bare", BARE_KEY),
    sent_request=sent_request,
    calls=(
        JobCall(
            path="/links/bulk",
            action="bulk create",
            parse_request=creation.parse_bulk_request,
            build_answer=creation.build_bulk_answer,
            request_schema=json_object({"links": array_of(LINK)}, {"domain": TEXT, "allowDuplicates": BOOLEAN}),
            answer_schema=array_of(any_of(CREATED_LINK, FAILED_LINK)),
            examples=EXAMPLES["/links/bulk"],
        ),
        JobCall(
            path="/links",
            action="create",
            parse_request=creation.parse_single_request,
            build_answer=creation.build_single_answer,
            request_schema=json_object(LINK["properties"] | {"domain": TEXT}, {}) | {"required": ["originalURL"]},
            answer_schema=CREATED_LINK,
            examples=EXAMPLES["POST /links"],
        ),
        *CHANGE_CALLS,
    ),
    direct_calls=(
        DirectCall(
            path="/api/domains",
            is_native_path=True,
            action="list of domains",
            answer=places.list_domains,
            answer_schema=array_of(DOMAIN),
        ),
        DirectCall(
            path="/api/links",
            is_native_path=True,
            action="list of links",
            answer=links.list_links,
            answer_schema=json_object({"count": INTEGER, "links": array_of(SHOWN_LINK), "nextPageToken": ANYTHING}),
        ),
        DirectCall(
            path="/domains/<domain_id>",
            action="domain",
            answer=places.show_domain,
            answer_schema=DOMAIN,
            examples=EXAMPLES["GET /domains/{id}"],
        ),
        DirectCall(
            path="/links/folders/<domain_id>",
            action="list of folders",
            answer=places.list_folders,
            answer_schema=json_object({"linkFolders": array_of(FOLDER)}),
            examples=EXAMPLES["GET /links/folders/{id}"],
        ),
        DirectCall(
            path="/links/folders",
            methods=("POST",),
            action="creation of a folder",
            answer=places.create_folder,
            request_schema=json_object({"domainId": INTEGER, "name": TEXT}),
            answer_schema=FOLDER,
            examples=EXAMPLES["POST /links/folders"],
        ),
        DirectCall(
            path="/links/expand",
            action="link of a path",
            answer=links.show_link_of_path,
            query={"domain": TEXT, "path": TEXT},
            answer_schema=SHOWN_LINK,
            examples=EXAMPLES["GET /links/{id}"],
        ),
        DirectCall(
            path="/links/<link_id>",
            action="link",
            answer=links.show_link,
            answer_schema=SHOWN_LINK,
            examples=EXAMPLES["GET /links/{id}"],
        ),
        DirectCall(
            path="/links/<link_id>",
            methods=("POST",),
            action="change of a link",
            answer=links.change_link,
            request_schema=CHANGE,
            answer_schema=SHOWN_LINK,
            examples=EXAMPLES["POST /links/{id}"],
        ),
        DirectCall(
            path="/links/<link_id>",
            methods=("DELETE",),
            action="deletion of a link",
            answer=links.remove_link,
            answer_schema=json_object({"success": BOOLEAN, "idString": TEXT}),
            examples=EXAMPLES["DELETE /links/{id}"],
        ),
    ),
)
