"""Kinds of names: whether the rows of an upload may call one link by two names, which their keys cannot tell."""

from collections.abc import Mapping
from typing import Any

from producer.intake.layouts import CSV, Layout

KINDS = {"id": "id", "external_id": "external_id", "slug": "slug", "short_url": "slug"}
"""By field."""
NEW_NAME = "new_slug"
ESCAPE = b"\\u"
"""JSON may spell the letters of a field as escapes, which no search finds."""


class NameKinds:
    """The kinds of names that the rows so far have. Of a link that has two, one may be in each of two shards."""

    def __init__(self, layout: Layout, defaults: Mapping[str, Any]) -> None:
        self.layout = layout
        self.fields = tuple(KINDS) if layout.changes else tuple(name for name in KINDS if name != "id")
        self.kinds = {KINDS[name] for name in self.fields if name in layout.mapping or name in defaults}
        self.are_mixed = NEW_NAME in layout.mapping or NEW_NAME in defaults or len(self.kinds) > 1

    def read(self, data: bytes) -> bool:
        """Look at more rows; return whether links may have two names by now."""
        if self.layout.format == CSV or self.are_mixed:
            return self.are_mixed
        self.kinds.update(KINDS[name] for name in self.fields if f'"{name}"'.encode() in data)
        has_new_name = f'"{NEW_NAME}"'.encode() in data
        self.are_mixed = len(self.kinds) > 1 or has_new_name or ESCAPE in data
        return self.are_mixed
