"""Domains: the default one, whose hostname follows BASE_URL, and those that belong to a workspace."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, or_, select, update

from models import settings, store
from models.errors import Taken
from models.ids import new_id
from models.tables import domains, jobs, links, slug_counters

SHOWN = select(domains.c.id, domains.c.hostname, domains.c.is_default)
DEFAULT = SHOWN.where(domains.c.is_default)

Domain = Row[*tuple[Any, ...]]


def keep_default(db: Connection) -> int:
    """Makes the default domain, or gives it the hostname of today."""
    hostname = settings.get().authority
    changed = update(domains).where(domains.c.is_default).values(hostname=hostname).returning(domains.c.id)
    found = db.execute(changed).scalar_one_or_none()
    if found is not None:
        return int(found)
    row = {"id": new_id(), "hostname": hostname, "is_default": True}
    return int(db.execute(store.dialect().insert(domains).values(row).returning(domains.c.id)).scalar_one())


def find(db: Connection, workspace_id: int, name: str | None) -> Domain | None:
    """A domain that this workspace may use, by id or hostname; the default one when none is named."""
    if name and "\0" in name:
        return None
    if not name:
        return db.execute(DEFAULT).one_or_none()
    named = domains.c.id == int(name) if name.isdecimal() and len(name) < 19 else domains.c.hostname == name.lower()
    return db.execute(SHOWN.where(_usable(workspace_id), named)).one_or_none()


def add(db: Connection, workspace_id: int, hostname: str) -> Domain:
    """A domain of a workspace's own; errors.Taken when the hostname is anybody's already."""
    row = {"id": new_id(), "workspace_id": workspace_id, "hostname": hostname}
    insert = store.dialect().insert(domains).values(row).on_conflict_do_nothing()
    found = db.execute(insert.returning(domains)).one_or_none()
    if found is None or hostname == settings.get().authority.partition(":")[0]:
        raise Taken(f"{hostname} is in use")
    return found


def page(db: Connection, workspace_id: int, after: int, limit: int) -> list[Domain]:
    query = select(domains).where(_usable(workspace_id), domains.c.id > after)
    return list(db.execute(query.order_by(domains.c.id).limit(limit)))


def get(db: Connection, domain_id: int, workspace_id: int) -> Domain | None:
    return db.execute(select(domains).where(domains.c.id == domain_id, _usable(workspace_id))).one_or_none()


def remove(db: Connection, domain_id: int) -> bool:
    """Deletes a domain that is not the default one; False while links or jobs are on it."""
    used = [exists().where(table.c.domain_id == domain_id) for table in (links, jobs)]
    unused = delete(domains).where(domains.c.id == domain_id, ~domains.c.is_default, *(~found for found in used))
    if not db.execute(unused).rowcount:
        return False
    db.execute(delete(slug_counters).where(slug_counters.c.domain_id == domain_id))
    return True


def by_host(db: Connection, host: str) -> Domain:
    """The domain that a visitor asked for; an unknown host is served the default one."""
    found = db.execute(SHOWN.where(or_(domains.c.hostname == host.lower(), domains.c.is_default)))
    return min(found.all(), key=lambda row: row.hostname != host.lower())


def base_url(hostname: str, is_default: bool) -> str:
    """What short URLs on a domain start with. Custom hostnames share the scheme of the default one."""
    base = settings.get().base_url
    return base if is_default else f"{base.partition('://')[0]}://{hostname}"


def short_url(base: str, slug: str) -> str:
    return f"{base}/{slug}"


def _usable(workspace_id: int) -> ColumnElement[bool]:
    return or_(domains.c.is_default, domains.c.workspace_id == workspace_id)
