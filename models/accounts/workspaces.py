"""Workspaces: who owns jobs and links, and on which plan."""

import base64
import secrets
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, select, update

from models import store
from models.accounts import plans, quotas
from models.ids import new_id
from models.tables import workspaces

DEFAULT = "default"
WEBHOOK_SECRET_BYTES = 24
TERMS = select(workspaces.c.plan, workspaces.c.reuses).where(workspaces.c.id == bindparam("this"))


def find_or_make(db: Connection, name: str, plan: str | None) -> tuple[Row[*tuple[Any, ...]], bool]:
    """The workspace of that name, and whether it is new. Naming a plan changes the plan of an old one."""
    row = {"id": new_id(), "name": name, "plan": plan or plans.DEFAULT, "webhook_secret": new_webhook_secret()}
    insert = store.dialect().insert(workspaces).values(row).on_conflict_do_nothing().returning(workspaces.c.id)
    new = db.execute(insert).scalar_one_or_none() is not None
    if plan and not new:
        _change_plan(db, name, plan)
    found = db.execute(select(workspaces.c.id, workspaces.c.webhook_secret).where(workspaces.c.name == name)).one()
    return found, new


def _change_plan(db: Connection, name: str, plan: str) -> None:
    other = and_(workspaces.c.name == name, workspaces.c.plan != plan)
    changed = db.execute(update(workspaces).where(other).values(plan=plan).returning(workspaces.c.id))
    for workspace_id in changed.scalars():
        quotas.forget_totals(db, workspace_id)


def get(db: Connection, workspace_id: int) -> Row[*tuple[Any, ...]]:
    return db.execute(select(workspaces).where(workspaces.c.id == workspace_id)).one()


def named(db: Connection, name: str) -> int | None:
    return db.execute(select(workspaces.c.id).where(workspaces.c.name == name)).scalar_one_or_none()


def terms(db: Connection, workspace_id: int) -> Row[*tuple[Any, ...]]:
    """What its jobs have to go by: its plan, and whether its links are noted by their URL."""
    return db.execute(TERMS, {"this": workspace_id}).one()


def set_bulk_limit(db: Connection, workspace_id: int, limit: int | None) -> None:
    db.execute(update(workspaces).where(workspaces.c.id == workspace_id).values(bulk_limit=limit))


def new_webhook_secret() -> str:
    """In the form that Standard Webhooks libraries take."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(WEBHOOK_SECRET_BYTES)).decode()
