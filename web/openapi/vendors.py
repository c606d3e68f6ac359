"""The shapes of vendors' calls, by path: what goes in, and what comes out."""

from typing import Any

Shape = dict[str, Any]

TEXT: Shape = {"type": "string"}
MAYBE: Shape = {"type": ["string", "null"]}
WHOLE: Shape = {"type": "integer"}
MAYBE_WHOLE: Shape = {"type": ["integer", "null"]}
YES_OR_NO: Shape = {"type": "boolean"}
ANY: Shape = {}
BASE64: Shape = TEXT | {"description": "the destination URL, Base64-encoded"}
MOMENT: Shape = TEXT | {"description": "ISO 8601"}
PATH = "/wp-json/url-shortify/v1"


def record(required: Shape, optional: Shape | None = None) -> Shape:
    return {"type": "object", "required": list(required), "properties": required | (optional or {})}


def several(of: Shape) -> Shape:
    return {"type": "array", "items": of}


def either(*shapes: Shape) -> Shape:
    return {"anyOf": list(shapes)}


AWSYS_MORE = {"title": TEXT, "password": TEXT, "tags": several(TEXT), "maxClicks": WHOLE}
AWSYS_LINK = record(
    {"long": BASE64}, AWSYS_MORE | {"customSlug": TEXT, "slug": TEXT, "expiry": MOMENT, "expiresAt": MOMENT}
)
AWSYS_MADE = record({"shortUrl": TEXT | {"description": "the slug"}, "url": TEXT})
AWSYS_RESULTS = several(either(AWSYS_MADE, record({"error": TEXT, "message": TEXT})))

SDK_LINK = record({"url": TEXT}, AWSYS_MORE | {"slug": TEXT, "expiresAt": MOMENT})
SDK_RESULT = record({"url": ANY, "long": MAYBE, "success": YES_OR_NO})
SDK_MADE = record(
    {"url": TEXT, "success": YES_OR_NO, "shortCode": TEXT, "shortUrl": TEXT, "created": MOMENT},
    {"expiresAt": MAYBE, "maxClicks": MAYBE_WHOLE},
)

WP_LINK = record(
    {"url": TEXT},
    {"slug": TEXT, "title": TEXT, "group_id": WHOLE, "tags": several(WHOLE), "expiration_date": MOMENT},
)
WP_RESULT = record({"original_url": ANY, "status": {"enum": ["created", "error"]}})

REBRANDLY_ASKED = record(
    {"destination": TEXT, "domainId": TEXT, "count": WHOLE | {"minimum": 1, "maximum": 50_000}},
    {"ttl": WHOLE | {"minimum": 3600}, "slashtag": TEXT, "title": TEXT},
)
REBRANDLY_LINK = record(
    {"id": TEXT, "shortUrl": TEXT, "slashtag": TEXT, "destination": TEXT, "ttl": MAYBE_WHOLE, "expiresAt": MAYBE_WHOLE},
    {"ttlCapped": {"type": ["object", "null"]}},
)

SNIPURL_LINK = record({"url": TEXT}, {"custom_alias": TEXT, "title": TEXT, "password": TEXT, "expires_at": MOMENT})
SNIPURL_MADE = record(
    {"id": TEXT, "short_code": TEXT, "short_url": TEXT, "original_url": TEXT, "title": MAYBE, "created_at": MOMENT}
)
SNIPURL_RESULTS = record({"success": several(SNIPURL_MADE), "failed": several(record({"index": WHOLE, "error": TEXT}))})

DUB_MORE = dict.fromkeys(("key", "domain", "title", "password", "expiresAt", "externalId"), TEXT)
DUB_LINK = record({"url": TEXT}, DUB_MORE | {"tagNames": several(TEXT), "tagIds": several(TEXT)})
DUB_MADE = record({"id": TEXT, "domain": TEXT, "key": TEXT, "url": TEXT, "shortLink": TEXT, "qrCode": TEXT})
DUB_FAILED = record({"link": ANY, "error": TEXT, "code": TEXT})
SHORT_IO_LINK = record(
    {"originalURL": TEXT},
    {"path": TEXT, "title": TEXT, "tags": several(TEXT), "password": TEXT, "clicksLimit": WHOLE}
    | {"ttl": {"type": ["string", "integer"]}, "expiresAt": {"type": ["string", "integer"]}},
)
SHORT_IO_ASKED = record({"links": several(SHORT_IO_LINK)}, {"domain": TEXT, "allowDuplicates": YES_OR_NO})
SHORT_IO_MADE = record({"idString": TEXT, "originalURL": TEXT, "path": TEXT, "shortURL": TEXT, "success": YES_OR_NO})
SHORT_IO_FAILED = record({"error": TEXT, "status": WHOLE, "success": YES_OR_NO})

ASKED: dict[str, Shape] = {
    "/api/bulk": record({"links": several(AWSYS_LINK)}),
    "/api/createShort": AWSYS_LINK,
    "/api/v1/bulk": record({"urls": several(SDK_LINK)}),
    "/api/v1/links": SDK_LINK,
    f"{PATH}/links/bulk": record({"links": several(WP_LINK)}),
    "/v1/links/bulk": REBRANDLY_ASKED,
    "/api/v1/links/bulk": record({"links": several(SNIPURL_LINK)}),
    "/links/bulk": either(several(DUB_LINK), SHORT_IO_ASKED),
}
ANSWERED: dict[str, Shape] = {
    "/api/bulk": either(record({"created": WHOLE, "links": AWSYS_RESULTS}), AWSYS_RESULTS),
    "/api/createShort": AWSYS_MADE,
    "/api/v1/bulk": record(
        {"success": YES_OR_NO, "summary": record({"total": WHOLE, "created": WHOLE, "failed": WHOLE})}
        | {"results": several(SDK_RESULT)}
    ),
    "/api/v1/links": SDK_MADE,
    f"{PATH}/links/bulk": record({"success": YES_OR_NO, "data": several(WP_RESULT)}),
    f"{PATH}/groups": record({"success": YES_OR_NO, "data": several(record({"id": WHOLE, "name": TEXT}))}),
    "/v1/links/bulk": record({"links": several(REBRANDLY_LINK), "count": WHOLE}, {"ttlCapped": YES_OR_NO}),
    "/api/v1/links/bulk": record({"success": YES_OR_NO, "data": SNIPURL_RESULTS}),
    "/links/bulk": several(either(DUB_MADE, DUB_FAILED, SHORT_IO_MADE, SHORT_IO_FAILED)),
}
