"""The hostnames that a workspace's short links may be on."""

from typing import Any

from models import process_caches, settings, store
from models.accounts import domains
from models.accounts.domains import Domain
from models.accounts.keys import Owner
from models.errors import Conflict, DuplicateKey, Forbidden, NotFound, NotProven, Unavailable
from models.ids import parse_id
from models.store import Connection
from producer import outside
from producer.documents.account_documents import domain_document, proof_document
from producer.resources import pages
from producer.resources.pages import Page
from producer.rules import hostnames, item_errors
from producer.signals.places import Places

CONCURRENT_CHECKS = 4  # each keeps a thread for some seconds
CHECKS_EACH = 2  # of one workspace, whose name servers may be as slow as it likes

checks = process_caches.container(Places(CONCURRENT_CHECKS, CHECKS_EACH))


def add_domain(owner: Owner, hostname: str, case_sensitive: bool = True) -> dict[str, Any]:
    if not settings.get().allow_unproven_domains and hostnames.is_special_use(hostname):
        raise item_errors.invalid("hostname", "INVALID_HOSTNAME", f"{hostname} is not a name of the public internet.")
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


def verify_domain(owner: Owner, domain_id: str) -> dict[str, Any]:
    """Verify a domain, if its proof is published; raise NotProven otherwise."""
    with store.read() as db:
        domain = _find(db, owner, domain_id)
    if domain.verified_at is None:
        _check_proof(owner, domain)
        _record_proof(domain)
    return show_domain(owner, domain_id)


def _check_proof(owner: Owner, domain: Domain) -> None:
    if hostnames.is_special_use(domain.hostname):
        raise NotProven(f"{domain.hostname} is not a name of the public internet.")
    if not checks.take(owner.workspace_id):
        raise Unavailable("Too many domains are being verified. Try again.")
    try:
        proof = proof_document(domain)
        outside.find_proof(proof["record"]["name"], proof["file"]["url"], proof["record"]["value"])
    finally:
        checks.give_back(owner.workspace_id)


def _record_proof(domain: Domain) -> None:
    try:
        with store.write() as db:
            domains.verify(db, domain.id)
    except DuplicateKey:
        message = f"{domain.hostname} is verified in another workspace."
        raise item_errors.conflict("hostname", "HOSTNAME_TAKEN", message) from None


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
