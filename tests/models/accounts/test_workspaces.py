"""Workspaces: found by name, created once, and on the plan that was named last."""

import base64

from sqlalchemy import update

from models import store
from models.accounts import workspaces
from models.accounts.keys import Owner
from models.accounts.workspaces import Workspace, WorkspaceTerms
from models.tables import workspaces as table


def find_or_create(name: str, plan: str | None = None) -> tuple[Workspace, bool]:
    with store.write() as db:
        return workspaces.find_or_create(db, name, plan)


def test_a_workspace_is_new_only_once(owner: Owner) -> None:
    first, is_new = find_or_create("shop")
    assert (first.name, first.plan, first.bulk_limit, is_new) == ("shop", "builder", None, True)
    assert find_or_create("shop") == (first, False)


def test_a_named_plan_changes_the_plan_of_an_existing_workspace(owner: Owner) -> None:
    first, _ = find_or_create("shop", "pro")
    assert first.plan == "pro"
    assert find_or_create("shop")[0].plan == "pro"
    assert find_or_create("shop", "enterprise")[0] == first._replace(plan="enterprise")


def test_it_is_read_by_id_and_its_id_by_name(owner: Owner) -> None:
    workspace, _ = find_or_create("shop")
    with store.read() as db:
        assert workspaces.get(db, workspace.id) == workspace
        assert workspaces.find_id(db, "shop") == workspace.id
        assert workspaces.find_id(db, "nowhere") is None


def test_terms_are_the_plan_and_whether_urls_are_indexed(owner: Owner) -> None:
    workspace, _ = find_or_create("shop", "pro")
    with store.write() as db:
        assert workspaces.terms(db, workspace.id) == WorkspaceTerms("pro", False)
        db.execute(update(table).where(table.c.id == workspace.id).values(reuses=True))
        assert workspaces.terms(db, workspace.id) == WorkspaceTerms("pro", True)


def test_a_bulk_limit_is_set_and_removed(owner: Owner) -> None:
    workspace, _ = find_or_create("shop")
    for limit in (7, None):
        with store.write() as db:
            workspaces.set_bulk_limit(db, workspace.id, limit)
            assert workspaces.get(db, workspace.id).bulk_limit == limit


def test_webhook_secrets_are_what_standard_webhooks_libraries_take() -> None:
    secret = workspaces.new_webhook_secret()
    prefix, _, encoded = secret.partition("_")
    assert (prefix, len(base64.b64decode(encoded))) == ("whsec", 24)
    assert secret != workspaces.new_webhook_secret()
