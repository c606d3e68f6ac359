"""No field is dropped in silence: each that a vendor's client or documentation can send has a place in one list."""

import inspect
import re
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from awsysco.resources import bulk as awsysco_bulk
from awsysco.resources.links import LinksResource
from dub.models.operations import RequestBody
from short_io_api_client.models import PostLinksBulkBody, PostLinksBulkBodyLinksItem

from tests import ROOT
from web.vendors import VENDORS
from web.vendors.vendor import Vendor

BY_NAME = {vendor.name: vendor for vendor in VENDORS}


def fields_of_awsysco() -> set[str]:
    """What the package sends, as its own code spells it on the way out."""
    sent: dict[str, Any] = {}
    http = SimpleNamespace(post=lambda path, json: sent.update(json) or {})
    parameters = set(inspect.signature(LinksResource.create).parameters) - {"self", "url"}
    LinksResource(http).create("https://a.b", **{name: {} for name in parameters})
    return set(sent) | set(awsysco_bulk._KEY_ALIASES.values())


def fields_of_dub() -> set[str]:
    return {field.alias or name for name, field in RequestBody.model_fields.items()}


def fields_of_short_io() -> set[str]:
    link = fill(PostLinksBulkBodyLinksItem).to_dict()
    call = PostLinksBulkBody(domain="a.b", links=[], allow_duplicates=True, folder_id="x").to_dict()
    return set(link) | set(call) - {"links"}


def fill(model: Any) -> Any:
    """Make an object of a model with a value for every field."""
    value = SimpleNamespace(value="x")  # some fields are enums
    return model(**{field.name: value for field in attrs.fields(model) if field.init})


# What else the vendors' documentation and clients in other languages name: the guides of AWSYS, URL Shortify, Rebrandly
# and SnipURL; `CreateLinkOptions` of AWSYS's TypeScript SDK (src/types.ts); the reference of Rebrandly's links;
# `CreateLinksBulkData` of `@short.io/client-node` 3.3.1 and `RequestBody` of `dub` 0.73.5, both on npm.
DOCUMENTED = {
    "awsys": """
        long slug customSlug expiresAt expiry maxClicks expireFallbackUrl routingRules ogMeta geoRestriction password
        passAdClickIds folderId tags linkType
    """,
    "awsys_sdk": """
        url customSlug expiresAt maxClicks expireFallbackUrl routingRules ogMeta geoRestriction password passAdClickIds
        folderId tags
    """,
    "url_shortify": "url slug title group_id tags expiration_date",
    "rebrandly": "destination count domainId ttl slashtag title description favourite forwardParameters",
    "snipurl": "url custom_alias title password expires_at",
    "dub": """
        url domain key keyLength externalId tenantId programId partnerId prefix trackConversion archived tagIds tagNames
        folderId comments expiresAt expiredUrl password proxy title description image video rewrite ios android geo
        doIndex utm_source utm_medium utm_campaign utm_term utm_content ref testVariants testStartedAt testCompletedAt
        publicStats tagId webhookIds
    """,
    "short_io": """
        allowDuplicates originalURL cloaking password redirectType expiresAt expiredURL title tags utmSource utmMedium
        utmCampaign utmTerm utmContent ttl path androidURL iphoneURL createdAt clicksLimit passwordContact skipQS
        archived splitURL splitPercent integrationAdroll integrationFB integrationTT integrationGA integrationGTM domain
        folderId
    """,
}
CLIENTS = {
    "awsys": fields_of_awsysco,
    "awsys_sdk": fields_of_awsysco,
    "dub": fields_of_dub,
    "short_io": fields_of_short_io,
}


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    vendor: Vendor = request.param
    return vendor


def lists_of(vendor: Vendor) -> tuple[set[str], set[str], set[str]]:
    fields = vendor.fields
    return set(fields.supported), set(fields.without_effect), set(fields.refusals)


def test_every_field_of_the_documentation_is_in_a_list(vendor: Vendor) -> None:
    assert set(DOCUMENTED[vendor.name].split()) - set().union(*lists_of(vendor)) == set()


@pytest.mark.parametrize("name", CLIENTS)
def test_every_field_that_the_client_can_send_is_in_a_list(name: str) -> None:
    sent = CLIENTS[name]() - ({"url"} if name == "awsys" else set())  # which sends it encoded, as `long`
    assert len(sent) > 8
    assert sent - set().union(*lists_of(BY_NAME[name])) == set()


def test_a_field_is_in_one_list_only(vendor: Vendor) -> None:
    supported, ignored, refused = lists_of(vendor)
    assert not supported & ignored
    assert not supported & refused
    assert not ignored & refused


def test_the_documentation_shows_the_lists(vendor: Vendor) -> None:
    text = (ROOT / "docs" / "vendors.md").read_text()
    section = re.search(rf"^### {re.escape(vendor.title)}\n\n(.*?)\n*(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, f"### {vendor.title}\n\n{as_documented(vendor)}"
    assert section[1] == as_documented(vendor)


def as_documented(vendor: Vendor) -> str:
    """Write the section of docs/vendors.md about a vendor's fields."""
    names = sorted(vendor.fields.supported, key=str.lower)
    lines = wrapped(f"Supported: {', '.join(f'`{name}`' for name in names)}.")
    rows = [f"| `{name}` | ignored | {reason} |" for name, reason in vendor.fields.without_effect.items()]
    for name, refusal in vendor.fields.refusals.items():
        harmless = f" Accepted: `{refusal.harmless[0]}`." if refusal.harmless else ""
        rows.append(f"| `{name}` | refused | {refusal.reason}{harmless} |")
    table = ["", "| field | | why |", "|---|---|---|", *sorted(rows, key=str.lower)] if rows else []
    return "\n".join([*lines, *table])


def wrapped(text: str, width: int = 140) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
