"""The options of a job, as the API, vendors and the dashboard give them, and the domain that they choose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from models import settings, store
from models.accounts import domains
from models.accounts.domains import Domain
from models.accounts.keys import Owner
from models.errors import Invalid, field_error
from models.jobs.jobs import Job
from models.links import labels
from models.links.slugs import SHORTEST
from models.links.url_index import Duplicates
from producer.fields.wide_slugs import SlugKind
from producer.intake import delimiters
from producer.intake.detection import FormatHints
from producer.intake.layouts import UTF8
from producer.rules import defaults
from producer.rules.changes import Empty, OnExisting
from producer.rules.judging import JudgingContext

LONGEST_NAME = 200
SCHEMES = ("https",)
NO_NAMES: Mapping[str, Domain] = MappingProxyType({})


class Groups(StrEnum):
    """What becomes of a row whose group does not exist."""

    FAIL = "fail"
    CREATE = "create"


class JobAction(StrEnum):
    """What a job does with the links of its rows. Each value is also the kind of the job."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Only(StrEnum):
    """Which links a job deletes. The others stay as they are."""

    UNCLICKED = "unclicked"


@dataclass(frozen=True, slots=True)
class Options:
    name: str | None = None
    """The job's name. Default: the name of the file."""
    domain: str | None = None
    mapping: dict[str, str | None] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    webhook_url: str | None = None
    fetch_titles: bool = False
    dry_run: bool = False
    duplicates: str = Duplicates.CREATE
    defaults: dict[str, Any] = field(default_factory=dict)
    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    scheme: str = ""
    groups: str = Groups.FAIL
    sheet: str = ""
    date_order: str | None = None
    slugs: SlugKind = SlugKind.PLAIN
    slug_length: int = SHORTEST
    """The shortest automatic slug."""
    action: JobAction = JobAction.CREATE
    on_existing: OnExisting = OnExisting.KEEP
    empty: Empty = Empty.KEEP
    only: str = ""
    where: dict[str, str] | None = None
    """Which links a job by query changes: the parameters of a LinksQuery. None: the rows of the upload say which."""
    set: dict[str, Any] = field(default_factory=dict)
    """What a job by query changes about each link."""

    @property
    def changes_links(self) -> bool:
        """Whether each row changes or deletes a link that exists."""
        return self.action != JobAction.CREATE

    def for_workers(self) -> dict[str, Any]:
        """The options that are stored with the job, since its workers need them."""
        return {
            "mapping": self.mapping,
            "webhook_url": self.webhook_url,
            "fetch_titles": self.fetch_titles,
            "header": self.header,
            "defaults": defaults.for_storage(self.defaults),
            "duplicates": self.duplicates,
            "slug_length": self.slug_length,
            "date_order": self.date_order,
            **self.for_judging(),
            **self._for_changes(),
        }

    def _for_changes(self) -> dict[str, Any]:
        if not self.changes_links and self.on_existing == OnExisting.KEEP:
            return {}
        return {
            "on_existing": self.on_existing,
            "empty": self.empty,
            "only": self.only,
            "where": self.where,
            "set": defaults.for_storage(self.set),
        }

    def for_judging(self) -> dict[str, Any]:
        """Those that change what a row means."""
        return {"slugs": self.slugs, "scheme": self.scheme, "groups": self.groups}

    def format_hints(self) -> FormatHints:
        """What they say about the format of the file."""
        delimiter = self.delimiter and delimiters.NAMES[self.delimiter]
        needs_url = not self.defaults.get("url")
        hints = FormatHints(delimiter, self.encoding, self.header, needs_url, self.scheme, self.date_order)
        return hints._replace(changes=self.changes_links)

    def sheet_hints(self, since_1904: bool) -> FormatHints:
        """The same of a sheet that has become CSV."""
        return self.format_hints()._replace(delimiter=",", encoding=UTF8, day_numbers=not since_1904)


def choose_domain(owner: Owner, options: Options) -> Domain:
    """Find the domain that the options name, and check the defaults, which may depend on it. Raise Invalid."""
    groups: dict[str, int] = {}
    names: dict[str, Domain] = {}
    with store.read() as db:
        domain = domains.find(db, owner.workspace_id, options.domain)
        if options.defaults:
            groups = labels.group_ids(db, owner.workspace_id)
        if options.defaults.get("domain"):
            names = domains.by_name(db, owner.workspace_id)
    if domain is None:
        error = field_error("Use the id or hostname of one of your domains.", "domain", code="UNKNOWN_DOMAIN")
        raise Invalid(f"This workspace has no domain {options.domain!r}.", [error])
    if options.defaults:
        defaults.check(options.defaults, judging_context(domain, groups, options.for_judging(), names))
    return domain


def judging_context(
    domain: Domain | Job, groups: Mapping[str, int], options: Mapping[str, Any], names: Mapping[str, Domain] = NO_NAMES
) -> JudgingContext:
    """What the rows of a job are judged by.

    `groups`: those that exist. `options`: as `for_judging` returns them. `names`: the domains that rows may name.
    """
    return JudgingContext(
        frozenset((settings.get().authority, domain.hostname)),
        groups,
        datetime.now(UTC),
        slugs=options.get("slugs", SlugKind.PLAIN),
        case_sensitive=domain.case_sensitive,
        scheme=options.get("scheme", ""),
        creates_groups=options.get("groups") == Groups.CREATE,
        domains=names,
        domain_id=domain.domain_id if isinstance(domain, Job) else domain.id,
    )
