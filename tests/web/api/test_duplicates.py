"""duplicates=reuse: a URL that the workspace has already gets the link that it has."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from models.accounts.keys import Owner
from models.links import url_index
from models.links.url_index import Duplicates
from producer.accept import Upload, accept
from producer.intake.layouts import CSV
from producer.job_options import Options
from tests.owners import new_owner
from tests.system import System
from tests.test_reference import outcomes
from tests.web.commands import client, new_key

WAIT = {"Prefer": "wait=30"}
REUSE = {"duplicates": "reuse"}


@pytest.fixture(scope="module")
def shop(system: System) -> Iterator[httpx.Client]:
    """A workspace in which each test has a site of its own."""
    with client(system, new_key(system, "--workspace", "reusing", "--plan", "enterprise")) as found:
        yield found


@pytest.fixture
def site(request: pytest.FixtureRequest) -> str:
    return f"https://{abs(hash(request.node.name)):x}.example"


def made(who: httpx.Client, rows: list[Any], **options: Any) -> list[tuple[str, str]]:
    """The status and slug of each item of a job."""
    items = [row if isinstance(row, dict) else {"url": row} for row in rows]
    answer = who.post("/api/jobs", json={"links": items, **options}, headers=WAIT).raise_for_status()
    found = who.get(answer.json()["links"]["items"]).raise_for_status().json()["items"]
    return [(item["status"], item["slug"]) for item in found]


def one(who: httpx.Client, url: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = who.post("/api/links", json={"url": url, **more}).raise_for_status().json()
    return found


def again(who: httpx.Client, url: str) -> tuple[str, str]:
    return made(who, [url], **REUSE)[0]


def test_a_url_that_is_there_gets_its_link_however_it_is_spelled(shop: httpx.Client, site: str) -> None:
    link = one(shop, f"{site}/a?x=1")
    assert again(shop, site.upper() + ":443/b/../a?x=1") == ("existing", link["slug"])
    assert made(shop, [{"url": f"{site}/a"}], **REUSE)[0][0] == "created"
    utm = {"url": f"{site}/a?x=1", "utm_source": "news"}
    first, second = made(shop, [utm], **REUSE)[0], made(shop, [utm], **REUSE)[0]
    assert (first[0], second) == ("created", ("existing", first[1]))


def test_without_being_asked_for_nothing_is_reused(shop: httpx.Client, site: str) -> None:
    link = one(shop, f"{site}/")
    assert again(shop, f"{site}/") == ("existing", link["slug"])
    (status, slug), _ = made(shop, [f"{site}/", f"{site}/"])
    assert status == "created"
    assert slug != link["slug"]


def test_within_a_file_the_first_row_makes_the_link_and_the_others_get_it(shop: httpx.Client, site: str) -> None:
    rows = [f"{site}/1", f"{site}/2", "nope", f"{site}/1", f"{site}/2"]
    found = made(shop, rows, **REUSE)
    assert [status for status, _ in found] == ["created", "created", "failed", "existing", "existing"]
    assert [found[3][1], found[4][1]] == [found[0][1], found[1][1]]
    assert len(shop.get("/api/links", params={"search": site}).json()["items"]) == 2


@pytest.mark.parametrize(
    "own", [{"slug": "dup-own"}, {"password": "secret"}, {"ttl": 60}, {"expires_at": "2040-01-01"}, {"max_clicks": 1}]
)
def test_rows_with_something_of_their_own_get_a_link_of_their_own(
    shop: httpx.Client, site: str, own: dict[str, Any]
) -> None:
    if "slug" in own:
        own = {"slug": f"dup-own-{shop.headers['Authorization'][-8:]}"}
    one(shop, f"{site}/")
    assert made(shop, [{"url": f"{site}/"} | own], **REUSE)[0][0] == "created"
    assert made(shop, [f"{site}/"], defaults=own, **REUSE)[0][0] == ("failed" if "slug" in own else "created")


def test_links_that_not_everybody_may_follow_are_not_reused(shop: httpx.Client, site: str) -> None:
    for own in ({"password": "secret"}, {"max_clicks": 5}, {"expires_at": "2020-01-01"}):
        one(shop, f"{site}/", **own)
    status, slug = again(shop, f"{site}/")
    assert status == "created"
    assert again(shop, f"{site}/") == ("existing", slug)


def test_what_becomes_of_a_link_is_seen_at_once(shop: httpx.Client, site: str) -> None:
    _, slug = again(shop, f"{site}/old")
    (link,) = shop.get("/api/links", params={"search": site}).json()["items"]
    assert link["slug"] == slug
    shop.patch(f"/api/links/{link['id']}", json={"url": f"{site}/new"}).raise_for_status()
    assert again(shop, f"{site}/old")[0] == "created"
    assert again(shop, f"{site}/new") == ("existing", slug)
    for change in ({"disabled": True}, {"password": "secret"}, {"max_clicks": 3}, {"expires_at": "2020-01-01"}):
        undo = dict.fromkeys(change, None) | ({"disabled": False} if "disabled" in change else {})
        shop.patch(f"/api/links/{link['id']}", json=change).raise_for_status()
        rows = [{"url": f"{site}/new"}]
        dry = shop.post("/api/jobs", json={"links": rows, "dry_run": True, **REUSE}, headers=WAIT).json()
        assert dry["counts"]["created"] == 1, change
        shop.patch(f"/api/links/{link['id']}", json=undo).raise_for_status()
        assert again(shop, f"{site}/new") == ("existing", slug)
    shop.patch(f"/api/links/{link['id']}", json={"disabled": True}).raise_for_status()
    status, other = again(shop, f"{site}/new")
    assert (status, again(shop, f"{site}/new")) == ("created", ("existing", other))


def test_a_deleted_or_undone_link_is_not_reused_but_its_twin_is(shop: httpx.Client, site: str) -> None:
    twins = [one(shop, f"{site}/") for _ in range(2)]
    _, slug = again(shop, f"{site}/")
    gone, left = sorted(twins, key=lambda link: bool(link["slug"] != slug))
    assert shop.delete(f"/api/links/{gone['id']}").status_code == 204
    assert again(shop, f"{site}/") == ("existing", left["slug"])
    assert shop.delete(f"/api/links/{left['id']}").status_code == 204
    assert again(shop, f"{site}/")[0] == "created"


def test_an_undone_job_leaves_no_link_to_reuse(shop: httpx.Client, site: str) -> None:
    job = shop.post("/api/jobs", json={"links": [{"url": site}], **REUSE}, headers=WAIT).json()
    undone = shop.post(f"{job['links']['self']}/undo").raise_for_status().json()
    shop.get(f"{undone['links']['self']}?wait=20").raise_for_status()
    assert shop.get(f"{undone['links']['self']}?wait=20").json()["counts"]["deleted"] == 1
    assert again(shop, site)[0] == "created"


def test_nobody_gets_a_link_of_another_workspace_or_domain(system: System, shop: httpx.Client, site: str) -> None:
    system.post({"url": f"{site}/shared"}, "/api/links").raise_for_status()
    assert again(shop, f"{site}/shared")[0] == "created"
    hostname = f"d{shop.headers['Authorization'][-8:].lower().replace('_', 'x').replace('-', 'x')}.example"
    domain = shop.post("/api/domains", json={"hostname": hostname}).raise_for_status().json()["id"]
    found = [made(shop, [f"{site}/shared"], domain=domain, **REUSE)[0] for _ in range(2)]
    assert [status for status, _ in found] == ["created", "existing"]


def test_across_shards_and_jobs_at_once_each_url_has_one_link(system: System, shop: httpx.Client, site: str) -> None:
    """Every shard of both files has every URL."""
    rows = system.rows_of(shards=3, most=60_000)
    body = "url\n" + "".join(f"{site}/{row % 5_000}\n" for row in range(rows))
    query: dict[str, Any] = {"params": REUSE, "headers": {"Content-Type": "text/csv"}, "content": body}
    jobs = [shop.post("/api/jobs", **query).json() for _ in range(2)]
    ended = [ended_job(shop, job) for job in jobs]
    counts: Counter[str] = sum((Counter(job["counts"]) for job in ended), Counter())
    assert (counts["created"], counts["existing"], counts["failed"]) == (5_000, 2 * rows - 5_000, 0)
    mine = ", ".join(job["id"] for job in ended)
    assert system.sql(f"SELECT count(*), count(DISTINCT url) FROM links WHERE job_id IN ({mine})") == [(5_000, 5_000)]


def ended_job(who: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    while job["status"] in ("queued", "running"):
        job = who.get(job["links"]["self"], params={"wait": 30}).raise_for_status().json()
    return job


def test_a_dry_run_counts_what_would_be_shared_however_far_apart(system: System, shop: httpx.Client, site: str) -> None:
    rows = system.rows_of(shards=3, most=60_000)
    distinct = rows // 2 - 1
    body = "url,slug\n" + "".join(f"{site}/{row % distinct},\n" for row in range(rows))
    query: dict[str, Any] = {"params": REUSE | {"dry_run": "true"}, "headers": {"Content-Type": "text/csv"}}
    job = ended_job(shop, shop.post("/api/jobs", content=body, **query).json())
    assert (job["counts"]["created"], job["counts"]["existing"]) == (distinct, rows - distinct)


def test_links_from_before_the_first_reuse_are_known(system: System) -> None:
    rows = system.rows_of(shards=2, most=50_000)
    body = "url\n" + "".join(f"https://example.com/{row}\n" for row in range(rows))
    query: dict[str, Any] = {"headers": {"Content-Type": "text/csv"}, "content": body}
    with client(system, new_key(system, "--workspace", "new-to-reuse", "--plan", "enterprise")) as fresh:
        before = system.sql("SELECT count(*) FROM urls")
        first = ended_job(fresh, fresh.post("/api/jobs", **query).json())
        assert (first["counts"]["created"], system.sql("SELECT count(*) FROM urls")) == (rows, before)
        second = ended_job(fresh, fresh.post("/api/jobs", params=REUSE, **query).json())
        assert (second["counts"]["created"], second["counts"]["existing"]) == (0, rows)


def test_an_unknown_way_with_duplicates_is_refused(system: System) -> None:
    answer = system.post_csv("url\nhttps://a.b\n", params={"duplicates": "maybe"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/duplicates")


def test_urls_that_only_have_the_same_hash_share_nothing(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url_index, "hashes", lambda texts: [7 for _ in texts])
    body = b"url\nhttps://example.com/1\nhttps://example.com/2\nhttps://example.com/1\n"
    other = new_owner("collisions")
    options = Options(duplicates=Duplicates.REUSE)
    runs = [outcomes(accept(Upload(CSV, CSV, [body]), other, lambda: options)) for _ in range(2)]
    assert [status for status, _ in runs[0]] == ["created", "created", "existing"]
    assert [status for status, _ in runs[1]][::2] == ["existing", "existing"]
