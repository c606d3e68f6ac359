"""Domains of a workspace: which can be added, and which can be removed."""

import pytest

from models.accounts.keys import Owner
from models.errors import Conflict, Forbidden, NotFound
from producer.resources import domains
from tests.owners import new_owner


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
