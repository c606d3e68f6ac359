"""Dub's model of a link, made of the document that our own API has of it."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from models import settings
from models.accounts.keys import Owner
from producer.fields.item_fields import UTM
from web.vendors import tags
from web.vendors.tags import ARCHIVED


def describe_links(links: list[dict[str, Any]], owner: Owner) -> list[dict[str, Any]]:
    """Turn documents of links into Dub's model."""
    tag_ids = tags.read_ids([name for link in links for name in link["tags"]], owner)
    return [describe_link(link, tag_ids, owner.workspace_id) for link in links]


def describe_link(link: dict[str, Any], tag_ids: dict[str, int], workspace_id: int) -> dict[str, Any]:
    query = dict(parse_qsl(urlsplit(link["url"]).query)) if "utm_" in link["url"] else {}
    shape = {
        "id": link["id"],
        "domain": link["short_url"].partition("://")[2].partition("/")[0],
        "key": link["slug"],
        "url": link["url"],
        "shortLink": link["short_url"],
        "qrCode": f"{settings.get().base_url}/api/links/{link['id']}/qr.png",
        "externalId": link["external_id"],
        "title": link["title"],
        "comments": link["comment"],
        "password": None,
        "expiresAt": link["expires_at"],
        "disabledAt": None,
        "archived": ARCHIVED in link["tags"],
        "clicks": link["clicks"],
        "tags": [{"id": str(tag_ids[name]), "name": name, "color": "gray"} for name in link["tags"] if name in tag_ids],
        "webhookIds": [],
        "workspaceId": str(workspace_id),
        "projectId": str(workspace_id),
        "createdAt": link["created_at"],
        "updatedAt": link["created_at"],
    }
    return UNSUPPORTED | shape | {name: query.get(name) for name in UTM}


# Dub's model of a link has these fields, which ours lacks.
ALWAYS_NULL = (
    "tenantId programId partnerId expiredUrl description image video ios android geo folderId userId"
    " lastClicked tagId testVariants testStartedAt testCompletedAt"
).split()
ALWAYS_FALSE = ("trackConversion", "proxy", "rewrite", "doIndex", "publicStats")
ALWAYS_ZERO = ("leads", "conversions", "sales", "saleAmount")
UNSUPPORTED: dict[str, Any] = (
    dict.fromkeys(ALWAYS_NULL) | dict.fromkeys(ALWAYS_FALSE, False) | dict.fromkeys(ALWAYS_ZERO, 0)
)
