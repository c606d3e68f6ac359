"""What a vendor's file declares, and the values that its functions receive and return."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from flask import Response

from models import store
from models.accounts import domains
from models.accounts.keys import Owner, Scope
from models.errors import Invalid, LinkmillError
from models.jobs import items
from models.jobs.items import ItemLink, ItemResult, LinkedItem
from models.jobs.jobs import Job
from models.link_key import LinkKey, format_link_id
from models.links.slugs import SHORTEST
from models.states import ItemStatus
from producer.fields.wide_slugs import SlugKind
from producer.intake.layouts import REFUSED
from producer.job_options import JobAction
from web.auth import authenticate_bearer
from web.vendors.json_schema import Schema
from web.vendors.security import BEARER_TOKEN, SecurityScheme

ItemFields = dict[str, Any]
"""A link to create, by the field names of our own API. `reject` marks one that has to fail."""

Examples = Mapping[str, Mapping[str, Any]]
"""Documented bodies by name, under `request` or the status of the answer."""


class Refusal(NamedTuple):
    """Why a link fails that sets a field."""

    reason: str
    harmless: tuple[Any, ...] = ()
    """Values that ask for what Linkmill does anyway, besides null, false and empty ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFields:
    """Every field that a vendor's documentation or client can send. None is dropped in silence."""

    names: Mapping[str, tuple[str, ...]]
    """Fields of ours, and the vendor's spellings of each. The first spelling that is not null counts."""
    special: tuple[str, ...] = ()
    """Fields that the vendor's file translates by itself."""
    without_effect: Mapping[str, str] = field(default_factory=dict)
    """Fields that are ignored, since they change nothing about where and whether a link leads; and why that is so."""
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    """Fields that do change it, in a way that Linkmill cannot."""

    @property
    def supported(self) -> tuple[str, ...]:
        """The fields that have their full effect."""
        spellings = [spelling for names in self.names.values() for spelling in names]
        return (*spellings, *self.special)


@dataclass(frozen=True, slots=True)
class VendorRequest:
    """The links that a vendor's request asks for, or the changes of links, in our terms."""

    items: list[ItemFields]
    count: int = 0
    """How many links the only item stands for; 0: each item is one link."""
    domain: str | None = None
    fetch_titles: bool = False
    reuse_urls: bool = False
    """Whether a URL that has a link on this domain already gets that link again."""
    slug_length: int = SHORTEST
    """The length of the shortest automatic slug."""
    slugs: SlugKind = SlugKind.PLAIN
    action: JobAction = JobAction.CREATE
    changes_existing: bool = False
    """Whether an item whose external id or slug is in use changes that link."""
    context: Any = None
    """What `build_answer` needs of the request beside the items."""

    @property
    def size(self) -> int:
        return self.count or len(self.items)


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """A request whose job has ended: what `build_answer` makes the vendor's answer of."""

    request: VendorRequest
    job: Job

    def read_results(self) -> list[ItemResult]:
        """Read each item's status, slug and error, in input order."""
        with store.read() as db:
            return items.results(db, self.job.id)

    def read_linked_items(self) -> list[LinkedItem]:
        """Read the same with the fields of each item's link, which takes longer."""
        with store.read() as db:
            return items.with_links(db, self.job.id, self.job.domain_id)

    def link_id(self, item: LinkedItem | ItemLink) -> str:
        """Return the public id of an item's link."""
        return format_link_id(self.link_key(item))

    def link_key(self, item: LinkedItem | ItemLink) -> LinkKey:
        assert item.slug is not None
        assert item.generation is not None
        return LinkKey(item.domain_id or self.job.domain_id, item.slug, item.generation)

    @property
    def base_url(self) -> str:
        return domains.base_url(self.job.hostname, self.job.is_default)

    def short_url(self, slug: str | None) -> str:
        assert slug is not None
        return domains.short_url(self.base_url, slug)


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A request that failed as a whole: what `build_error` makes the vendor's answer of."""

    status: int
    """The HTTP status in our own API; the vendor may use another one."""
    code: str
    message: str
    error: LinkmillError


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCall:
    """One method of a vendor's path that creates, changes or deletes links, by a job."""

    path: str
    action: str
    """What it does, for the documentation: «bulk create»."""
    parse_request: Callable[[Any, Owner], VendorRequest]
    """Translates the decoded JSON body. Raises `Invalid` when the body as a whole makes no sense."""
    build_answer: Callable[[FinishedCall], Any]
    request_schema: Schema
    answer_schema: Schema
    query: Mapping[str, Schema] = field(default_factory=dict)
    """The parameters of its query, for the documentation."""
    examples: Examples = field(default_factory=dict)
    methods: tuple[str, ...] = ("POST",)
    status: int = 200
    has_body: bool = True
    """Whether the request is in a JSON body. `parse_request` receives None otherwise."""
    checks_quota: bool = False
    """Whether a request that exceeds the plan's links per hour, per day or in total fails as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectCall:
    """One method of a vendor's path that is answered at once, without a job: links that exist are read or changed."""

    path: str
    """Parts in angle brackets are arguments of `answer`, as in Flask."""
    action: str
    answer: Callable[..., Response]
    """Takes the owner, then the arguments of the path by name."""
    answer_schema: Schema
    request_schema: Schema | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)
    """The parameters of its query, for the documentation."""
    methods: tuple[str, ...] = ("GET",)
    status: int = 200
    examples: Examples = field(default_factory=dict)
    is_native_path: bool = False
    """Whether our own API has this path too. It answers all requests but those of the vendor's clients."""

    @property
    def scope(self) -> Scope:
        return Scope.READ if self.methods == ("GET",) else Scope.WRITE


Call = JobCall | DirectCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A service whose bulk API Linkmill answers as that service does."""

    name: str
    """The source of its jobs, and its name in a PLANS file."""
    title: str
    """Its name in the documentation."""
    fields: LinkFields
    batch_limit: int
    """How many links one call may create, unless the plan has another number; 0: no limit."""
    calls: tuple[JobCall, ...]
    build_error: Callable[[FailedCall], tuple[int, Any]]
    """Returns the status and the body of a request that failed as a whole."""
    direct_calls: tuple[DirectCall, ...] = ()
    authenticate: Callable[[], Owner] = authenticate_bearer
    security_scheme: SecurityScheme = BEARER_TOKEN
    challenge: str = "Bearer"
    """The WWW-Authenticate header of a 401."""
    sent_request: Callable[[], bool] = lambda: True
    """Whether the current request comes from this vendor's clients. Asked where two vendors share a path."""
    workspace_limit: Callable[[Owner], int | None] = lambda owner: None
    """The batch limit that a workspace has set for itself, if any."""


def read_list(body: Any, name: str) -> list[Any]:
    """Return the list that a body has under this name."""
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, list):
        raise Invalid(f"The body must be an object with a list named {name}.")
    return value


def read_object(body: Any) -> dict[str, Any]:
    """Return a body that must be an object."""
    if not isinstance(body, dict):
        raise Invalid("The body must be an object.")
    return body


def translate_link(link: Any, fields: LinkFields) -> ItemFields:
    """Return the fields of a link under our names. Reject a link that asks for what Linkmill cannot do."""
    if not isinstance(link, dict):
        return reject({}, "INVALID_TYPE", "A link must be an object.")
    item = rename_fields(link, fields.names)
    problem = find_refusal(link, fields)
    if problem:
        return reject(item, "UNKNOWN_FIELD", problem)
    return item


def rename_fields(link: Mapping[str, Any], names: Mapping[str, tuple[str, ...]]) -> ItemFields:
    fields: ItemFields = {}
    for field_name, spellings in names.items():
        for spelling in spellings:
            value = link.get(spelling)
            if value is not None:
                fields[field_name] = value
                break
    return fields


def rename_changes(change: Mapping[str, Any], names: Mapping[str, tuple[str, ...]]) -> ItemFields:
    """Rename the fields of a change, in which null removes a value."""
    fields: ItemFields = {}
    for field_name, spellings in names.items():
        for spelling in spellings:
            if spelling in change:
                fields[field_name] = change[spelling]
                break
    return fields


def find_refusal(link: Mapping[str, Any], fields: LinkFields) -> str:
    """Say which field of a link Linkmill cannot follow and why; "" if there is none."""
    for name, refusal in fields.refusals.items():
        value = link.get(name)
        if value and value not in refusal.harmless:
            return f"{name} is not supported. {refusal.reason}"
    return ""


def reject(fields: ItemFields, code: str, message: str) -> ItemFields:
    """Mark an item that fails for a reason that only its vendor knows."""
    return fields | {REFUSED: [code, message]}


def is_rejected(fields: ItemFields) -> bool:
    return REFUSED in fields


def has_link(item: ItemResult | LinkedItem) -> bool:
    """Whether an item created or changed a link, or found one that exists."""
    return item.status in (ItemStatus.CREATED, ItemStatus.UPDATED, ItemStatus.EXISTING)


def json_response(body: Any, status: int) -> Response:
    return Response(msgspec.json.encode(body), status, content_type="application/json")
