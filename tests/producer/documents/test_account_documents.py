"""Keys, domains, groups and tags as clients see them."""

from datetime import UTC, datetime
from typing import Any

from models.accounts.domains import Domain
from models.accounts.keys import ApiKey
from models.links.labels import Label
from producer.documents import schemas
from producer.documents.account_documents import domain_document, key_document, label_document

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def row(kind: Any, **values: Any) -> Any:
    """A row with these values, and None for all others."""
    return kind(**dict.fromkeys(kind._fields) | values)


def test_a_key_is_shown_without_its_secrets() -> None:
    document = key_document(row(ApiKey, id=5, name="ci", scopes="read,write", created_at=NOW))
    assert set(document) == set(schemas.KeySchema().fields)
    assert (document["id"], document["scopes"], document["revoked_at"]) == ("5", ["read", "write"], None)


def test_a_domain_and_a_label_have_the_fields_of_their_schemas() -> None:
    domain = row(Domain, id=5, hostname="go.example", verified_at=NOW, created_at=NOW)
    assert set(domain_document(domain)) == set(schemas.DomainSchema().fields)
    assert (domain_document(domain)["verified"], domain_document(domain)["proof"]) == (True, None)
    assert label_document(row(Label, id=3, name="summer")) == {"id": 3, "name": "summer"}
