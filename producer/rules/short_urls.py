"""Whole short URLs of other services: what stands behind their domain is the slug, whatever domain it was."""

from dataclasses import replace
from typing import Any

from producer.fields.item_rules import slug_in
from producer.intake.batch import Batch


def with_slugs(batch: Batch) -> Batch:
    """Returns the batch with slugs from `short_url` in rows without one. What holds no slug is left to the rule."""
    if "short_url" not in batch.columns:
        return batch
    nothing = None if batch.typed else ""
    slugs = list(batch.columns.get("slug") or [nothing] * batch.rows)
    left: list[Any] = [nothing] * batch.rows
    for place, value in enumerate(batch.columns["short_url"]):
        if not isinstance(value, str):
            left[place] = value
        elif value and slugs[place] in (None, ""):
            slug = slug_in(value)
            if slug:
                slugs[place] = slug
            else:
                left[place] = value
    return replace(batch, columns={**batch.columns, "slug": slugs, "short_url": left})
