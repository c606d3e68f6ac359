"""What the database says about the new values of a shard, as far as they must differ from those of other links."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.accounts import domains
from models.accounts.domains import Domain
from models.jobs.jobs import Job
from models.link_key import LinkKey, LinkName
from models.links import labels, links, reserved_words
from models.links.bulk import bulk_tags
from models.store import Connection
from producer.fields import wide_slugs
from producer.rules.changes import KEEP, JudgedChanges
from producer.rules.link_names import Name
from workers.shards import slug_pool
from workers.shards.changes.working_links import WorkingLinks

TAG_FIELDS = ("tags", "add_tags", "remove_tags")


@dataclass(frozen=True, slots=True)
class Facts:
    domains: Mapping[int, Domain] = field(default_factory=dict)
    """Those of the workspace."""
    reserved_slugs: frozenset[str] = frozenset()
    taken_slugs: frozenset[LinkName] = frozenset()
    """New slugs that other links have: links that no row names."""
    taken_external_ids: frozenset[str] = frozenset()
    group_names: Mapping[int, str] = field(default_factory=dict)


def read_facts(db: Connection, job: Job, judged: JudgedChanges, working: WorkingLinks) -> Facts:
    """Read what decisions depend on, and the tags of links if some row changes tags."""
    columns = judged.columns
    if any(name in columns for name in TAG_FIELDS):
        _read_tags(db, working)
    names: dict[int, Domain] = {}
    if "url" in columns or "new_slug" in columns:
        names = {domain.id: domain for domain in domains.by_name(db, job.workspace_id).values()}
    new_slugs = _new_slugs(judged, working, names)
    slugs = [slug for some in new_slugs.values() for slug in some]
    return Facts(
        names,
        reserved_words.of_slugs(slugs, slug_pool.cached_reserved_words().read()) if slugs else frozenset(),
        _taken_slugs(db, new_slugs, working),
        _taken_external_ids(db, job, judged, working),
        _group_names(db, job, judged, working),
    )


def _read_tags(db: Connection, working: WorkingLinks) -> None:
    tags = bulk_tags.of_links(db, [link.key for link in working.all])
    for link in working.all:
        link.tags = tags.get(link.key, [])
        link.former_tags = link.tags


def _new_slugs(judged: JudgedChanges, working: WorkingLinks, names: Mapping[int, Domain]) -> dict[int, set[str]]:
    """By the domain of the link that is to have each."""
    new_slugs: dict[int, set[str]] = {}
    for name, slug in zip(judged.names, judged.columns.get("new_slug", ()), strict=False):
        domain_id = None if slug is KEEP else _domain_of(name, working)
        if domain_id is not None and domain_id in names:
            new_slugs.setdefault(domain_id, set()).add(spell(slug, names[domain_id]))
    return new_slugs


def _domain_of(name: Name | None, working: WorkingLinks) -> int | None:
    """The domain of a row's link, which may have this name only after an earlier row."""
    if isinstance(name, tuple):
        return name[0]
    link = working.find(name)
    return link.domain_id if link else None


def spell(slug: str, domain: Domain) -> str:
    """A slug as the domain of its link stores it."""
    return wide_slugs.spell(slug, domain.case_sensitive)


def _taken_slugs(db: Connection, new_slugs: Mapping[int, Iterable[str]], working: WorkingLinks) -> frozenset[LinkName]:
    if not new_slugs:
        return frozenset()
    taken: set[LinkName] = set()
    for domain_id, slugs in new_slugs.items():
        taken.update((domain_id, slug) for slug in links.used_slugs(db, domain_id, list(slugs)))
    return frozenset(taken.difference(link.key.name for link in working.all))


def _taken_external_ids(db: Connection, job: Job, judged: JudgedChanges, working: WorkingLinks) -> frozenset[str]:
    wanted = {value for value in judged.columns.get("external_id", ()) if isinstance(value, str)}
    if not wanted:
        return frozenset()
    owners = links.by_external_id(db, job.workspace_id, list(wanted))
    ours = {link.key for link in working.all}
    taken = [each for each, ref in owners.items() if LinkKey(ref.domain_id, ref.slug, ref.generation) not in ours]
    return frozenset(taken)


def _group_names(db: Connection, job: Job, judged: JudgedChanges, working: WorkingLinks) -> dict[int, str]:
    values = judged.columns.get("group")
    if values is None:
        return {}
    ids: set[Any] = {link.values["group_id"] for link in working.all}
    ids.update(value for value in values if isinstance(value, int))
    return labels.names_by_id(db, labels.GROUPS, job.workspace_id, ids - {None})
