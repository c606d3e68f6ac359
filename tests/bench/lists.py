"""Lists of links among millions: how long each call of the API takes that asks for a page of them.

`LINKS=1000000 make bench SECTIONS=lists` makes fewer.
"""

import os
import statistics
from functools import partial
from pathlib import Path

from flask.testing import FlaskClient

from models import migrate, store
from models.accounts import keys
from tests.bench import many_links, systems
from tests.bench.systems import ROUNDS, Figure, time_call
from tests.fixtures.processes import process_environment
from tests.models.jobs.making import make_job
from tests.owners import new_owner
from tests.shared_app import shared_app

LINKS = int(os.environ.get("LINKS", "5000000"))
RARE = 1000  # one link of so many is disabled, one has expired, one is used up
MOST_SECONDS = {"postgresql": 0.3, "sqlite": 1.0}
CALLS = (
    "",
    "?status=active",
    "?status=expired",
    "?status=used_up",
    "?status=disabled",
    "?job={job}",
    "?search=example.com",  # all of them
    "?search=s1234567",  # one, near the end of the list
    "?search=itle+777",  # some
    "?search=nowhere.example",  # none
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
        job = make_job(owner, 0)
        many_links.add(owner.workspace_id, LINKS, RARE, job.id)
        seconds = many_links.index(owner.workspace_id)
        with store.write() as db:
            token = keys.add(db, owner.workspace_id, "bench", list(keys.Scope))["token"]
        client = shared_app().test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        indexed = Figure(
            f"search index of {LINKS:,} links, {store.engine().name}", f"{seconds:.1f} s", "", "", "", True
        )
        return [indexed, *(_time(client, query.format(job=job.id)) for query in CALLS)]


def _time(client: FlaskClient, query: str) -> Figure:
    call = partial(client.get, f"/api/links{query}")
    assert call().status_code == 200
    seconds = statistics.median(time_call(call) for _ in range(ROUNDS))
    name = store.engine().name
    most = MOST_SECONDS[name]
    title = f"GET /api/links{query}, {LINKS:,} links, {name}"
    return Figure(title, f"{seconds * 1000:,.0f} ms", "", "", f"<= {most * 1000:,.0f} ms", seconds <= most)
