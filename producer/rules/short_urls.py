"""Whole short URLs of this and other services: each gives a slug, and a domain where its host is one of ours."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.accounts.domains import Domain
from producer.fields.item_rules import host_in, slug_in
from producer.intake.batch import Batch

DOMAIN_FIELDS = ("domain", "short_url")
"""The fields for which the workspace's domains must be known."""
NOTHING = (None, "")


def name_domains(batch: Batch) -> bool:
    """Whether some row names a domain, or might."""
    return any(any(batch.columns.get(name, ())) for name in DOMAIN_FIELDS)


def with_slugs(batch: Batch, domains: Mapping[str, Domain]) -> Batch:
    """Returns the batch with slugs and domains from `short_url`, in rows that name none themselves.

    What holds no slug is left to the rule. So is an empty text, which in JSON keeps defaults out.
    """
    if "short_url" not in batch.columns:
        return batch
    slugs = _column(batch, "slug")
    names = _column(batch, "domain")
    left = _column(batch, "")
    for place, value in enumerate(batch.columns["short_url"]):
        if value == "" or not isinstance(value, str):
            left[place] = value
            continue
        if names[place] in NOTHING and host_in(value) in domains:
            names[place] = host_in(value)
        if slugs[place] in NOTHING:
            slug = slug_in(value)
            if slug:
                slugs[place] = slug
            else:
                left[place] = value
    return replace(batch, columns={**batch.columns, "slug": slugs, "short_url": left, "domain": names})


def _column(batch: Batch, name: str) -> list[Any]:
    nothing = None if batch.typed else ""
    return list(batch.columns.get(name) or [nothing] * batch.rows)
