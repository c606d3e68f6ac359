"""Working links: those that the rows of a shard name, as each row in turn leaves them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models.link_key import LinkKey, LinkName
from models.links.bulk.found_links import FoundLink, SoughtLinks
from producer.rules.link_names import Name


class WorkingLink:
    """A link, and what has become of it so far."""

    __slots__ = (
        "domain_id",
        "former_slug",
        "former_tags",
        "generation",
        "is_changed",
        "row_id",
        "slug",
        "tags",
        "values",
    )

    def __init__(self, row_id: Any, domain_id: int, slug: str, generation: int, values: dict[str, Any]) -> None:
        self.row_id = row_id
        self.domain_id = domain_id
        self.slug = slug
        self.generation = generation
        self.former_slug = slug
        self.values = values
        """By column of `links`. Times are text, as both databases store them."""
        self.tags: list[str] = []
        """Sorted. Only read if some row changes tags."""
        self.former_tags = self.tags
        """Those in the database."""
        self.is_changed = False

    @property
    def key(self) -> LinkKey:
        """What names it in the database, until it is written."""
        return LinkKey(self.domain_id, self.former_slug, self.generation)

    @property
    def name(self) -> LinkName:
        return self.domain_id, self.slug


class WorkingLinks:
    """The links of a shard, by what a row may call them at its turn."""

    def __init__(self, rows: Iterable[FoundLink], columns: Sequence[str]) -> None:
        self.by_slug: dict[LinkName, WorkingLink] = {}
        self.by_external_id: dict[str, WorkingLink] = {}
        for row_id, domain_id, slug, generation, *own in rows:
            values = dict(zip(columns, own, strict=True))
            link = WorkingLink(row_id, domain_id, slug, generation, values)
            self.by_slug[domain_id, slug] = link
            external_id = values.get("external_id")
            if external_id:
                self.by_external_id[external_id] = link
        self.all = list(self.by_slug.values())
        """In the order of their keys."""

    def find(self, name: Name | None) -> WorkingLink | None:
        if isinstance(name, str):
            return self.by_external_id.get(name)
        if name is None:
            return None
        link = self.by_slug.get(name[:2])
        if link is None or (isinstance(name, LinkKey) and link.generation != name.generation):
            return None
        return link

    def remove(self, link: WorkingLink) -> None:
        """Delete a link: later rows do not find it."""
        del self.by_slug[link.name]
        external_id = link.values.get("external_id")
        if external_id:
            del self.by_external_id[external_id]

    def rename(self, link: WorkingLink, slug: str) -> None:
        del self.by_slug[link.name]
        link.slug = slug
        self.by_slug[link.name] = link

    def change_external_id(self, link: WorkingLink, external_id: str | None) -> None:
        former = link.values["external_id"]
        if former:
            del self.by_external_id[former]
        if external_id:
            self.by_external_id[external_id] = link


def sought_links(names: Sequence[Name | None]) -> SoughtLinks:
    """What rows name, each once."""
    external_ids = dict.fromkeys(name for name in names if isinstance(name, str))
    slugs: dict[int, dict[str, None]] = {}
    for name in names:
        if isinstance(name, tuple):
            slugs.setdefault(name[0], {})[name[1]] = None
    return SoughtLinks(external_ids, slugs)


def stored_text(moment: datetime | None) -> str | None:
    """A moment as text, to the microsecond where it has some."""
    return None if moment is None else moment.replace(tzinfo=None).isoformat(" ")


def with_stored_times(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: stored_text(value) if isinstance(value, datetime) else value for name, value in values.items()}
