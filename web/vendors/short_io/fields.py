"""The fields of Short.io's links: what each becomes here, for a link to create and for a change of one."""

from datetime import UTC, datetime
from typing import Any

from models import store
from models.accounts.keys import Owner
from models.errors import Invalid
from models.links import labels
from producer.fields.item_rules import stored_time
from producer.rules.item_errors import invalid
from web.vendors import reasons, tags
from web.vendors.tags import ARCHIVED
from web.vendors.vendor import (
    ItemFields,
    LinkFields,
    Refusal,
    find_refusal,
    is_rejected,
    read_object,
    reject,
    rename_changes,
    translate_link,
)

NAMES = {
    "url": ("originalURL",),
    "slug": ("path",),
    "title": ("title",),
    "tags": ("tags",),
    "expires_at": ("expiresAt", "ttl"),
    "created_at": ("createdAt",),
    "password": ("password",),
    "max_clicks": ("clicksLimit",),
    "utm_source": ("utmSource",),
    "utm_medium": ("utmMedium",),
    "utm_campaign": ("utmCampaign",),
    "utm_term": ("utmTerm",),
    "utm_content": ("utmContent",),
}
FIELDS = LinkFields(
    names=NAMES,
    special=("domain", "allowDuplicates", "archived", "folderId"),
    without_effect={
        "passwordContact": "It only adds a contact to the page that asks for the password.",
        "skipQS": "Linkmill never adds a visitor's parameters to the destination.",
        "splitPercent": "It says something about splitURL only, which is refused.",
        "integrationAdroll": reasons.TRACKING,
        "integrationFB": reasons.TRACKING,
        "integrationGA": reasons.TRACKING,
        "integrationGTM": reasons.TRACKING,
        "integrationTT": reasons.TRACKING,
    },
    refusals={
        "androidURL": reasons.ONE_DESTINATION,
        "iphoneURL": reasons.ONE_DESTINATION,
        "splitURL": reasons.ONE_DESTINATION,
        "cloaking": reasons.NO_FRAME,
        "expiredURL": reasons.NO_EXPIRED_URL,
        "redirectType": Refusal("Linkmill redirects with 302.", harmless=(302, "302")),
    },
)


Folders = dict[str, str]
"""The names of the workspace's groups, by their id. A folder is a group."""


def read_folders(links: list[Any], owner: Owner) -> Folders:
    """Return the groups that some links name as their folder. An id of Short.io's own is none, and is ignored."""
    ids = {str(link.get("folderId")) for link in links if isinstance(link, dict)}
    numbers = {int(text) for text in ids if text.isdecimal() and len(text) <= labels.LONGEST_ID}
    if not numbers:
        return {}
    with store.read() as db:
        names = labels.names_by_id(db, labels.GROUPS, owner.workspace_id, numbers)
    return {str(group_id): name for group_id, name in names.items()}


def parse_link(link: Any, folders: Folders) -> ItemFields:
    fields = translate_link(link, FIELDS)
    if is_rejected(fields):
        return fields
    if link.get("archived"):
        fields["tags"] = tags.add(fields.get("tags"), ARCHIVED)
    folder = folders.get(str(link.get("folderId")))
    if folder:
        fields["group"] = folder
    for name, code in TIME_CODES.items():
        try:
            fields[name] = _parse_time(fields.get(name))
        except (ValueError, OverflowError, OSError):
            return reject(fields, code, INVALID_TIME)
    return fields


def parse_change(body: Any, link: dict[str, Any], owner: Owner) -> ItemFields:
    """Translate what a request changes about a link, whose document this is. Null removes a value."""
    change = read_object(body)
    problem = find_refusal(change, FIELDS)
    if problem:
        raise Invalid(problem)
    fields = rename_changes(change, NAMES)
    for name in ("slug", "created_at"):  # clients send a whole link back
        if fields.get(name) in (None, link[name]):
            fields.pop(name, None)
    tag_names = tags.change_archive(fields.pop("tags", None), link["tags"], change.get("archived"))
    if tag_names is not None:
        fields["tags"] = tag_names
    folder = read_folders([change], owner).get(str(change.get("folderId")))
    if folder:
        fields["group"] = folder
    if "expires_at" in fields:
        fields["expires_at"] = _parse_new_expiry(fields["expires_at"])
    return fields


def _parse_new_expiry(value: Any) -> Any:
    try:
        return _parse_time(value)
    except (ValueError, OverflowError, OSError):
        raise invalid("expires_at", "INVALID_EXPIRY", INVALID_TIME) from None


TIME_CODES = {"expires_at": "INVALID_EXPIRY", "created_at": "INVALID_TYPE"}
INVALID_TIME = "expiresAt, ttl and createdAt must be points in time: ISO 8601, or milliseconds since 1970."


def _parse_time(value: Any) -> Any:
    """Turn milliseconds into ISO 8601. Text stays as it is: the rules of items check it."""
    if not isinstance(value, int | float) or isinstance(value, bool):  # a bool is an int in Python
        return value
    if value < MIN_TIMESTAMP:
        raise ValueError(value)
    return stored_time(datetime.fromtimestamp(value / 1000, UTC))


MIN_TIMESTAMP = 100_000_000_000  # milliseconds, in 1973: a smaller number was meant as seconds or as a duration
