"""Domains of a workspace: which can be added, and which can be removed."""

import pytest

from models import settings, store
from models.accounts import domains as domain_rows
from models.accounts.keys import Owner
from models.errors import Conflict, Forbidden, Invalid, NotFound, NotProven, Unavailable
from producer import outside
from producer.resources import domains
from tests.owners import new_owner

HOSTNAME = "go.acme.com"


def test_the_default_domain_comes_first_and_stays(owner: Owner) -> None:
    domains.add_domain(owner, "go.example")
    default, own = domains.list_domains(owner, 0, 10).items
    assert (default["is_default"], own["is_default"], own["hostname"]) == (True, False, "go.example")
    with pytest.raises(Forbidden, match="cannot be removed"):
        domains.remove_domain(owner, default["id"])


def test_a_hostname_belongs_to_one_workspace(owner: Owner) -> None:
    domain = domains.add_domain(owner, "go.example")
    other = new_owner("other")
    with pytest.raises(Conflict) as conflict:
        domains.add_domain(other, "go.example")
    assert (conflict.value.code, conflict.value.errors[0]["pointer"]) == ("HOSTNAME_TAKEN", "/hostname")
    with pytest.raises(NotFound):
        domains.remove_domain(other, domain["id"])


def test_a_removed_hostname_is_free_again(owner: Owner) -> None:
    domain = domains.add_domain(owner, "go.example")
    domains.remove_domain(owner, domain["id"])
    with pytest.raises(NotFound):
        domains.show_domain(owner, domain["id"])
    domains.add_domain(new_owner("other"), "go.example")


@pytest.fixture
def strict(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation on which a hostname serves only after proof."""
    monkeypatch.setenv("ALLOW_UNPROVEN_DOMAINS", "0")
    settings.get.cache_clear()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The values that are published as proofs."""
    values: set[str] = set()

    def find_proof(record: str, file_url: str, value: str) -> None:
        if value not in values:
            raise NotProven("nothing was found")

    monkeypatch.setattr(outside, "find_proof", find_proof)
    return values


def serving_workspace(hostname: str) -> bool:
    with store.read() as db:
        return not domain_rows.find_for_host(db, hostname).is_default


def test_a_domain_serves_only_once_it_is_proven(owner: Owner, strict: None, published: set[str]) -> None:
    domain = domains.add_domain(owner, HOSTNAME)
    assert (domain["verified"], serving_workspace(HOSTNAME)) == (False, False)
    with pytest.raises(NotProven):
        domains.verify_domain(owner, domain["id"])
    assert not serving_workspace(HOSTNAME)
    published.add(domain["proof"]["record"]["value"])
    for _ in range(2):
        verified = domains.verify_domain(owner, domain["id"])
        assert (verified["verified"], verified["proof"]) == (True, None)
    assert serving_workspace(HOSTNAME)


def test_the_proof_says_what_to_publish(owner: Owner, strict: None) -> None:
    proof = domains.add_domain(owner, HOSTNAME)["proof"]
    value = proof["record"]["value"]
    assert proof["record"] == {"type": "TXT", "name": f"_linkmill.{HOSTNAME}", "value": value}
    assert proof["file"] == {"url": f"http://{HOSTNAME}/.well-known/linkmill-proof.txt", "content": value}
    assert value.startswith("linkmill-proof=")


def test_who_adds_a_hostname_first_cannot_keep_it_from_its_owner(
    owner: Owner, strict: None, published: set[str]
) -> None:
    squatter = new_owner("squatter")
    squatted = domains.add_domain(squatter, HOSTNAME)
    domain = domains.add_domain(owner, HOSTNAME)
    assert domain["proof"] != squatted["proof"]
    published.add(domain["proof"]["record"]["value"])
    domains.verify_domain(owner, domain["id"])
    with pytest.raises(NotProven):
        domains.verify_domain(squatter, squatted["id"])
    published.add(squatted["proof"]["record"]["value"])
    with pytest.raises(Conflict) as conflict:
        domains.verify_domain(squatter, squatted["id"])
    assert conflict.value.code == "HOSTNAME_TAKEN"
    with pytest.raises(Conflict):
        domains.add_domain(new_owner("late"), HOSTNAME)


def test_a_workspace_adds_a_hostname_once(owner: Owner, strict: None) -> None:
    domains.add_domain(owner, HOSTNAME)
    with pytest.raises(Conflict):
        domains.add_domain(owner, HOSTNAME)


@pytest.mark.parametrize("hostname", ["go.test", "go.example.com", "db.internal", "printer.local"])
def test_a_special_use_name_is_for_development_only(owner: Owner, strict: None, hostname: str) -> None:
    with pytest.raises(Invalid) as refusal:
        domains.add_domain(owner, hostname)
    assert (refusal.value.code, refusal.value.errors[0]["pointer"]) == ("INVALID_HOSTNAME", "/hostname")


@pytest.mark.parametrize("allowed", ["0", "1"])
def test_the_installations_own_name_is_nobodys(owner: Owner, monkeypatch: pytest.MonkeyPatch, allowed: str) -> None:
    monkeypatch.setenv("ALLOW_UNPROVEN_DOMAINS", allowed)
    monkeypatch.setenv("BASE_URL", "https://links.acme.com:8443")
    settings.get.cache_clear()
    with pytest.raises(Conflict) as conflict:
        domains.add_domain(owner, "links.acme.com")
    assert conflict.value.code == "HOSTNAME_TAKEN"


def test_for_development_a_domain_may_serve_without_proof(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    domain = domains.add_domain(owner, "go.test")
    assert domain["verified"] is False
    with pytest.raises(NotProven):
        domains.verify_domain(owner, domain["id"])
    assert serving_workspace("go.test")
    monkeypatch.setenv("ALLOW_UNPROVEN_DOMAINS", "0")
    settings.get.cache_clear()
    assert not serving_workspace("go.test")


@pytest.mark.parametrize("is_own", [True, False])
def test_few_domains_are_checked_at_a_time(owner: Owner, strict: None, published: set[str], is_own: bool) -> None:
    domain = domains.add_domain(owner, HOSTNAME)
    checked = domains.CHECKS_EACH if is_own else domains.CONCURRENT_CHECKS
    holders = [owner.workspace_id if is_own else -number for number in range(checked)]
    for holder in holders:
        assert domains.checks.take(holder)
    with pytest.raises(Unavailable):
        domains.verify_domain(owner, domain["id"])
    for holder in holders:
        domains.checks.give_back(holder)
    with pytest.raises(NotProven):
        domains.verify_domain(owner, domain["id"])
