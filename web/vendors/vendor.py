"""What a vendor's file says of itself: where it listens, who may call, what is asked and what is answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response

from models import store
from models.accounts import domains
from models.accounts.keys import Owner
from models.errors import LinkmillError
from models.jobs import items
from models.jobs.items import ItemResult, LinkedItem
from models.jobs.jobs import Job
from models.link_key import LinkKey, format_link_id
from models.links import slugs
from producer.intake.layouts import REFUSED

Row = dict[str, Any]
"""An item as our own API has it; with REFUSED in it, one that fails for a reason that only its vendor knows."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, in our words."""

    rows: list[Row]
    count: int = 0
    """How many links the one row stands for; 0: each row is one."""
    domain: str | None = None
    fetch_titles: bool = False
    reuse: bool = False
    """Whether a URL that the workspace has on this domain gets that link again."""
    slug_length: int = slugs.SHORTEST
    """The shortest automatic slug."""
    note: Any = None
    """What `dump` wants to remember of the request."""

    @property
    def links(self) -> int:
        return self.count or len(self.rows)


@dataclass(frozen=True, slots=True)
class Finished:
    """A job that has ended."""

    job: Job
    asked: Asked

    @property
    def base(self) -> str:
        """What short URLs begin with."""
        return domains.base_url(self.job.hostname, self.job.is_default)

    def outcomes(self) -> list[ItemResult]:
        """Each item in input order; to whom the slug is enough, its link need not be looked up."""
        with store.read() as db:
            return items.results(db, self.job.id)

    def results(self) -> list[LinkedItem]:
        """Each item in input order, with the link that it made."""
        with store.read() as db:
            return items.with_links(db, self.job.id, self.job.domain_id)

    def link_id(self, item: LinkedItem) -> str:
        """The id of the link that an item has."""
        assert item.slug is not None
        assert item.generation is not None
        return format_link_id(LinkKey(self.job.domain_id, item.slug, item.generation))

    def short(self, slug: str | None) -> str:
        assert slug is not None
        return domains.short_url(self.base, slug)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a whole request failed; its vendor may have another status for it."""

    status: int
    code: str
    message: str
    error: LinkmillError


@dataclass(frozen=True, slots=True)
class Vendor:
    name: str
    """The job's source, and the plan's name for the size of a batch."""
    paths: tuple[str, ...]
    authenticate: Callable[[], Owner]
    load: Callable[[Any, Owner], Asked]
    dump: Callable[[Finished], Any]
    refuse: Callable[[Refusal], tuple[int, Any]]
    """The status and body of a request that failed as a whole."""
    methods: tuple[str, ...] = ("POST",)
    status: int = 200
    speaks: Callable[[], bool] = field(default=lambda: True)
    """Whether a request is this vendor's, where two share a path."""
    most: Callable[[Owner], int | None] = field(default=lambda owner: None)
    """Links a call may ask for, where that is not the plan's number."""
    bulk: bool = True
    """Whether a call counts as a bulk call."""
    tells_limit: bool = False
    """Whether links beyond the plan's total are refused beforehand."""
    reads: Mapping[str, Callable[[Owner], Response]] = field(default_factory=dict)
    """What can be asked beside it, by path."""
    challenge: str = "Bearer"
    """How a 401 says to authenticate."""


def refused(row: Row, code: str, message: str) -> Row:
    """The row as one that fails."""
    return row | {REFUSED: [code, message]}


def renamed(link: Mapping[str, Any], spellings: Mapping[str, tuple[str, ...]]) -> Row:
    """The fields of a link that we know, under our names; of several spellings the first that is given."""
    given = {
        ours: next((link[name] for name in names if link.get(name) is not None), None)
        for ours, names in spellings.items()
    }
    return {ours: value for ours, value in given.items() if value is not None}
