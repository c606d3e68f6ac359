"""The hostnames that a workspace's short links may be on."""

from typing import Any

from models import store
from models.accounts import domains
from models.accounts.domains import Domain
from models.accounts.keys import Owner
from models.errors import Conflict, DuplicateKey, Forbidden, NotFound
from models.ids import parse_id
from models.store import Connection
from producer.documents.account_documents import domain_document
from producer.resources import pages
from producer.resources.pages import Page
from producer.rules import item_errors


def add_domain(owner: Owner, hostname: str, case_sensitive: bool = True) -> dict[str, Any]:
    try:
        with store.write() as db:
            row = domains.add(db, owner.workspace_id, hostname, case_sensitive)
    except DuplicateKey:
        raise item_errors.conflict("hostname", "HOSTNAME_TAKEN", f"{hostname} is already in use.") from None
    return domain_document(row)


def list_domains(owner: Owner, after: int, limit: int) -> Page:
    """List the default domain, which all workspaces share, and the workspace's own."""
    with store.read() as db:
        rows = domains.page(db, owner.workspace_id, after, limit + 1)
    return pages.cut(rows, limit, domain_document)


def show_domain(owner: Owner, domain_id: str) -> dict[str, Any]:
    with store.read() as db:
        return domain_document(_find(db, owner, domain_id))


def remove_domain(owner: Owner, domain_id: str) -> None:
    """Remove a domain on which there are no links and no jobs."""
    with store.write() as db:
        row = _find(db, owner, domain_id)
        if row.is_default:
            raise Forbidden("The default domain cannot be removed: all workspaces share it.")
        if not domains.remove(db, row.id):
            raise Conflict("There are links or jobs on this domain. Delete them first.")


def _find(db: Connection, owner: Owner, domain_id: str) -> Domain:
    row = domains.get(db, parse_id(domain_id), owner.workspace_id)
    if row is None:
        raise NotFound("There is no such domain.")
    return row
