"""Domains: the default one, whose hostname follows BASE_URL, and those that belong to a workspace."""

from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from models import settings, store
from models.ids import new_id
from models.tables import domains

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
    query = select(domains.c.id, domains.c.hostname, domains.c.is_default)
    if name and "\0" in name:
        return None
    if not name:
        return db.execute(query.where(domains.c.is_default)).one_or_none()
    mine = or_(domains.c.is_default, domains.c.workspace_id == workspace_id)
    named = domains.c.id == int(name) if name.isdecimal() and len(name) < 19 else domains.c.hostname == name.lower()
    return db.execute(query.where(mine, named)).one_or_none()


def by_host(db: Connection, host: str) -> Domain:
    """The domain that a visitor asked for; an unknown host is served the default one."""
    query = select(domains.c.id, domains.c.hostname, domains.c.is_default)
    found = db.execute(query.where(or_(domains.c.hostname == host.lower(), domains.c.is_default)))
    return min(found.all(), key=lambda row: row.hostname != host.lower())


def base_url(hostname: str, is_default: bool) -> str:
    """What short URLs on a domain start with. Custom hostnames share the scheme of the default one."""
    base = settings.get().base_url
    return base if is_default else f"{base.partition('://')[0]}://{hostname}"


def short_url(base: str, slug: str) -> str:
    return f"{base}/{slug}"
