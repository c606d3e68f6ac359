"""Pages of the dashboard in a workspace of a million links, with a million rows of clicks: how long the server takes.

`LINKS=100000 make bench SECTIONS=pages` fills in less.
"""

import os
import re
import statistics
from functools import partial
from pathlib import Path

from flask.testing import FlaskClient

from models import migrate, store
from models.clicks import recount
from models.link_key import LinkKey, format_link_id
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
        job = make_job(owner, 0, total=LINKS, created=LINKS, status="completed", layout={"format": "csv"})
        many_links.add(owner.workspace_id, LINKS, RARE, job.id)
        many_links.index(owner.workspace_id)
        with store.write() as db:
            many_clicks.add(db, job.domain_id, job.id, LINKS)
            recount.recount(db)
            db.exec_driver_sql("ANALYZE")
        names = {"job": job.id, "link": format_link_id(LinkKey(job.domain_id, many_clicks.HOT_SLUG, 1))}
        client = shared_app().test_client()
        client.post("/app/sign-in", data=form(client, "sign-in", token=keys.create_key(owner, "bench")["token"]))
        return [_time(client, page.format(**names)) for page in PAGES]


def _time(client: FlaskClient, page: str) -> Figure:
    call = partial(client.get, f"/app/{page}")
    response = call()
    assert response.status_code == 200
    size = len(response.data) + _size_of_assets(client, response.text)
    seconds = statistics.median(time_call(call) for _ in range(ROUNDS))
    is_met = seconds <= MOST_SECONDS and size <= LARGEST_PAGE
    target = f"<= {MOST_SECONDS * 1000:,.0f} ms, {LARGEST_PAGE // 1000} kB"
    title = f"/app/{page}, {LINKS:,} links, {store.engine().name}"
    return Figure(title, f"{seconds * 1000:,.0f} ms", f"{size / 1000:,.0f} kB", "", target, is_met)


def _size_of_assets(client: FlaskClient, text: str) -> int:
    """The bytes of the style sheet, the icon and the scripts, without those that scripts load."""
    addresses = set(re.findall(r'"(/app/static/[^"]+)"', text))
    return sum(len(client.get(address).data) for address in addresses)
