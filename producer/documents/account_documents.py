"""What a workspace has besides jobs and links, as clients see it: keys, domains, groups and tags."""

from typing import Any

from models.accounts.domains import Domain
from models.accounts.keys import ApiKey
from models.links.labels import Label
from producer.documents.times import iso_time


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
        "created_at": iso_time(domain.created_at),
    }


def label_document(label: Label) -> dict[str, Any]:
    """A group or a tag."""
    return {"id": label.id, "name": label.name}
