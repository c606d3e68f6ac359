"""Pages of the dashboard in a workspace of a million links, with a million rows of clicks: how long the server takes.

`LINKS=100000 make bench SECTIONS=pages` fills in less.
"""

import os
import re
import statistics
from functools import partial
from pathlib import Path
from urllib.parse import urljoin

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import migrate, store
from models.accounts.keys import Owner
from models.clicks import recount
from models.link_key import LinkKey, format_link_id
from models.states import JobStatus
from producer.resources import keys
from tests.bench import many_clicks, many_links, systems
from tests.bench.systems import ROUNDS, Figure, time_call
from tests.fixtures.processes import process_environment
from tests.models.jobs.making import make_job
from tests.owners import new_owner
from tests.shared_app import shared_app
from tests.web.dashboard.filling import form

LINKS = int(os.environ.get("LINKS", "1000000"))
RARE = 1000  # one link of so many is disabled, one has expired, one is used up
MOST_SECONDS = 0.3
LARGEST_PAGE = 150_000  # bytes, with what the page loads
ASSET = re.compile(r'(?:src|<link [^>]*href)="(/[^"]+)"')
IMPORT = re.compile(rb'from "(\./[^"]+)"')
PAGES = (
    "overview?days=7",
    "overview?days=30",
    "overview?days=90",
    "overview?days=all",
    "upload",
    "jobs",
    "jobs/{job}",
    "jobs/{job}?days=all",
    "links",
    "links?sort=oldest",
    "links?sort=clicks",
    "links?job={job}",
    "links?job={job}&sort=clicks",
    "links?status=expired",
    "links?status=expired&sort=clicks",
    "links?search=itle+777",
    "links?search=itle+777&sort=clicks",
    "links?search=nowhere.example&sort=clicks",
    "links/{link}",
    "links/{link}?days=all",
    "domains",
    "labels",
    "webhooks",
    "keys",
    "usage",
)


def postgresql(folder: Path) -> list[Figure]:
    with systems.postgresql(folder) as url:
        return _measure(folder, url)


def sqlite(folder: Path) -> list[Figure]:
    return _measure(folder, f"sqlite:///{folder}/linkmill.db")


def _measure(folder: Path, url: str) -> list[Figure]:
    with process_environment({"DATABASE_URL": url, "DATA_DIR": str(folder)}):
        migrate.upgrade()
        owner = new_owner("default")
        client = shared_app().test_client()
        client.post("/app/sign-in", data=form(client, "sign-in", token=keys.create_key(owner, "bench")["token"]))
        return [_time(client, page, name) for page, name in zip(fill(owner, LINKS), PAGES, strict=True)]


def fill(owner: Owner, links: int) -> list[str]:
    """Write links of a job, and as many rows of clicks; return the addresses of all pages."""
    job = make_job(owner, 0, total=links, created=links, status=JobStatus.COMPLETED, layout={"format": "csv"})
    many_links.add(owner.workspace_id, links, RARE, job.id)
    many_links.index(owner.workspace_id)
    with store.write() as db:
        many_clicks.add(db, job.domain_id, job.id, links)
        recount.recount(db)
    store.copy_log()  # as the sweep does
    many_links.analyze()
    link_id = format_link_id(LinkKey(job.domain_id, many_clicks.HOT_SLUG, 1))
    return [f"/app/{page.format(job=job.id, link=link_id)}" for page in PAGES]


def _time(client: FlaskClient, page: str, name: str) -> Figure:
    call = partial(client.get, page)
    size = size_with_assets(client, call())
    seconds = statistics.median(time_call(call) for _ in range(ROUNDS))
    is_met = seconds <= MOST_SECONDS and size <= LARGEST_PAGE
    target = f"<= {MOST_SECONDS * 1000:,.0f} ms, {LARGEST_PAGE // 1000} kB"
    title = f"/app/{name}, {LINKS:,} links, {store.engine().name}"
    return Figure(title, f"{seconds * 1000:,.0f} ms", f"{size / 1000:,.0f} kB", "", target, is_met)


def size_with_assets(client: FlaskClient, response: TestResponse) -> int:
    """The bytes of a page, and of all style sheets, scripts and images that a browser loads for it."""
    assert response.status_code == 200
    total = len(response.data)
    waiting = ASSET.findall(response.text)
    seen: set[str] = set()
    while waiting:
        address = waiting.pop()
        if address not in seen:
            seen.add(address)
            asset = client.get(address)
            total += len(asset.data)
            waiting += [urljoin(address, name.decode()) for name in IMPORT.findall(asset.data)]
    return total
