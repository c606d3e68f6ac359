"""Keys: what only one row of an upload can have. They are slugs, external ids and, where links are reused, URLs."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.links.url_index import Duplicates
from producer.fields.item_fields import parts_of
from producer.fields.wide_slugs import SlugKind
from producer.intake.csv_batch import batch_of
from producer.intake.csv_text.cells import CsvCells, find_cells
from producer.intake.layouts import CSV, Layout
from producer.intake.reading import read_batch
from producer.rules import defaults
from producer.rules.changes import OnExisting
from producer.rules.judging import JudgingContext, judge
from producer.rules.key_hashes import Hashes, hash_cells, hash_values
from producer.rules.short_urls import DOMAIN_FIELDS

KEYS = ("slug", "external_id", "id", "url")
SHORT_KEYS = frozenset(("slug", "external_id", "id"))
KINDS = {name: np.uint64(secrets.randbits(64)) for name in KEYS}
"""Makes equal texts different keys where they are of different fields."""
# JSON may spell the letters of a name as escapes.
ESCAPED_LETTERS = (rb"\u002", rb"\u003", rb"\u004", rb"\u005", rb"\u006", rb"\u007")


@dataclass(frozen=True, slots=True)
class KeyRules:
    """What decides which keys the rows of an upload have."""

    layout: Layout
    options: Mapping[str, Any]
    context: JudgingContext
    """What rows are judged by. Whether one may have its keys is decided later, so it needs no groups."""

    @property
    def fields(self) -> set[str]:
        """The fields that keys are made of."""
        reuses_links = self.options.get("duplicates") == Duplicates.REUSE
        names: set[str] = set()
        if self.options.get("where") is not None:
            return names  # the links of a query are named once each
        for key in KEYS:
            if key != "url" or reuses_links:
                names.update((key, *parts_of(key)))
        return names if self.layout.changes else names - {"id"}

    @property
    def names_links(self) -> bool:
        """Whether rows name links that exist, and not only those that they create."""
        return self.layout.changes or bool(self.options.get("on_existing") == OnExisting.UPDATE)

    @property
    def spelling(self) -> JudgingContext:
        """What keys are spelled by: case does not matter where it may not matter on the domain of some row."""
        named_fields = {*self.layout.mapping, *self.layout.fallback, *self.options.get("defaults", {})}
        slugs = SlugKind.WIDE if self.layout.changes else self.context.slugs
        if self.layout.format == CSV and named_fields.isdisjoint(DOMAIN_FIELDS):
            return replace(self.context, slugs=slugs)
        return replace(self.context, slugs=slugs, case_sensitive=False)


def are_expected(rules: KeyRules) -> bool:
    """Whether rows may have keys, for all that the columns of a file and its options say."""
    names = rules.fields
    defaults_of_rows = rules.options.get("defaults", {})
    return "url" in names or not names.isdisjoint(rules.layout.mapping) or not names.isdisjoint(defaults_of_rows)


def may_be_in(text: bytes, rules: KeyRules) -> bool:
    """Whether a part of an upload may hold keys that are not expected: JSON names its fields in every row."""
    if rules.layout.format == CSV:
        return False
    names = [f'"{name}"'.encode() for name in rules.fields]
    marks = (*names, *ESCAPED_LETTERS) if b"\\" in text else names
    return any(mark in text for mark in marks)


def read(data: bytes, rules: KeyRules, line: int, rows: int, first_index: int) -> Hashes:
    """Read the keys of some rows as numbers. Equal keys have equal numbers."""
    names = rules.fields
    key_defaults = _only(names, rules.options.get("defaults", {}))
    mapping = _only(names, rules.layout.mapping)
    layout = replace(rules.layout, mapping=mapping, fallback=_only(names, rules.layout.fallback))
    batch = None
    can_hash_cells = layout.is_plainly_mapped and not key_defaults
    if can_hash_cells and (cells := find_cells(data, layout.delimiter, len(layout.columns))):
        hashes = _hash_cells(cells, mapping, rules.spelling.case_sensitive)
        if hashes is not None:
            return hashes
        batch = batch_of(cells, layout, line, 0, rows)
    if batch is None:
        batch = read_batch(data, layout, line, 0, rows)
    key_columns = replace(batch, columns=_only(names, batch.columns))
    columns = judge(defaults.fill(key_columns, key_defaults, first_index), rules.spelling).columns
    columns["id"] = [value for value in batch.columns.get("id", ()) if isinstance(value, str)]
    return np.concatenate([_hash_values(name, columns.get(name, [])) for name in KEYS])


def _only(names: Collection[str], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}


def _hash_cells(cells: CsvCells, mapping: Mapping[str, int], case_sensitive: bool) -> Hashes | None:
    """Hash keys that are stored as they are written, without making values of them. Return None for others."""
    if not SHORT_KEYS.issuperset(mapping):
        return None
    columns = [np.zeros(0, np.uint64)]
    for name, place in mapping.items():
        hashes = hash_cells(cells, place, case_sensitive or name != "slug")
        if hashes is None:
            return None
        columns.append(hashes ^ KINDS[name])
    return np.concatenate(columns)


def _hash_values(name: str, column: list[Any]) -> Hashes:
    values = [value for value in column if value]
    if name in SHORT_KEYS:
        hashes = hash_values(values)
    else:
        # Python's own hashes are those of its process too. They are the quickest for long values.
        hashes = np.fromiter(map(hash, values), np.int64, len(values)).astype(np.uint64)
    return hashes ^ KINDS[name]
