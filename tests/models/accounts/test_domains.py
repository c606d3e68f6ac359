"""Domains: the default one follows BASE_URL, and each other one belongs to a workspace."""

import pytest
from sqlalchemy import insert

from models import settings, store
from models.accounts import domains
from models.accounts.domains import Domain
from models.accounts.keys import Owner
from models.errors import DuplicateKey, SettingsError
from models.tables import slug_counters
from tests.models.links.new_links import add_link
from tests.owners import new_owner


def add(owner: Owner, hostname: str) -> Domain:
    with store.write() as db:
        return domains.add(db, owner.workspace_id, hostname)


def find(owner: Owner, name: str | None) -> str | None:
    with store.read() as db:
        domain = domains.find(db, owner.workspace_id, name)
    return domain.hostname if domain else None


def test_the_default_domain_takes_the_hostname_of_today(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.read() as db:
        before = domains.find(db, owner.workspace_id, None)
    assert before
    monkeypatch.setenv("BASE_URL", "https://go.example")
    settings.get.cache_clear()
    with store.write() as db:
        assert domains.ensure_default(db) == before.id
    assert find(owner, None) == "go.example"


def restart_with(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings.get.cache_clear()


def test_without_base_url_a_public_name_stays_and_nothing_starts(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    restart_with(monkeypatch, BASE_URL="https://go.example")
    with store.write() as db:
        domains.ensure_default(db)
        domains.check_base_url(db)
    restart_with(monkeypatch, BASE_URL="")
    with store.write() as db:
        domains.ensure_default(db)
        with pytest.raises(SettingsError, match=r"BASE_URL='http://localhost:8000': the short URLs .* 'go\.example'"):
            domains.check_base_url(db)
    assert find(owner, None) == "go.example"


def test_without_base_url_the_name_of_this_machine_follows_the_port(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    restart_with(monkeypatch, PORT="8123")
    with store.write() as db:
        domains.ensure_default(db)
        domains.check_base_url(db)
    assert find(owner, None) == "localhost:8123"


def test_one_host_of_several_renames_nothing(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    restart_with(monkeypatch, BASE_URL="https://go.example")
    with store.write() as db:
        domains.ensure_default(db, renames=False)
        with pytest.raises(SettingsError, match=r"BASE_URL='https://go\.example'"):
            domains.check_base_url(db)


def test_a_domain_is_named_by_id_or_hostname_in_any_case(owner: Owner) -> None:
    domain = add(owner, "links.example")
    for name in ("links.example", "LINKS.Example", str(domain.id)):
        assert find(owner, name) == "links.example"
    for name in ("other.example", "1", "9" * 18, "9" * 30, "\0", "links.example\0"):
        assert find(owner, name) is None
    for unnamed in (None, ""):
        assert find(owner, unnamed) == settings.get().authority


def test_a_domain_is_its_workspaces_only_and_the_default_one_everybodys(owner: Owner) -> None:
    other = new_owner("other")
    domain = add(owner, "links.example")
    assert find(other, "links.example") is None
    assert find(other, settings.get().authority) == find(owner, settings.get().authority) == settings.get().authority
    with store.read() as db:
        assert domains.get(db, domain.id, owner.workspace_id) == domain
        assert domains.get(db, domain.id, other.workspace_id) is None
        assert [found.is_default for found in domains.page(db, owner.workspace_id, 0, 10)] == [True, False]
        assert [found.is_default for found in domains.page(db, other.workspace_id, 0, 10)] == [True]
        assert domains.page(db, owner.workspace_id, domain.id, 10) == []


def test_a_hostname_in_use_or_that_of_the_default_domain_is_taken(owner: Owner) -> None:
    add(owner, "links.example")
    for workspace in ("other", "default"):
        with pytest.raises(DuplicateKey):
            add(new_owner(workspace), "links.example")
    with pytest.raises(DuplicateKey):
        add(owner, settings.get().authority.partition(":")[0])


def test_a_visitors_host_is_served_by_its_domain_or_the_default_one(owner: Owner) -> None:
    add(owner, "links.example")
    with store.read() as db:
        served = {host: domains.find_for_host(db, host).hostname for host in ("LINKS.example", "x.example", "")}
    assert served == {
        "LINKS.example": "links.example",
        "x.example": settings.get().authority,
        "": settings.get().authority,
    }


def test_a_domain_with_links_stays(owner: Owner) -> None:
    domain = add(owner, "links.example")
    add_link(owner, "a", domain_id=domain.id)
    with store.write() as db:
        assert not domains.remove(db, domain.id)
    assert find(owner, "links.example")


def test_an_unused_domain_goes_with_its_slug_counters(owner: Owner) -> None:
    domain = add(owner, "links.example")
    with store.write() as db:
        db.execute(insert(slug_counters).values(domain_id=domain.id, length=7, next_value=5))
        assert domains.remove(db, domain.id)
        assert not domains.remove(db, domain.id)
        assert not db.execute(slug_counters.select().where(slug_counters.c.domain_id == domain.id)).all()
    assert add(new_owner("other"), "links.example")


def test_the_default_domain_stays(owner: Owner) -> None:
    with store.write() as db:
        default = domains.find(db, owner.workspace_id, None)
        assert default
        assert not domains.remove(db, default.id)


def test_short_urls_share_the_scheme_of_the_base_url(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_URL", "https://go.example")
    settings.get.cache_clear()
    assert domains.short_url(domains.base_url("go.example", is_default=True), "a") == "https://go.example/a"
    assert domains.short_url(domains.base_url("links.example", is_default=False), "a") == "https://links.example/a"


@pytest.mark.parametrize(
    ("slug", "path"), [("a/b.c~d", "a/b.c~d"), ("über/日", "%C3%BCber/%E6%97%A5"), ("A-_9", "A-_9")]
)
def test_a_short_url_is_percent_encoded(slug: str, path: str) -> None:
    assert domains.short_url("https://go.example", slug) == f"https://go.example/{path}"


def test_whether_case_matters_is_stored_with_the_domain(owner: Owner) -> None:
    with store.write() as db:
        added = [domains.add(db, owner.workspace_id, f"{value}.example", value) for value in (True, False)]
        assert [domains.get(db, domain.id, owner.workspace_id) for domain in added] == added
        assert [domain.case_sensitive for domain in added] == [True, False]
        default = domains.find(db, owner.workspace_id, None)
        assert default
        assert default.case_sensitive
