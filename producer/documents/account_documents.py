"""What a workspace has besides jobs and links, as clients see it: keys, domains, groups and tags."""

from typing import Any

from models.accounts import domains
from models.accounts.domains import Domain
from models.accounts.keys import ApiKey
from models.links.labels import Label
from producer.documents.times import iso_time

RECORD_LABEL = "_linkmill"
FILE_PATH = "/.well-known/linkmill-proof.txt"


def key_document(key: ApiKey) -> dict[str, Any]:
    return {
        "id": str(key.id),
        "name": key.name,
        "scopes": key.scopes.split(","),
        "created_at": iso_time(key.created_at),
        "last_used_at": iso_time(key.last_used_at),
        "revoked_at": iso_time(key.revoked_at),
    }


def domain_document(domain: Domain) -> dict[str, Any]:
    return {
        "id": str(domain.id),
        "hostname": domain.hostname,
        "is_default": domain.is_default,
        "case_sensitive": domain.case_sensitive,
        "verified": domain.verified_at is not None,
        "proof": None if domain.verified_at else proof_document(domain),
        "created_at": iso_time(domain.created_at),
    }


def proof_document(domain: Domain) -> dict[str, Any]:
    """What proves that a hostname is the workspace's: one of a DNS record and a file."""
    value = f"linkmill-proof={domains.proof(domain.id)}"
    return {
        "record": {"type": "TXT", "name": f"{RECORD_LABEL}.{domain.hostname}", "value": value},
        "file": {"url": f"{domains.base_url(domain.hostname, is_default=False)}{FILE_PATH}", "content": value},
    }


def label_document(label: Label) -> dict[str, Any]:
    """A group or a tag."""
    return {"id": label.id, "name": label.name}
