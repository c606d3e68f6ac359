"""The fast path means the same as the plain loop of tests/reference.py, on both stores, whatever comes in."""

import csv
import io
import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, currently_in_test_context, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import or_, select, update

from models import settings as house_settings
from models import store
from models.accounts import domains
from models.accounts.keys import Owner
from models.errors import AmbiguousDates
from models.jobs import items as item_rows
from models.jobs import jobs, leases
from models.links import labels, reserved_words
from models.states import JobStatus, ShardKind
from models.tables import domains as domain_rows
from models.tables import links
from producer.accept import Upload, accept
from producer.fields.wide_slugs import SlugKind
from producer.intake.layouts import CSV, NDJSON
from producer.job_options import Options
from tests import reference
from tests.examples import examples
from tests.owners import new_owner
from workers.shards import attempts

NO_OPTIONS = Options()
URLS = st.sampled_from(
    [
        "https://example.com/",
        "HTTP://EXAMPLE.com:80/a/../b?x=1#f",
        "https://example.com/?utm_source=old&x=1",
        "https://bücher.example/ü",
        "https://example.com/" + "a" * 2028,
        "https://example.com/" + "a" * 2029,
        "ftp://example.com/",
        "javascript:alert(1)",
        "//example.com/a",
        "example.com/x?y#z",
        " www.example.com:8080",
        "ex.ample.:80/",
        "3.50",
        "a@b.example",
        "exa mple.com",
        "localhost:8000/abc",
        "https://user:pw@example.com/",
        "https://example.com/a\tb",
        " https://example.com/spaced ",
        "http://localhost:8000/abc",
        "http://LOCALHOST:8000/abc",
        "http://localhost/abc",
        "https://exa mple.com/",
        "http://①.example/",
        "nope",
        "",
    ]
)
ODD_TEXT = st.text(max_size=12) | st.sampled_from(
    ["", " ", "a" * 50, "b" * 51, "c" * 255, "d" * 256, "e" * 501, "\\N", "x\0y"]
)
SLUGS = st.sampled_from(
    ["sale", "Sale", "s-1", "s_2", "api", "a" * 64, "a" * 65, "ä", "a b", " sale ", "", "x/y", "s\n"]
)
SHORT_URLS = st.sampled_from(
    [
        "https://dub.sh/sale", "dub.sh/Sale", "http://dub.sh/s-1/", "/s_2/", "sale", "https://dub.sh", "https://dub.sh/",
        "https://dub.sh/?x=1", "https://dub.sh/sale?x=1#y", "HTTPS://DUB.SH/api", "dub.sh/a/b",
        "https://dub.sh/%C3%BCber",
        "https://dub.sh/a%0Ab", "https://dub.sh/a b", "https://dub.sh/%ff", " https://dub.sh/s-1 ", "", "/", "?",
        "dub.sh//x", "sale?x", "https://own.example/sale", "own.example/s-1?a=1", "HTTP://OWN.example/s%2D1",
        "http://localhost:8000/sale", "own.example", "own.example?/x",
    ]
)  # fmt: skip
WIDE_SLUGS = st.sampled_from(
    [
        "a/b", "A/b", "a/b/", "/a", "a//b", "a/./b", "a/../b", "..", "a.b", "a.B", "über", "u\u0308ber", "ÜBER",
        "straße", "STRASSE", "हिन्दी/पेज", "\u0301a", "x" * 190, "x" * 191, "ﬃ" * 64, "api/x", "api.x", ".api",
        "robots.txt", "ads.txt", "a.php", "a/b.php", "emoji❤", "a+", "a%20b", "a\tb", "a b", "~/x", "a\ufe0f", "1/٣",
        "½", "sale", "Sale", "K",
    ]
)  # fmt: skip
MOMENTS = st.sampled_from(
    [
        "2027-01-01T00:00:00Z",
        "2027-02-30T00:00:00Z",
        "2020-01-01",
        "2027-01-01T00:00:00+02:00",
        "0001-01-01T00:00:00+01:00",
        "2027-W01-1",
        "20270101T000000Z",
        "2027-01-01x00:00:00",
        "2027-01-01 00:00:00.5Z",
        "0000-01-01T00:00:00Z",
        "soon",
        "",
    ]
)
DATES = st.sampled_from(
    [
        "31.12.2040",
        "1.2.2040",
        "12.31.2040",
        "12/31/2040",
        "31/12/2040",
        "1/2/2040",
        " 02/03/2040 ",
        "13-1-2040",
        "2040-12-31",
        "2040-12-31T10:00:00Z",
        "soon",
        "",
    ]
)
OWN_DOMAIN = "own.example"
NUMBERS = st.sampled_from([0, 1, -1, 2**31 - 1, 2**31, 10**20])
WRONG = st.sampled_from([True, 1.5, [], {}, ["x"], {"a": 1}, 7])

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "url": URLS,
    "slug": SLUGS,
    "short_url": SHORT_URLS,
    "title": ODD_TEXT,
    "password": st.sampled_from(["", "secret", "x" * 129]),
    "expires_at": MOMENTS,
    "ttl": NUMBERS,
    "max_clicks": NUMBERS,
    "tags": st.lists(ODD_TEXT, max_size=3),
    "group": st.sampled_from(["summer", "1", 1, "winter", "", 99]),
    "utm_source": ODD_TEXT,
    "utm_content": ODD_TEXT,
    "domain": st.sampled_from([OWN_DOMAIN, "Own.example. ", "localhost:8000", "other.example", "", " ", "x\0y"]),
    "created_at": MOMENTS,
    "clicks": NUMBERS,
    "disabled": st.booleans(),
    "comment": ODD_TEXT,
    "custom_id": ODD_TEXT,
    "external_id": st.sampled_from(["e1", "e2", " e1 ", "x" * 256, ""]),
}
MOSTLY_GOOD = st.fixed_dictionaries(
    {"url": URLS}, optional={name: values for name, values in FIELDS.items() if name != "url"}
)
ODD = st.dictionaries(st.sampled_from([*FIELDS, "colour"]), st.one_of(*FIELDS.values(), WRONG, st.none()), max_size=5)
NOT_TEXTS = ("ttl", "max_clicks", "clicks", "disabled", "group")
TEXTS = st.fixed_dictionaries(
    {name: values.map(str) if name in NOT_TEXTS else values for name, values in FIELDS.items() if name != "tags"}
)
LIMITS = settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@LIMITS
@given(rows=st.lists(MOSTLY_GOOD | ODD, min_size=1, max_size=12))
def test_ndjson_means_what_the_loop_means(owner: Owner, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    compare(NDJSON, text.encode(), rows)


@pytest.mark.slow
@LIMITS
@given(rows=st.lists(MOSTLY_GOOD | ODD, min_size=1, max_size=12))
def test_reuse_and_defaults_mean_what_the_loop_means(owner: Owner, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    compare(NDJSON, text.encode(), rows, Options(duplicates="reuse"))
    compare(NDJSON, text.encode(), rows, Options(scheme="https", groups="create"))
    defaults = {"title": "no {index}", "utm_content": "d", "expires_at": "2040-01-01", "group": "summer"}
    compare(NDJSON, text.encode(), rows, Options(defaults=defaults))


NUMBERS_OF_DOMAINS = itertools.count()


@pytest.mark.parametrize("case_sensitive", [True, False])
@LIMITS
@given(slugs=st.lists(WIDE_SLUGS | ODD_TEXT, min_size=1, max_size=12))
def test_wide_slugs_mean_what_the_loop_means(owner: Owner, case_sensitive: bool, slugs: list[str]) -> None:
    rows = [{"url": "https://example.com/", "slug": slug} for slug in slugs]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    hostname = f"w{next(NUMBERS_OF_DOMAINS)}.example"
    compare(NDJSON, text.encode(), rows, Options(domain=hostname, slugs=SlugKind.WIDE), case_sensitive)


@LIMITS
@given(rows=st.lists(TEXTS, min_size=1, max_size=12))
def test_csv_means_what_the_loop_means(owner: Owner, rows: list[dict[str, str]]) -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(TEXTS_FIELDS), lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    compare(CSV, out.getvalue().encode(), [as_item(row) for row in rows])


@LIMITS
@given(
    cells=st.lists(DATES, min_size=1, max_size=8),
    order=st.sampled_from([None, "day-first", "month-first"]),
)
def test_dates_mean_what_the_column_shows(owner: Owner, cells: list[str], order: str | None) -> None:
    body = "url,expires_at\n" + "".join(f"https://example.com/,{cell}\n" for cell in cells)
    read = reference.column_of_iso_dates(cells, order)
    options = Options(date_order=order)
    if read is None:
        with pytest.raises(AmbiguousDates):
            accept(Upload(CSV, CSV, [body.encode()]), owner, lambda: options)
    else:
        compare(CSV, body.encode(), [{"url": "https://example.com/", "expires_at": cell} for cell in read], options)


TEXTS_FIELDS = [name for name in FIELDS if name != "tags"]


def as_item(row: dict[str, str]) -> dict[str, Any]:
    """A row of text as a loop over single links would send it, with numbers as JSON has them."""
    numbers = {name: int(row[name]) for name in ("ttl", "max_clicks", "clicks")}
    return row | numbers | {"disabled": row["disabled"] == "True"}


def compare(
    kind: str, body: bytes, rows: list[dict[str, Any]], options: Options = NO_OPTIONS, case_sensitive: bool = True
) -> None:
    if currently_in_test_context():
        note(f"{rows}, {options}")  # Schemathesis takes the arguments out of reports
    owner = new_owner(f"w{id(rows)}-{len(body)}")
    with store.write() as db:
        if owner.workspace_id not in WITH_GROUP:
            labels.create(db, labels.GROUPS, owner.workspace_id, "summer", None)
        WITH_GROUP.add(owner.workspace_id)
        if options.domain:
            domains.add(db, owner.workspace_id, options.domain, case_sensitive)
        move_own_domain(db, owner)
        reserved = reserved_words.load(db)
    names_before = group_names(owner)
    world = reference.World(house_settings.get().authority, reserved, names_before | group_numbers(owner))
    with store.read() as db:
        domain = domains.find(db, owner.workspace_id, options.domain)
        assert domain
        world.links, world.external_ids = existing_links(db, owner)
        world.urls = shared_urls(db, owner)
    world.domain = domain.hostname
    world.domains = frozenset((house_settings.get().authority, domain.hostname, OWN_DOMAIN))
    world.reuse = options.duplicates == "reuse"
    world.defaults = options.defaults
    world.wide_slugs = options.slugs == SlugKind.WIDE
    world.folding_domains = frozenset() if case_sensitive else frozenset((domain.hostname,))
    world.scheme = options.scheme
    world.creates_groups = options.groups == "create"
    expected = reference.create_all(rows, world)
    job_id = accept(Upload(kind, kind, [body]), owner, lambda: options)
    assert outcomes(job_id) == expected
    assert group_names(owner) - names_before == world.new_groups - names_before


def group_names(owner: Owner) -> set[str]:
    with store.read() as db:
        return {label.name for label in labels.page(db, labels.GROUPS, owner.workspace_id, 0, 1000)}


def group_numbers(owner: Owner) -> set[str]:
    with store.read() as db:
        return {str(label.id) for label in labels.page(db, labels.GROUPS, owner.workspace_id, 0, 1000)}


WITH_GROUP: set[int] = set()
"""Workspaces that have the group already."""


def move_own_domain(db: store.Connection, owner: Owner) -> None:
    """Give the domain that rows name to the workspace of this example."""
    moved = update(domain_rows).where(domain_rows.c.hostname == OWN_DOMAIN).values(workspace_id=owner.workspace_id)
    if not db.execute(moved).rowcount:
        domains.add(db, owner.workspace_id, OWN_DOMAIN)


def existing_links(db: store.Connection, owner: Owner) -> tuple[dict[tuple[str, str], str], dict[str, str | None]]:
    """Links of earlier examples: the domain is shared by all workspaces, external ids are not."""
    query = select(links.c.slug, links.c.url, links.c.external_id, links.c.workspace_id, domain_rows.c.hostname)
    rows = db.execute(query.join(domain_rows, domain_rows.c.id == links.c.domain_id)).all()
    external_ids = {}
    for row in rows:
        if row.workspace_id == owner.workspace_id and row.external_id:
            external_ids[row.external_id] = row.slug
    return {(row.hostname, row.slug): row.url for row in rows}, external_ids


def shared_urls(db: store.Connection, owner: Owner) -> set[tuple[str, str]]:
    """Domains and URLs of earlier examples whose link other rows may share."""
    plain = (links.c.password_hash.is_(None), links.c.max_clicks.is_(None), links.c.disabled_at.is_(None))
    lasts = or_(links.c.expires_at.is_(None), links.c.expires_at > datetime.now(UTC))
    query = select(domain_rows.c.hostname, links.c.url).join(links, domain_rows.c.id == links.c.domain_id)
    rows = db.execute(query.where(links.c.workspace_id == owner.workspace_id, *plain, lasts))
    return {(row.hostname, row.url) for row in rows}


def outcomes(job_id: int) -> list[tuple[str, str | None]]:
    """Work the job off in this process by the functions that workers call, and return the outcome of each item."""
    with store.write() as db:
        queue = jobs.get(db, job_id)
        assert queue is not None
        claim = leases.claim(db, ShardKind.CREATE, queue.queue, (job_id, 0))
    assert claim is not None
    assert claim.job_id == job_id
    attempts.work(claim)
    with store.read() as db:
        job = jobs.get(db, job_id)
        assert job is not None
        assert job.status == JobStatus.COMPLETED
        rows = item_rows.page(db, job_id, job.domain_id, (), -1, 1000)
    return [
        (row.status, row.error_code if row.status == "failed" else row.url if row.status == "created" else None)
        for row in rows
    ]


@pytest.mark.parametrize("kind", [CSV, NDJSON])
def test_the_comparison_sees_a_difference(owner: Owner, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this, a comparison that never fails would go unnoticed."""
    monkeypatch.setattr(reference, "create", lambda item, world: ("created", "https://wrong.example/"))
    body = b"url\nhttps://example.com/\n" if kind == CSV else b'{"url": "https://example.com/"}\n'
    with pytest.raises(AssertionError):
        compare(kind, body, [{"url": "https://example.com/"}])
