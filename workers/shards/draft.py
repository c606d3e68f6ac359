"""The draft of a shard: which rows make a link and under which slug, and which fail of what."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from models.accounts import workspaces
from models.jobs.jobs import Job
from models.jobs.shards import Claim
from models.link_key import new_generation
from models.links import labels, links
from producer.intake.batch import Batch, ItemProblem
from producer.rules.judging import JudgedBatch
from workers.shards import reuse, slug_pool
from workers.shards.reuse import NO_URLS, Found, Urls


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database knew when the draft was begun."""

    plan: str
    reserved: frozenset[str]
    taken: set[str]
    known: Mapping[str, Found]
    tags: dict[str, int]
    urls: Urls = NO_URLS


@dataclass(slots=True)
class Draft:
    claim: Claim
    job: Job
    read: Batch
    columns: dict[str, list[Any]]
    problems: dict[int, ItemProblem]
    existing: dict[int, Found | int]
    """Rows that get a link which is there already, or (a number) the one that an earlier row of this shard makes."""
    keep: Sequence[int]
    """Rows that make a link."""
    chosen: list[Any]
    """Their slugs, None where an automatic one has still to come."""
    tags: dict[str, int]
    urls: Urls = NO_URLS
    settled: frozenset[int] = frozenset()
    """Rows that have their result from an earlier run."""
    generation: int = field(default_factory=new_generation)

    @property
    def made(self) -> int:
        return len(self.keep)

    @property
    def rows(self) -> Sequence[int]:
        """Rows that get their result now."""
        every = range(self.read.rows)
        return [row for row in every if row not in self.settled] if self.settled else every

    @property
    def failures(self) -> dict[str, int]:
        return Counter(problem.code for problem in self.problems.values())

    def cut(self, most: int, problem: ItemProblem) -> None:
        """Makes the first rows only. What would have got a link of the others fails with them."""
        out = set(self.keep[most:])
        lost = [row for row, found in self.existing.items() if isinstance(found, int) and found in out]
        self.problems |= dict.fromkeys((*out, *lost), problem)
        self.existing = {row: found for row, found in self.existing.items() if row not in lost}
        self.keep, self.chosen = self.keep[:most], self.chosen[:most]

    def missing(self) -> int:
        return self.chosen.count(None)

    def offer(self, slugs: list[str]) -> None:
        """Gives slugs to the rows that lack one, in order; there may be too few of them."""
        if self.missing() == len(self.chosen) == len(slugs):
            self.chosen = slugs
            return
        left = iter(slugs)
        self.chosen = [slug if slug is not None else next(left, None) for slug in self.chosen]


def draw(db: Connection, job: Job, judged: JudgedBatch) -> Facts:
    """Asks the database what a draft has to go by."""
    wanted = [slug for slug in judged.columns.get("slug", ()) if slug]
    ids = [name for name in judged.columns.get("external_id", ()) if name]
    names = {name for given in judged.columns.get("tags", ()) for name in given or ()}
    terms = workspaces.terms(db, job.workspace_id)
    return Facts(
        terms.plan,
        slug_pool.reserved().all(),
        links.used_slugs(db, job.domain_id, wanted),
        links.by_external_id(db, job.workspace_id, ids),
        labels.ensure_tags(db, job.workspace_id, names) if names and not job.dry_run else {},
        reuse.known(db, job, judged) if terms.reuses else NO_URLS,
    )


def draft(
    claim: Claim, job: Job, read: Batch, judged: JudgedBatch, facts: Facts, settled: frozenset[int] = frozenset()
) -> Draft:
    problems = {row: problem for row, problem in judged.problems.items() if row not in settled}
    existing = dict[int, Found | int]()
    custom, ids = judged.columns.get("slug"), judged.columns.get("external_id")
    if custom or ids or facts.urls.meet:
        nothing = [None] * read.rows
        rows = enumerate(zip(ids or nothing, custom or nothing, strict=True))
        _in_turn((row for row in rows if row[0] not in settled), judged.columns["url"], facts, problems, existing)
    out = problems.keys() | existing.keys() | settled
    keep = [row for row in range(read.rows) if row not in out] if out else range(read.rows)
    chosen = [custom[row] for row in keep] if custom else [None] * len(keep)
    return Draft(claim, job, read, judged.columns, problems, existing, keep, chosen, facts.tags, facts.urls, settled)


def _in_turn(
    rows: Iterable[tuple[int, tuple[Any, Any]]],
    leads: Sequence[str],
    facts: Facts,
    problems: dict[int, ItemProblem],
    existing: dict[int, Found | int],
) -> None:
    """Row after row, as a loop over single links would meet them: what an earlier one takes, a later one lacks."""
    used: set[str] = set()
    first: dict[str, int] = {}
    lent: dict[str, int] = {}
    for row, (name, slug) in rows:
        found = facts.known.get(name, first.get(name)) if name else None
        if found is None and row in facts.urls.seeking:
            found = facts.urls.there.get(leads[row], lent.get(leads[row]))
        if found is not None:
            existing[row] = found
            problems.pop(row, None)
        elif row in problems:
            continue
        elif slug in facts.reserved:
            problems[row] = ItemProblem("RESERVED_SLUG", f"{slug!r} is kept for this service's own pages")
        elif slug and (slug in used or slug in facts.taken):
            problems[row] = ItemProblem("SLUG_TAKEN", f"Custom slug '{slug}' is already in use")
        else:
            used.add(slug)
            if name:
                first[name] = row
            if row in facts.urls.lending:
                lent.setdefault(leads[row], row)
