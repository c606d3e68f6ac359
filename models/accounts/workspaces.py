"""Workspaces: who owns jobs and links, and on which plan."""

import base64
import secrets
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, select, update

from models import store
from models.accounts import plans, quotas
from models.ids import new_id
from models.store import rows
from models.tables import workspaces

DEFAULT = "default"
WEBHOOK_SECRET_BYTES = 24


class Workspace(NamedTuple):
    id: int
    name: str
    plan: str
    webhook_secret: str
    bulk_limit: int | None


class WorkspaceTerms(NamedTuple):
    """What the jobs of a workspace depend on."""

    plan: str
    reuses: bool
    """Whether its links are in the URL index."""


def find_or_create(db: Connection, name: str, plan: str | None) -> tuple[Workspace, bool]:
    """The workspace with a name, and whether it is new. `plan` changes the plan of an existing one too."""
    row = {"id": new_id(), "name": name, "plan": plan or plans.DEFAULT, "webhook_secret": new_webhook_secret()}
    insert = store.dialect().insert(workspaces).values(row).on_conflict_do_nothing()
    is_new = db.execute(insert.returning(workspaces.c.id)).first() is not None
    if plan and not is_new:
        set_plan(db, name, plan)
    query = select(*rows.columns(workspaces, Workspace)).where(workspaces.c.name == name)
    return rows.one(db, Workspace, query), is_new


def set_plan(db: Connection, name: str, plan: str) -> None:
    has_other_plan = and_(workspaces.c.name == name, workspaces.c.plan != plan)
    change = update(workspaces).where(has_other_plan).values(plan=plan).returning(workspaces.c.id)
    for workspace_id in db.execute(change).scalars():
        # The old plan may have had no limit on the total, and then it was not counted.
        quotas.reset_totals(db, workspace_id)


def get(db: Connection, workspace_id: int) -> Workspace:
    query = select(*rows.columns(workspaces, Workspace)).where(workspaces.c.id == workspace_id)
    return rows.one(db, Workspace, query)


def every(db: Connection) -> list[Workspace]:
    query = select(*rows.columns(workspaces, Workspace)).order_by(workspaces.c.name)
    return rows.many(db, Workspace, query)


def find_id(db: Connection, name: str) -> int | None:
    return db.execute(select(workspaces.c.id).where(workspaces.c.name == name)).scalar_one_or_none()


# Built once: every shard reads its workspace's terms.
TERMS = select(*rows.columns(workspaces, WorkspaceTerms)).where(workspaces.c.id == bindparam("this"))


def terms(db: Connection, workspace_id: int) -> WorkspaceTerms:
    return rows.one(db, WorkspaceTerms, TERMS, {"this": workspace_id})


def set_bulk_limit(db: Connection, workspace_id: int, limit: int | None) -> None:
    """Set how many links one URL Shortify call may ask for; None for what the plan allows."""
    db.execute(update(workspaces).where(workspaces.c.id == workspace_id).values(bulk_limit=limit))


def new_webhook_secret() -> str:
    """A random secret in the form that Standard Webhooks libraries take."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(WEBHOOK_SECRET_BYTES)).decode()
