"""The registry of item fields, one entry a field: what a client can say about a link. All else derives from it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from producer.fields import column_checks, item_rules, wide_slugs
from producer.fields.column_checks import ColumnCheck
from producer.fields.item_rules import (
    LONGEST_COMMENT,
    LONGEST_CUSTOM_ID,
    LONGEST_EXTERNAL_ID,
    LONGEST_TITLE,
    LONGEST_UTM,
)
from producer.fields.wide_slugs import SlugKind


@dataclass(frozen=True, slots=True)
class ItemField:
    name: str
    error_code: str
    rule: Callable[[Any], Any]
    """Takes a value and returns it normalised, or raises InvalidValue."""
    json_types: tuple[type, ...] = (str,)
    """The types that JSON may have here. A CSV cell is always text."""
    column: str | None = None
    """The column of `links` that stores it; None when it is stored elsewhere."""
    check: ColumnCheck | None = None
    """Proves a whole column at once, where that is possible."""
    aliases: tuple[str, ...] = ()
    """What other services call this column in a CSV file, as `headers.normalised` writes it. An earlier one wins."""
    part_of: str = ""
    """The field that this one becomes a part of while a row is judged: ttl of expires_at, UTM fields of the url."""
    changeable: bool = True
    """Whether a link that exists can get another value."""
    takes_patterns: bool = False
    """Whether a default may hold placeholders such as {index}."""


def _utm(name: str) -> ItemField:
    check = column_checks.texts(LONGEST_UTM)
    return ItemField(name, "INVALID_UTM", item_rules.utm, check=check, part_of="url", takes_patterns=True)


ITEM_FIELDS = (
    ItemField(
        "url",
        "INVALID_URL",
        item_rules.url,
        column="url",
        check=column_checks.urls,
        aliases=(
            "longurl", "originalurl", "destinationurl", "targeturl", "destination", "target", "fullurl", "redirecturl",
            "longlink", "fulllink", "link",
        ),
    ),
    ItemField(
        "slug",
        "INVALID_SLUG",
        item_rules.slug,
        check=column_checks.slugs,
        aliases=(
            "customslug", "slashtag", "backhalf", "custombackhalf", "customalias", "alias", "keyword", "customkeyword",
            "shortlinkkeyword", "shortcode", "customurl", "shortid", "address", "path", "key",
        ),
        changeable=False,
        takes_patterns=True,
    ),
    ItemField(
        "short_url",
        "INVALID_SLUG",
        item_rules.short_url,
        part_of="slug",
        changeable=False,
        aliases=(
            "custombitlink", "custombitlinks", "customlink", "shortlink", "bitlink", "shortenedurl",
            "shortenedlink", "tinyurl",
        ),
    ),
    ItemField("domain", "UNKNOWN_DOMAIN", item_rules.domain, changeable=False),
    ItemField(
        "title",
        "INVALID_TITLE",
        item_rules.title,
        column="title",
        check=column_checks.texts(LONGEST_TITLE),
        aliases=("pagetitle", "linktitle", "label", "description", "linkdescription"),
        takes_patterns=True,
    ),
    ItemField("password", "INVALID_PASSWORD", item_rules.password, column="password_hash"),
    ItemField(
        "expires_at",
        "INVALID_EXPIRY",
        item_rules.expires_at,
        column="expires_at",
        check=column_checks.times,
        aliases=(
            "expires", "expiry", "expirydate", "expiration", "expirationdate", "expireson", "expireat", "expiredat",
            "validuntil", "expirein", "expireatdatetime", "autoarchivedate", "autodeletedate",
        ),
    ),
    ItemField("ttl", "INVALID_TTL", item_rules.ttl, json_types=(int,), part_of="expires_at"),
    ItemField(
        "max_clicks",
        "INVALID_MAX_CLICKS",
        item_rules.max_clicks,
        json_types=(int,),
        column="max_clicks",
        aliases=("clicklimit", "clickslimit", "maxvisits", "maximumclicks", "visitlimit", "expireatviews"),
    ),
    ItemField("tags", "INVALID_TAGS", item_rules.tags, json_types=(list,), aliases=("tag", "tagnames")),
    ItemField("group", "UNKNOWN_GROUP", item_rules.group, json_types=(str, int), column="group_id"),
    _utm("utm_source"),
    _utm("utm_medium"),
    _utm("utm_campaign"),
    _utm("utm_term"),
    _utm("utm_content"),
    ItemField(
        "created_at",
        "INVALID_TYPE",
        item_rules.created_at,
        column="created_at",
        check=column_checks.past_times,
        changeable=False,
        aliases=("created", "creationdate", "datecreated", "createddate", "createdon", "timestamp", "date"),
    ),
    ItemField(
        "clicks",
        "INVALID_CLICKS",
        item_rules.clicks,
        json_types=(int,),
        column="opening_clicks",
        changeable=False,
        aliases=(
            "totalclicks", "clickcount", "clickscount", "visits", "visitcount", "visitscount", "totalvisits",
            "hits",
        ),
    ),
    ItemField(
        "disabled",
        "INVALID_TYPE",
        item_rules.disabled,
        json_types=(bool,),
        column="disabled_at",
        aliases=("isdisabled", "banned"),
    ),
    ItemField(
        "comment",
        "INVALID_COMMENT",
        item_rules.comment,
        column="comment",
        check=column_checks.texts(LONGEST_COMMENT),
        aliases=("comments", "linknotes"),
    ),
    ItemField(
        "custom_id",
        "INVALID_CUSTOM_ID",
        item_rules.custom_id,
        check=column_checks.trimmed_texts(LONGEST_CUSTOM_ID),
        changeable=False,
        takes_patterns=True,
    ),
    ItemField(
        "external_id",
        "INVALID_EXTERNAL_ID",
        item_rules.external_id,
        column="external_id",
        check=column_checks.trimmed_texts(LONGEST_EXTERNAL_ID),
        takes_patterns=True,
    ),
)  # fmt: skip
"""In this order rules are applied, and the first that a row breaks names its error."""

BY_NAME = {field.name: field for field in ITEM_FIELDS}
NAMES = tuple(BY_NAME)
COLUMNS = {field.name: field.column for field in ITEM_FIELDS if field.column}
"""Field to column of `links`."""


TIME_CHECKS = (column_checks.times, column_checks.past_times)
TIMES = tuple(field.name for field in ITEM_FIELDS if field.check in TIME_CHECKS)
WIDE_SLUG = replace(BY_NAME["slug"], rule=wide_slugs.wide_slug, check=column_checks.wide_slugs)
WIDE_FIELDS = tuple(WIDE_SLUG if field.name == "slug" else field for field in ITEM_FIELDS)


def of_kind(slugs: SlugKind) -> tuple[ItemField, ...]:
    """The fields of a job that allows this kind of slugs."""
    return WIDE_FIELDS if slugs == SlugKind.WIDE else ITEM_FIELDS


def parts_of(name: str) -> tuple[str, ...]:
    """The fields that become a part of this one."""
    return tuple(field.name for field in ITEM_FIELDS if field.part_of == name)


UTM = parts_of("url")
