"""Short.io's calls about where links are: domains, and folders, which are groups."""

from typing import Any

from flask import Response, request

from models.accounts.keys import Owner
from models.errors import Conflict, Invalid
from models.links import labels
from producer.documents.schemas.common import MOST_LISTED
from producer.resources import domains
from producer.resources import labels as label_resources
from web.vendors.call import read_body
from web.vendors.vendor import json_response, read_object

LONGEST_NAME = 100


def list_domains(owner: Owner) -> Response:
    for name in ("pattern", "teamId"):
        if request.args.get(name):
            raise Invalid(f"{name} is not supported.")
    offset = max(request.args.get("offset", 0, type=int), 0)
    limit = max(request.args.get("limit", MOST_LISTED, type=int), 0)
    page = domains.list_domains(owner, 0, MOST_LISTED).items[offset : offset + limit]
    return json_response([describe_domain(domain, owner) for domain in page], 200)


def show_domain(owner: Owner, domain_id: str) -> Response:
    return json_response(describe_domain(domains.show_domain(owner, exact_id(owner, domain_id)), owner), 200)


def exact_id(owner: Owner, domain_id: str) -> str:
    """Return the id of the domain that a client means: one in JavaScript has rounded it."""
    if domain_id.isdecimal():
        for domain in domains.list_domains(owner, 0, MOST_LISTED).items:
            if float(domain["id"]) == float(domain_id):
                return str(domain["id"])
    return domain_id


def describe_domain(domain: dict[str, Any], owner: Owner) -> dict[str, Any]:
    return CONSTANT | {
        "id": int(domain["id"]),
        "hostname": domain["hostname"],
        "unicodeHostname": domain["hostname"],
        "state": "configured" if domain["verified"] else "not_configured",
        "caseSensitive": domain["case_sensitive"],
        "createdAt": domain["created_at"],
        "updatedAt": domain["created_at"],
        "UserId": owner.workspace_id,
    }


# What Short.io returns for every domain, as far as it is true here.
CONSTANT: dict[str, Any] = {
    "TeamId": None,
    "hasFavicon": False,
    "hideReferer": False,
    "linkType": "random",
    "cloaking": False,
    "hideVisitorIp": True,
    "enableAI": False,
    "httpsLevel": "none",
    "httpsLinks": None,
    "clientStorage": {},
    "incrementCounter": "",
    "robots": "noindex",
    "exportEnabled": True,
    "enableConversionTracking": False,
    "qrScanTracking": False,
    "isFavorite": False,
}


def list_folders(owner: Owner, domain_id: str) -> Response:
    """List the groups, which are the same on every domain."""
    number = int(domains.show_domain(owner, exact_id(owner, domain_id))["id"])
    groups = label_resources.list_labels(owner, labels.GROUPS, "", MOST_LISTED).items
    return json_response({"linkFolders": [describe_folder(group, number) for group in groups]}, 200)


def create_folder(owner: Owner) -> Response:
    folder = read_object(read_body())
    name = folder.get("name")
    domain_id = folder.get("domainId")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or "\0" in name:
        raise Invalid(f"name must be text of at most {LONGEST_NAME} characters.")
    if not isinstance(domain_id, int):
        raise Invalid("domainId must be the id of a domain.")
    try:
        group = label_resources.create_label(owner, labels.GROUPS, name)
    except Conflict:
        raise Conflict("A folder with this name exists already.") from None
    return json_response(describe_folder(group, domain_id), 200)


def describe_folder(group: dict[str, Any], domain_id: int) -> dict[str, Any]:
    return {"id": str(group["id"]), "name": group["name"], "DomainId": domain_id}
