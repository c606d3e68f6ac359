"""The fields of rows that change or delete links: those of items, and those that name it or change slug and tags."""

from dataclasses import replace

from models.link_key import parse_link_id
from producer.fields import item_fields, item_rules
from producer.fields.item_fields import ITEM_FIELDS, WIDE_SLUG, ItemField
from producer.fields.item_rules import InvalidValue
from producer.fields.wide_slugs import SlugKind

NO_LINK = "There is no such link."


def _link_id(value: str) -> str:
    text = value.strip(" ")
    if text and parse_link_id(text) is None:
        raise InvalidValue(NO_LINK)
    return text


OWN_FIELDS = (
    ItemField("id", "NOT_FOUND", _link_id, aliases=("linkid",)),
    ItemField("new_slug", "INVALID_SLUG", item_fields.BY_NAME["slug"].rule),
    ItemField("add_tags", "INVALID_TAGS", item_rules.tags, json_types=(list,)),
    ItemField("remove_tags", "INVALID_TAGS", item_rules.tags, json_types=(list,)),
)
NAMES = (*item_fields.NAMES, *(field.name for field in OWN_FIELDS))
NAMING = ("id", "external_id", "short_url", "slug")
"""What a row names its link by: the first of them that it has."""


def of_kind(slugs: SlugKind) -> tuple[ItemField, ...]:
    """The fields of a job whose new slugs are of this kind. A link is named by its slug, of whatever kind it is."""
    own_fields = list(OWN_FIELDS)
    if slugs == SlugKind.WIDE:
        own_fields[1] = replace(own_fields[1], rule=WIDE_SLUG.rule)
    return (*item_fields.of_kind(SlugKind.WIDE), *own_fields)


BY_NAME = {field.name: field for field in (*ITEM_FIELDS, *OWN_FIELDS)}
