"""What the rows of a batch call their links: the first that a row has of id, external_id, and slug with its domain."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

from models.accounts.domains import Domain
from models.link_key import LinkKey, LinkName, parse_link_id
from producer.intake.batch import ItemProblem

Name = LinkKey | LinkName | str
"""An id, a domain and a slug, or an external id."""

NO_NAME = ItemProblem("NOT_FOUND", "This row names no link. It has no id, external_id, short_url or slug.")


def names_of_rows(columns: Mapping[str, Sequence[Any]], rows: int, domain_id: int) -> list[Name | None]:
    """The name of each row's link, None for a row that names none. `domain_id`: of slugs without a domain."""
    names: list[Name | None] = list(columns.get("external_id") or [None] * rows)
    if any(columns.get("slug") or ()):
        _name_by_slug(names, columns["slug"], columns.get("domain"), domain_id)
    if any(columns.get("id") or ()):
        _name_by_id(names, columns["id"])
    return names


def _name_by_slug(
    names: list[Name | None], slugs: Sequence[str | None], domains: Sequence[Domain | None] | None, domain_id: int
) -> None:
    for row, (slug, domain) in enumerate(zip(slugs, domains or repeat(None), strict=False)):
        if slug and names[row] is None:
            names[row] = (domain.id if domain else domain_id, slug)


def _name_by_id(names: list[Name | None], ids: Sequence[str | None]) -> None:
    for row, text in enumerate(ids):
        if text:
            names[row] = parse_link_id(text)
