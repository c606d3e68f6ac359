"""The draft of a shard: which rows create a link and under which slug, which get an existing one, which fail."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from models.accounts import workspaces
from models.jobs.jobs import Job, Results
from models.jobs.leases import Claim
from models.link_key import new_generation
from models.links import labels, links, reserved_words
from models.store import Connection
from producer.intake.batch import Batch, ItemProblem
from producer.rules.judging import JudgedBatch
from workers.shards import own_domains, reuse, slug_pool
from workers.shards.own_domains import OwnDomains, SlugKey
from workers.shards.reuse import NO_URLS, ExistingLink, UrlFacts

LIMIT_REACHED = ItemProblem("LIMIT_REACHED", "The plan's limit of links is reached.")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database says about a shard's rows before they are drafted."""

    plan: str
    reserved_slugs: frozenset[str]
    taken_slugs: set[SlugKey]
    by_external_id: Mapping[str, ExistingLink]
    tag_ids: dict[str, int]
    urls: UrlFacts = NO_URLS
    own_links: Mapping[SlugKey, ExistingLink] | None = None
    """The workspace's links that have slugs of the rows, if rows change the links that are there; else None."""


@dataclass(slots=True)
class Draft:
    claim: Claim
    job: Job
    batch: Batch
    columns: dict[str, list[Any]]
    problems: dict[int, ItemProblem]
    existing: dict[int, ExistingLink | int]
    """Rows that get an existing link, or the link that an earlier row of this shard creates: then that row."""
    new_rows: Sequence[int]
    """Rows that create a link."""
    slugs: list[Any]
    """The slugs of new rows, None where an automatic one is still missing."""
    tag_ids: dict[str, int]
    urls: UrlFacts = NO_URLS
    settled_rows: frozenset[int] = frozenset()
    """Rows that have their result from an earlier run."""
    generation: int = field(default_factory=new_generation)

    @property
    def new_count(self) -> int:
        return len(self.new_rows)

    @property
    def result_rows(self) -> Sequence[int]:
        """Rows that get their result now."""
        if not self.settled_rows:
            return range(self.batch.rows)
        return [row for row in range(self.batch.rows) if row not in self.settled_rows]

    @property
    def results(self) -> Results:
        failures = Counter(problem.code for problem in self.problems.values())
        return Results(created=self.new_count, existing=len(self.existing), failures=failures)

    @property
    def own_domains(self) -> OwnDomains:
        return self.columns.get("domain")

    def without_existing(self) -> "Draft":
        """The draft without the rows that get an existing link: their results are written apart."""
        return replace(self, existing={}, settled_rows=self.settled_rows.union(self.existing))

    def count_missing_slugs(self, domain_id: int) -> int:
        """How many new rows on a domain lack a slug."""
        if self.own_domains is None:
            return self.slugs.count(None)
        return len(self._places_without_slug(domain_id))

    def fill_slugs(self, automatic_slugs: list[str], domain_id: int) -> None:
        """Give automatic slugs to the rows on a domain that lack one, in order. There may be too few of them."""
        if self.own_domains is None and self.slugs.count(None) == len(self.slugs) == len(automatic_slugs):
            self.slugs = automatic_slugs
            return
        for place, slug in zip(self._places_without_slug(domain_id), automatic_slugs, strict=False):
            self.slugs[place] = slug

    def _places_without_slug(self, domain_id: int) -> list[int]:
        """The places among the new rows."""
        ids = self.domain_ids()
        return [place for place, slug in enumerate(self.slugs) if slug is None and ids[place] == domain_id]

    def domain_ids(self) -> list[int]:
        """The domain of each new link."""
        if self.own_domains is None:
            return [self.job.domain_id] * self.new_count
        return [own_domains.id_of(self.own_domains, row) or self.job.domain_id for row in self.new_rows]


def read_facts(db: Connection, job: Job, judged: JudgedBatch, look_up: bool = True) -> Facts:
    """Read what a draft depends on. New tags are created, so a run writes here, and a dry run does not.

    Without `look_up`, all slugs and external ids count as free.
    """
    slugs = values_of(judged, "slug")
    tag_ids: dict[str, int] = {}
    if "tags" in judged.columns and not job.dry_run:
        tag_ids = labels.ensure(db, labels.TAGS, job.workspace_id, tag_names(judged))
    terms = workspaces.terms(db, job.workspace_id)
    return Facts(
        terms.plan,
        reserved_words.of_slugs(slugs, slug_pool.cached_reserved_words().read()),
        _read_taken_slugs(db, job, judged) if look_up else set(),
        _read_existing(db, job, values_of(judged, "external_id")) if look_up else {},
        tag_ids,
        reuse.read_url_facts(db, job, judged) if terms.reuses else NO_URLS,
    )


def values_of(judged: JudgedBatch, field_name: str) -> list[Any]:
    """The values of a field in the rows that have one."""
    return [value for value in judged.columns.get(field_name, ()) if value]


def _read_taken_slugs(db: Connection, job: Job, judged: JudgedBatch) -> set[SlugKey]:
    slugs = judged.columns.get("slug", [])
    rows = [row for row, slug in enumerate(slugs) if slug]
    taken: set[SlugKey] = set()
    for domain_id, rows_on_it in own_domains.rows_by_domain(job, judged.columns.get("domain"), rows).items():
        used = links.used_slugs(db, domain_id, [slugs[row] for row in rows_on_it])
        taken.update(used if domain_id == job.domain_id else {(domain_id, slug) for slug in used})
    return taken


def _read_existing(db: Connection, job: Job, external_ids: Sequence[str]) -> dict[str, ExistingLink]:
    existing: dict[str, ExistingLink] = {}
    for external_id, link in links.by_external_id(db, job.workspace_id, external_ids).items():
        existing[external_id] = reuse.existing_link(job, *link)
    return existing


def tag_names(judged: JudgedBatch) -> set[str]:
    """The different tags of a shard."""
    names: set[str] = set()
    for tags in judged.columns.get("tags", ()):
        if tags:
            names.update(tags)
    return names


def make_draft(
    claim: Claim,
    job: Job,
    batch: Batch,
    judged: JudgedBatch,
    facts: Facts,
    settled_rows: frozenset[int] = frozenset(),
    room: int | None = None,
) -> Draft:
    """Decide for every row of a shard what becomes of it. `room`: how many links it may create, if that is limited."""
    problems = {row: problem for row, problem in judged.problems.items() if row not in settled_rows}
    existing: dict[int, ExistingLink | int] = {}
    custom_slugs = judged.columns.get("slug")
    is_limited = room is not None
    if is_limited or facts.urls.rows_may_share or _may_collide(judged, facts):
        _decide_in_order(judged, facts, settled_rows, room, problems, existing)
    other_rows = problems.keys() | existing.keys() | settled_rows
    new_rows: Sequence[int] = range(batch.rows)
    if other_rows:
        new_rows = [row for row in range(batch.rows) if row not in other_rows]
    slugs = [custom_slugs[row] for row in new_rows] if custom_slugs else [None] * len(new_rows)
    columns = judged.columns
    return Draft(
        claim, job, batch, columns, problems, existing, new_rows, slugs, facts.tag_ids, facts.urls, settled_rows
    )


def _may_collide(judged: JudgedBatch, facts: Facts) -> bool:
    """Whether a row may want a slug or an external id that it cannot have, since a link or another row has it."""
    nothing = [None] * len(judged.columns["url"])
    slugs = judged.columns.get("slug", nothing)
    external_ids = judged.columns.get("external_id", nothing)
    if facts.taken_slugs or facts.by_external_id or not facts.reserved_slugs.isdisjoint(slugs):
        return True
    return _repeats(own_domains.keys(slugs, judged.columns.get("domain"))) or _repeats(external_ids)


def _repeats(column: Sequence[Any]) -> bool:
    values = list(filter(None, column))
    return len(set(values)) < len(values)


def _decide_in_order(
    judged: JudgedBatch,
    facts: Facts,
    settled_rows: frozenset[int],
    room: int | None,
    problems: dict[int, ItemProblem],
    existing: dict[int, ExistingLink | int],
) -> None:
    """Decide row after row, as a loop over single links would: what an earlier row takes, a later one cannot have."""
    urls = judged.columns["url"]
    nothing = [None] * len(urls)
    external_ids = judged.columns.get("external_id", nothing)
    slugs = judged.columns.get("slug", nothing)
    domains = judged.columns.get("domain")
    slug_keys = own_domains.keys(slugs, domains)
    url_keys = own_domains.keys(urls, domains)
    used_slugs: set[SlugKey | None] = set()
    upserts = facts.own_links is not None
    own_links: dict[Any, ExistingLink | int] = dict(facts.own_links or {})
    rows_by_external_id: dict[str, ExistingLink | int] = {}
    rows_by_url: dict[Any, int] = {}
    created = 0
    for row, (external_id, slug) in enumerate(zip(external_ids, slugs, strict=True)):
        if row in settled_rows:
            continue
        link: ExistingLink | int | None = None
        if external_id:
            link = facts.by_external_id.get(external_id, rows_by_external_id.get(external_id))
        if link is None and slug and upserts:
            link = own_links.get(slug_keys[row])
        if link is None and row in facts.urls.seeking_rows:
            link = facts.urls.links.get(url_keys[row], rows_by_url.get(url_keys[row]))
        if link is not None:
            existing[row] = link
            # The row gets its link by its external id, whatever is wrong with its other fields.
            problems.pop(row, None)
            if external_id and upserts:
                rows_by_external_id.setdefault(external_id, link)
        elif row in problems:
            continue
        elif slug in facts.reserved_slugs:
            problems[row] = ItemProblem("RESERVED_SLUG", f"The slug {slug!r} is reserved for this service's own pages.")
        elif slug and (slug_keys[row] in used_slugs or slug_keys[row] in facts.taken_slugs):
            problems[row] = ItemProblem("SLUG_TAKEN", f"Custom slug '{slug}' is already in use")
        elif room is not None and created >= room:
            problems[row] = LIMIT_REACHED
        else:
            created += 1
            used_slugs.add(slug_keys[row])
            if slug and upserts:
                own_links[slug_keys[row]] = row
            if external_id:
                rows_by_external_id[external_id] = row
            if row in facts.urls.hashes:
                rows_by_url.setdefault(url_keys[row], row)
