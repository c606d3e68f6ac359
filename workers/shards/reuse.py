"""Reuse: rows whose URL has a link already get that one, and links that are made are noted by their URL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from models import store
from models.jobs import shards
from models.jobs.jobs import Job
from models.jobs.shards import Claim
from models.links import url_backfill, url_index
from models.links.url_index import Duplicates, IndexedLink
from models.store import Columns
from producer.fields.item_rules import stored_time
from producer.rules.judging import JudgedBatch

KEPT_FROM_OTHERS = ("password", "max_clicks")
OWN = ("slug", "expires_at")  # a row that has one of these wants a link of its own, which others may get all the same

Found = tuple[str, int]
"""A link that is there already: its slug and generation."""


@dataclass(frozen=True, slots=True)
class Urls:
    """What there is to know of a shard's URLs; nothing for a workspace that never reused any."""

    lending: Mapping[int, int] = field(default_factory=dict)
    """Rows whose link others may get, each with its URL's hash."""
    seeking: Collection[int] = ()
    """Those of them that would rather get one."""
    there: Mapping[str, Found] = field(default_factory=dict)
    """The links of these URLs."""
    owned: Collection[int] = ()
    """Hashes under which there is a URL's own link, of whatever URL."""
    ended: Sequence[IndexedLink] = ()
    """Own links that nobody can be given any more."""

    @property
    def meet(self) -> bool:
        """Whether some row may get a link that is there, or that another row makes."""
        return bool(self.there) or len(set(self.lending.values())) < len(self.lending) if self.seeking else False


NO_URLS = Urls()


def asked(job: Job) -> bool:
    return bool(job.options.get("duplicates") == Duplicates.REUSE)


def prepare(claim: Claim) -> None:
    """Before a workspace's first reuse, the links that it has already are noted; the lease is kept up meanwhile."""
    with store.read() as db:
        more = not url_backfill.is_complete(db, claim.workspace_id)
    if more:
        with store.write() as db:
            url_backfill.start(db, claim.workspace_id)
    while more:
        with store.write() as db:
            shards.keep(db, claim)
            more = url_backfill.step(db, claim.workspace_id)
        store.rest()


def known(db: Connection, job: Job, judged: JudgedBatch) -> Urls:
    """For a workspace whose links are noted."""
    rows = _lending(judged)
    leads = judged.columns["url"]
    lending = dict(zip(rows, url_index.hashes(leads[row] for row in rows), strict=True))
    if not asked(job):
        return Urls(lending)
    noted = url_index.find(db, job.workspace_id, job.domain_id, set(lending.values()))
    alive = [one for one in noted if one.usable]
    there = {one.url: (one.slug, one.generation) for one in reversed(alive) if one.url}
    own = [one for one in noted if one.rank == url_index.PRIMARY]
    ended = [one for one in own if not one.usable]
    return Urls(lending, _seeking(judged, lending), there, {one.hash for one in own if one.usable}, ended)


def let_go(known: Urls) -> None:
    if known.ended:
        with store.write() as db:
            url_index.demote(db, known.ended)


def columns(known: Urls, job: Job, rows: Sequence[int], slugs: Sequence[str], generation: int) -> Columns:
    """A link of each URL that is made: one is enough. Sorted, so that no two shards wait for each other crosswise."""
    first: dict[int, str] = {}
    for row, slug in zip(rows, slugs, strict=True):
        if row in known.lending:
            first.setdefault(known.lending[row], slug)
    if not first:
        return {}
    found = sorted(first)
    turns: Any = url_index.PRIMARY if asked(job) and not known.owned else url_index.random_ranks(len(found))
    if asked(job) and known.owned:
        turns = [
            turn if number in known.owned else url_index.PRIMARY for number, turn in zip(found, turns, strict=True)
        ]
    of_one = {"workspace_id": job.workspace_id, "domain_id": job.domain_id, "generation": generation}
    return of_one | {"hash": found, "turn": turns, "slug": [first[number] for number in found]}


def _lending(judged: JudgedBatch) -> list[int]:
    leads, out = judged.columns["url"], set(judged.problems)
    for name in KEPT_FROM_OTHERS:
        out.update(row for row, value in enumerate(judged.columns.get(name, ())) if value)
    now = stored_time(datetime.now(UTC))
    out.update(row for row, end in enumerate(judged.columns.get("expires_at", ())) if end and end <= now)
    return [row for row in range(len(leads)) if row not in out] if out else list(range(len(leads)))


def _seeking(judged: JudgedBatch, lending: Mapping[int, int]) -> Collection[int]:
    own = {row for name in OWN for row, value in enumerate(judged.columns.get(name, ())) if value}
    return lending.keys() - own if own else lending.keys()
