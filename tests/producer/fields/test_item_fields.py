"""The registry of item fields agrees with the table of links and with itself."""

from models import tables
from producer.fields.item_fields import BY_NAME, COLUMNS, ITEM_FIELDS, NAMES, UTM, parts_of
from producer.intake.headers import normalised


def test_each_name_appears_once() -> None:
    assert len(set(NAMES)) == len(ITEM_FIELDS)


def test_each_column_is_one_of_links_and_stores_one_field() -> None:
    columns = list(COLUMNS.values())
    assert set(columns) <= {column.name for column in tables.links.c}
    assert len(set(columns)) == len(columns)


def test_a_field_becomes_a_part_only_of_a_field_that_is_stored() -> None:
    for field in ITEM_FIELDS:
        if field.part_of:
            assert field.part_of in (*COLUMNS, "slug")
            assert field.column is None


def test_the_parts_of_a_field_are_found() -> None:
    assert parts_of("expires_at") == ("ttl",)
    assert parts_of("url") == UTM
    assert parts_of("slug") == ("short_url",)
    assert parts_of("title") == ()


def test_aliases_are_normalised_and_stand_for_one_field_only() -> None:
    aliases = [alias for field in ITEM_FIELDS for alias in field.aliases]
    assert aliases == [normalised(alias) for alias in aliases]
    assert len(set(aliases)) == len(aliases)
    assert not set(aliases) & set(NAMES)


def test_a_link_keeps_its_slug_and_its_beginning() -> None:
    unchangeable = [field.name for field in ITEM_FIELDS if not field.changeable]
    assert unchangeable == ["slug", "short_url", "domain", "created_at", "clicks", "custom_id"]
    assert BY_NAME["slug"].column is None
