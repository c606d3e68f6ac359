"""Owners of workspaces in the database that this process uses."""

from models import store
from models.accounts import keys
from models.accounts.keys import Owner


def new_owner(workspace: str) -> Owner:
    """Create a key with every scope in a workspace, which is created when it does not exist."""
    with store.write() as db:
        key = keys.create(db, workspace, "enterprise", "test", list(keys.Scope))
        owner = keys.by_token(db, key["token"])
    assert owner
    return owner
