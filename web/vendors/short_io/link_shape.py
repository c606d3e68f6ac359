"""Short.io's model of a link, made of the document that our own API has of it."""

from typing import Any

from models.link_key import parse_link_id
from web.vendors.tags import ARCHIVED


def describe_link(link: dict[str, Any], workspace_id: int) -> dict[str, Any]:
    key = parse_link_id(link["id"])
    return CONSTANT | {
        "id": link["id"],
        "idString": link["id"],
        "originalURL": link["url"],
        "path": link["slug"],
        "lcpath": link["slug"].lower(),
        "shortURL": link["short_url"],
        "secureShortURL": link["short_url"],
        "DomainId": key.domain_id if key else None,
        "OwnerId": workspace_id,
        "title": link["title"],
        "tags": link["tags"],
        "archived": ARCHIVED in link["tags"],
        "expiresAt": link["expires_at"],
        "clicksLimit": link["max_clicks"],
        "hasPassword": link["protected"],
        "createdAt": link["created_at"],
        "updatedAt": link["created_at"],
    }


CONSTANT: dict[str, Any] = {"cloaking": False, "redirectType": "302", "source": "api"}
