"""The fields of Dub's links: what each becomes here, for a link to create and for a change of one."""

from typing import Any

from models.accounts.keys import Owner
from models.errors import Invalid
from producer import random_slugs
from producer.fields import item_rules
from producer.fields.item_fields import UTM
from producer.rules.item_errors import invalid
from producer.rules.utm import with_utm
from web.vendors import reasons, tags
from web.vendors.tags import ARCHIVED
from web.vendors.vendor import (
    ItemFields,
    LinkFields,
    find_refusal,
    is_rejected,
    read_object,
    reject,
    rename_changes,
    translate_link,
)

NAMES = {
    "url": ("url",),
    "slug": ("key",),
    "domain": ("domain",),
    "title": ("title",),
    "password": ("password",),
    "expires_at": ("expiresAt",),
    "external_id": ("externalId",),
    "tags": ("tagNames",),
    "comment": ("comments",),
} | {name: (name,) for name in UTM}
WITH_PROXY = "It shows in the preview that proxy asks for, which is refused."
PARTNERS = "It is for Dub's programs for partners."
TEST = "It says something about testVariants only, which is refused."
FIELDS = LinkFields(
    names=NAMES,
    special=("archived", "keyLength", "prefix", "ref", "tagId", "tagIds"),
    without_effect={
        "description": WITH_PROXY,
        "doIndex": "It is for search engines. Linkmill always answers noindex.",
        "folderId": reasons.FOLDER,
        "image": WITH_PROXY,
        "partnerId": PARTNERS,
        "programId": PARTNERS,
        "publicStats": "It publishes statistics. Those of Linkmill are never public.",
        "tenantId": "It only finds links in Dub's lists.",
        "testCompletedAt": TEST,
        "testStartedAt": TEST,
        "trackConversion": "It only counts sales.",
        "video": WITH_PROXY,
        "webhookIds": "Webhooks of Linkmill are about jobs, not about clicks.",
    },
    refusals={
        "android": reasons.ONE_DESTINATION,
        "geo": reasons.ONE_DESTINATION,
        "ios": reasons.ONE_DESTINATION,
        "testVariants": reasons.ONE_DESTINATION,
        "expiredUrl": reasons.NO_EXPIRED_URL,
        "proxy": reasons.NO_PREVIEW,
        "rewrite": reasons.NO_FRAME,
    },
)

MAX_LOOKUPS = 100  # tags of more links than one call may have are not looked up


def read_tag_names(links: list[Any], owner: Owner) -> dict[str, str]:
    """Return the names of the tags that some links give by id."""
    tag_ids = {tag_id for link in links[:MAX_LOOKUPS] if isinstance(link, dict) for tag_id in _tag_ids(link)}
    return tags.read_names(tag_ids, owner)


def parse_link(link: Any, tag_names: dict[str, str]) -> ItemFields:
    fields = translate_link(link, FIELDS)
    if is_rejected(fields):
        return fields
    if "tags" in fields:
        fields["tags"] = split_commas(fields["tags"])
    tag_ids = _tag_ids(link)
    unknown = [tag_id for tag_id in tag_ids if tag_id not in tag_names]
    if unknown:
        return reject(fields, "INVALID_TAGS", f"Invalid tagIds detected: {', '.join(unknown)}")
    if tag_ids:
        fields["tags"] = [tag_names[tag_id] for tag_id in tag_ids]
    if link.get("archived"):
        fields["tags"] = tags.add(fields.get("tags"), ARCHIVED)
    return _add_key_pattern(_add_ref(fields, link.get("ref")), link)


def _add_ref(fields: ItemFields, ref: Any) -> ItemFields:
    """Put the referral tag into the URL, in place of one that it has."""
    url = fields.get("url")
    if ref is None or ref == "" or not isinstance(url, str):
        return fields
    if not isinstance(ref, str):
        return reject(fields, "INVALID_TYPE", "ref must be text.")
    try:
        return fields | {"url": with_utm(url, {"ref": item_rules.utm(ref)})}
    except item_rules.InvalidValue as problem:
        return reject(fields, "INVALID_UTM", f"ref: {problem}")


def _add_key_pattern(fields: ItemFields, link: dict[str, Any]) -> ItemFields:
    """Choose what the key looks like that will be drawn for a link without one."""
    prefix = link.get("prefix") or ""
    length = link.get("keyLength")
    if fields.get("slug") or (prefix == "" and length is None):
        return fields
    try:
        return fields | {"slug": random_slugs.parse_pattern(prefix, length)}
    except item_rules.InvalidValue as problem:
        return reject(fields, "INVALID_SLUG", f"prefix or keyLength: {problem}")


def parse_change(body: Any, link: dict[str, Any], owner: Owner) -> ItemFields:
    """Translate what a request changes about a link, whose document this is. Null removes a value."""
    change = read_object(body)
    problem = find_refusal(change, FIELDS)
    if problem:
        raise Invalid(problem)
    fields = rename_changes(change, NAMES)
    _drop_same_address(fields, link)
    tag_names = _new_tags(change, fields.pop("tags", None), owner)
    tag_names = tags.change_archive(tag_names, link["tags"], change.get("archived"))
    if tag_names is not None:
        fields["tags"] = tag_names
    if change.get("ref"):
        fields = _add_ref({"url": link["url"]} | fields, change["ref"])
        if is_rejected(fields):
            raise invalid("ref", "INVALID_UTM", "ref must be text of at most 255 characters.")
    return fields


def parse_bulk_change(body: Any, owner: Owner) -> ItemFields:
    """Translate a change of many links, for the rows of a job."""
    change = read_object(body)
    problem = find_refusal(change, FIELDS)
    if problem:
        raise Invalid(problem)
    fields = rename_changes(change, {name: NAMES[name] for name in NAMES if name not in ONE_LINK_ONLY})
    tag_names = _new_tags(change, fields.pop("tags", None), owner)
    if tag_names is not None:
        fields["tags"] = tag_names
    if change.get("archived") is not None:
        fields["add_tags" if change["archived"] else "remove_tags"] = [ARCHIVED]
    if change.get("ref") and "url" not in fields:
        raise Invalid("ref goes with url: it becomes a part of it.")
    return _add_ref(fields, change.get("ref"))


ONE_LINK_ONLY = ("slug", "domain", "external_id")


def _drop_same_address(fields: ItemFields, link: dict[str, Any]) -> None:
    """Leave out key and domain where the link has them already: clients send a whole link back."""
    hostname = link["short_url"].partition("://")[2].partition("/")[0]
    if fields.get("slug") in (None, link["slug"]):
        fields.pop("slug", None)
    if fields.get("domain") in (None, hostname):
        fields.pop("domain", None)


def _new_tags(change: dict[str, Any], names: Any, owner: Owner) -> Any:
    """Return the names of the tags that a change asks for; None leaves them as they are."""
    ids = change.get("tagIds", change.get("tagId"))
    if ids is None:
        return split_commas(names)
    tag_ids = _tag_ids({"tagIds": ids})
    known = tags.read_names(set(tag_ids), owner)
    unknown = [tag_id for tag_id in tag_ids if tag_id not in known]
    if unknown:
        raise invalid("tags", "INVALID_TAGS", f"Invalid tagIds detected: {', '.join(unknown)}")
    return [known[tag_id] for tag_id in tag_ids]


def _tag_ids(link: dict[str, Any]) -> list[str]:
    values = split_commas(link.get("tagIds") or link.get("tagId") or [])
    if not isinstance(values, list):
        return [""]  # no tag has this id, so the link fails
    return [str(value) for value in values]


def split_commas(value: Any) -> Any:
    """Dub's clients send one name, several names between commas, or a list of names."""
    if not isinstance(value, str):
        return value
    return [name.strip() for name in value.split(",") if name.strip()]
