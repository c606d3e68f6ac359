"""The options of a job: what workers and the intake receive, and which domain they choose."""

from typing import Any

import pytest

from models import store
from models.accounts import domains
from models.accounts.domains import Domain
from models.accounts.keys import Owner
from models.errors import Invalid
from models.links import labels, passwords
from producer.job_options import Options, choose_domain
from tests.owners import new_owner

on_sqlite = pytest.mark.parametrize("owner", ["sqlite"], indirect=True)


def add_domain(owner: Owner, hostname: str) -> Domain:
    with store.write() as db:
        return domains.add(db, owner.workspace_id, hostname)


def refusal(owner: Owner, **options: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as error:
        choose_domain(owner, Options(**options))
    return error.value.errors[0]["pointer"], error.value.errors[0]["code"]


def test_options_of_the_job_itself_are_not_repeated_for_its_workers() -> None:
    stored = Options(domain="a.b", metadata={"a": 1}, dry_run=True, delimiter="tab", encoding="utf-8").for_workers()
    assert not {"domain", "metadata", "dry_run", "delimiter", "encoding"} & stored.keys()


def test_workers_receive_the_defaults_of_options_that_are_absent() -> None:
    stored = Options().for_workers()
    assert (stored["slug_length"], stored["duplicates"], stored["fetch_titles"]) == (7, "create", False)


def test_a_default_password_is_stored_as_a_hash() -> None:
    stored = Options(defaults={"password": "secret", "title": "t"}).for_workers()["defaults"]
    assert stored["title"] == "t"
    assert stored["password"] != "secret"
    assert passwords.verify("secret", stored["password"])


@pytest.mark.parametrize(("name", "sign"), [("semicolon", ";"), ("tab", "\t"), ("|", "|"), (None, None)])
def test_a_delimiter_has_a_name_or_is_its_sign(name: str | None, sign: str | None) -> None:
    assert Options(delimiter=name).format_hints().delimiter == sign


def test_a_file_needs_no_column_of_urls_when_there_is_a_default_url() -> None:
    assert not Options(defaults={"url": "https://a.b/"}).format_hints().url
    assert Options(defaults={"url": ""}).format_hints().url
    assert Options().format_hints().url


@on_sqlite
def test_without_a_domain_the_default_one_is_chosen(owner: Owner) -> None:
    add_domain(owner, "go.example.com")
    assert choose_domain(owner, Options()).is_default


@on_sqlite
def test_a_domain_is_chosen_by_hostname_or_id(owner: Owner) -> None:
    domain = add_domain(owner, "go.example.com")
    assert choose_domain(owner, Options(domain="GO.example.com")) == domain
    assert choose_domain(owner, Options(domain=str(domain.id))) == domain


@on_sqlite
def test_a_domain_of_another_workspace_is_as_unknown_as_one_that_does_not_exist(owner: Owner) -> None:
    add_domain(new_owner("other"), "go.example.com")
    assert refusal(owner, domain="go.example.com") == ("/domain", "UNKNOWN_DOMAIN")
    assert refusal(owner, domain="nowhere.example.com") == ("/domain", "UNKNOWN_DOMAIN")


@on_sqlite
def test_a_default_url_must_not_lead_to_the_domain_of_the_job(owner: Owner) -> None:
    add_domain(owner, "go.example.com")
    ours = {"url": "https://go.example.com/x"}
    assert choose_domain(owner, Options(defaults=ours)).is_default
    assert refusal(owner, domain="go.example.com", defaults=ours) == ("/defaults/url", "BLOCKED_URL")


@on_sqlite
def test_a_default_url_must_not_lead_to_our_default_domain_whatever_the_domain_of_the_job(owner: Owner) -> None:
    add_domain(owner, "go.example.com")
    ours = {"url": "http://localhost:8000/x"}
    assert refusal(owner, defaults=ours) == ("/defaults/url", "BLOCKED_URL")
    assert refusal(owner, domain="go.example.com", defaults=ours) == ("/defaults/url", "BLOCKED_URL")


@on_sqlite
def test_a_default_group_must_exist_in_this_workspace(owner: Owner) -> None:
    with store.write() as db:
        labels.create(db, labels.GROUPS, owner.workspace_id, "news", None)
    assert choose_domain(owner, Options(defaults={"group": "news"})).is_default
    assert refusal(new_owner("other"), defaults={"group": "news"}) == ("/defaults/group", "UNKNOWN_GROUP")
