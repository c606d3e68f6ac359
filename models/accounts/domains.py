"""Domains: the default one, whose hostname follows BASE_URL, and those that belong to a workspace."""

import hmac
from collections.abc import Collection
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from models import settings, store
from models.accounts import installation_secrets
from models.errors import DuplicateKey, SettingsError
from models.ids import new_id, parse_id
from models.store import rows
from models.tables import domains, jobs, links, slug_counters

PROOF_LENGTH = 32
LOCAL_HOSTNAME = "localhost"  # of BASE_URL where it is not set


class Domain(NamedTuple):
    id: int
    hostname: str
    is_default: bool
    case_sensitive: bool
    verified_at: datetime | None
    created_at: datetime


COLUMNS = rows.columns(domains, Domain)
DEFAULT = select(*COLUMNS).where(domains.c.is_default)  # built once: most uploads and single links ask for it


def ensure_default(db: Connection, renames: bool = True) -> int:
    """Create the default domain, or let its hostname follow BASE_URL if it `renames`. Return its id."""
    hostname = settings.get().authority
    domain = rows.one_or_none(db, Domain, DEFAULT)
    if domain is None:
        row = {"id": new_id(), "hostname": hostname, "is_default": True, "verified_at": datetime.now(UTC)}
        return int(db.execute(store.dialect().insert(domains).values(row).returning(domains.c.id)).scalar_one())
    if renames and _follows_base_url(domain):
        db.execute(update(domains).where(domains.c.id == domain.id).values(hostname=hostname))
    return domain.id


def _follows_base_url(domain: Domain) -> bool:
    """A public name changes only when BASE_URL is set: a host that lacks the setting must not rename every link."""
    return settings.get().base_url_is_set or domain.hostname.partition(":")[0] == LOCAL_HOSTNAME


def check_base_url(db: Connection) -> None:
    """Raise SettingsError when BASE_URL is not what short URLs start with in this database."""
    domain = rows.one(db, Domain, DEFAULT)
    base_url = settings.get().base_url
    if domain.hostname != settings.get().authority:
        raise SettingsError(
            f"BASE_URL={base_url!r}: the short URLs of this database start with {domain.hostname!r}. Set BASE_URL to"
            f" that, or rename all of them with `flask --app web upgrade` and the new BASE_URL."
        )


def find(db: Connection, workspace_id: int, name: str | None) -> Domain | None:
    """A domain that a workspace may use, by id or hostname; the default one when `name` is empty."""
    if not name:
        return rows.one_or_none(db, Domain, DEFAULT)
    if "\0" in name:  # PostgreSQL refuses such text
        return None
    domain_id = parse_id(name)
    matches = domains.c.id == domain_id if domain_id else domains.c.hostname == name.lower()
    return rows.one_or_none(db, Domain, select(*COLUMNS).where(_is_usable(workspace_id), matches))


def find_for_host(db: Connection, host: str) -> Domain:
    """The domain that serves a visitor's Host header: the default one for a host that is unknown or not verified."""
    hostname = host.lower()
    query = select(*COLUMNS).where(or_(and_(domains.c.hostname == hostname, _serves()), domains.c.is_default))
    candidates = rows.many(db, Domain, query.order_by(domains.c.verified_at.is_(None), domains.c.id))
    return min(candidates, key=lambda domain: domain.hostname != hostname)


def get(db: Connection, domain_id: int, workspace_id: int) -> Domain | None:
    query = select(*COLUMNS).where(domains.c.id == domain_id, _is_usable(workspace_id))
    return rows.one_or_none(db, Domain, query)


def by_name(db: Connection, workspace_id: int) -> dict[str, Domain]:
    """The domains that a workspace may use, each by its id and by its hostname."""
    names: dict[str, Domain] = {}
    for domain in rows.many(db, Domain, select(*COLUMNS).where(_is_usable(workspace_id))):
        names[str(domain.id)] = domain
        names[domain.hostname] = domain
    return names


def base_urls(db: Connection, domain_ids: Collection[int]) -> dict[int, str]:
    """What the short URLs of some domains start with."""
    domains_found = rows.many(db, Domain, select(*COLUMNS).where(domains.c.id.in_(domain_ids)))
    return {domain.id: base_url(domain.hostname, domain.is_default) for domain in domains_found}


def page(db: Connection, workspace_id: int, after: int, limit: int) -> list[Domain]:
    query = select(*COLUMNS).where(_is_usable(workspace_id), domains.c.id > after)
    return rows.many(db, Domain, query.order_by(domains.c.id).limit(limit))


def every(db: Connection) -> list[Domain]:
    """Return the domains of all workspaces."""
    return rows.many(db, Domain, select(*COLUMNS).order_by(domains.c.id))


def add(db: Connection, workspace_id: int, hostname: str, case_sensitive: bool = True) -> Domain:
    """Add a domain of a workspace's own; raise DuplicateKey when the hostname serves already or is ours.

    Several workspaces may add a hostname until one of them proves that it is theirs. Otherwise the first to add it
    could keep it from its owner.
    """
    is_own = domains.c.workspace_id == workspace_id
    is_taken = exists().where(domains.c.hostname == hostname, or_(is_own, _serves()))
    default_hostname = settings.get().authority.partition(":")[0]
    if hostname == default_hostname or db.execute(select(is_taken)).scalar_one():
        raise DuplicateKey(f"{hostname} is in use")
    row = {"id": new_id(), "workspace_id": workspace_id, "hostname": hostname, "case_sensitive": case_sensitive}
    insert = store.dialect().insert(domains).values(row).on_conflict_do_nothing()
    domain = rows.one_or_none(db, Domain, insert.returning(*COLUMNS))
    if domain is None:
        raise DuplicateKey(f"{hostname} is in use")
    return domain


def verify(db: Connection, domain_id: int) -> None:
    """Record that a hostname is proven; raise DuplicateKey when it is proven to be another workspace's."""
    unverified = and_(domains.c.id == domain_id, domains.c.verified_at.is_(None))
    try:
        db.execute(update(domains).where(unverified).values(verified_at=datetime.now(UTC)))
    except IntegrityError as error:
        raise DuplicateKey("another workspace has verified this hostname") from error


def proof(domain_id: int) -> str:
    """The text that the owner of the hostname publishes under it. Nobody can guess it, and it does not change."""
    secret = installation_secrets.get(installation_secrets.PROOF_KEY)
    return hmac.digest(secret, str(domain_id).encode(), "sha256").hex()[:PROOF_LENGTH]


def remove(db: Connection, domain_id: int) -> bool:
    """Delete a domain that is not the default one. Return False while it has links or jobs."""
    has_links = exists().where(links.c.domain_id == domain_id)
    has_jobs = exists().where(jobs.c.domain_id == domain_id)
    unused = delete(domains).where(domains.c.id == domain_id, ~domains.c.is_default, ~has_links, ~has_jobs)
    if not db.execute(unused).rowcount:
        return False
    db.execute(delete(slug_counters).where(slug_counters.c.domain_id == domain_id))
    return True


def base_url(hostname: str, is_default: bool) -> str:
    """What short URLs on a domain start with. Custom hostnames share the scheme of BASE_URL."""
    default_url = settings.get().base_url
    if is_default:
        return default_url
    scheme = default_url.partition("://")[0]
    return f"{scheme}://{hostname}"


def short_url(base: str, slug: str) -> str:
    return f"{base}/{url_path(slug)}"


def url_path(slug: str) -> str:
    """The slug as a part of a URL. Those in ASCII need no encoding."""
    if slug.isascii():
        return slug
    return quote(slug)


def _serves() -> ColumnElement[bool]:
    if settings.get().allow_unproven_domains:
        return true()
    return domains.c.verified_at.is_not(None)


def _is_usable(workspace_id: int) -> ColumnElement[bool]:
    return or_(domains.c.is_default, domains.c.workspace_id == workspace_id)
