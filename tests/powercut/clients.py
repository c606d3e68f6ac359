"""Clients who remember every answer: each is one round of requests, to be repeated for as long as power lasts."""

import itertools
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

from tests.powercut.ledger import GONE, Fact, Ledger

ROWS = 300
MANY_ROWS = 6_000  # several shards on SQLite
SHOWN = 50
WAIT_SECONDS = 5
BUSY_STATUSES = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
OPEN_STATUSES = ("queued", "running")
LIMIT = 1_000_000


class Busy(Exception):
    """The system is too busy for this request, or for its answer: the client was told nothing of links."""


class Answer(NamedTuple):
    status: int
    body: Any


class Send(Protocol):
    """Sends a request: JSON, or text as CSV."""

    def __call__(self, method: str, path: str, body: Any = None) -> Answer: ...


class Api(NamedTuple):
    """What a client needs. `webhook_url` is that of a receiver who writes into the ledger, too."""

    send: Send
    ledger: Ledger
    webhook_url: str
    numbers: "itertools.count[int]"

    def ask(self, method: str, path: str, status: int, body: Any = None) -> Any:
        answer = self.send(method, path, body)
        if answer.status in BUSY_STATUSES:
            raise Busy
        if answer.status != status:
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer.body


def change_links(api: Api) -> None:
    """Create a link, change it, and delete it."""
    number = next(api.numbers)
    link = api.ask("POST", "/api/links", HTTPStatus.CREATED, {"url": f"https://a.example/{number}", "title": "first"})
    fact = Fact("link", link["slug"])
    api.ledger.record(fact, "first")
    if number % 3:
        with api.ledger.changing(fact, "second"):
            api.ask("PATCH", f"/api/links/{link['id']}", HTTPStatus.OK, {"title": "second"})
    if not number % 4:
        with api.ledger.changing(fact, GONE):
            api.ask("DELETE", f"/api/links/{link['id']}", HTTPStatus.NO_CONTENT)


def upload_file(api: Api, rows: int = ROWS) -> None:
    """Upload a file, wait for its job, and look at the results."""
    job = _upload(api, rows)
    while job["status"] in OPEN_STATUSES:
        job = api.ask("GET", f"/api/jobs/{job['id']}?wait={WAIT_SECONDS}", HTTPStatus.OK)
    api.ledger.record(Fact("end", int(job["id"])), (job["status"], job["counts"]["created"]))
    page = api.ask("GET", f"/api/jobs/{job['id']}/items?limit={SHOWN}", HTTPStatus.OK)
    api.ledger.record(Fact("items", int(job["id"])), [item["slug"] for item in page["items"]])


def upload_large_file(api: Api) -> None:
    upload_file(api, MANY_ROWS)


def cancel_job(api: Api) -> None:
    job = _upload(api, MANY_ROWS)
    answer = api.send("POST", f"/api/jobs/{job['id']}/cancel", None)
    if answer.status == HTTPStatus.ACCEPTED:
        api.ledger.record(Fact("cancelled", int(job["id"])))


def call_vendor(api: Api) -> None:
    """Create some links by a vendor's call, which waits for its job."""
    number = next(api.numbers)
    links = [{"url": f"https://v.example/{number}/{place}", "title": "vendor"} for place in range(10)]
    answer = api.ask("POST", "/links/bulk", HTTPStatus.OK, links)
    for link in answer:
        api.ledger.record(Fact("link", link["key"]), "vendor")


def use_limited_link(api: Api) -> None:
    """Follow a link with `max_clicks` a few times."""
    body = {"url": "https://l.example/", "title": "limited", "max_clicks": LIMIT}
    link = api.ask("POST", "/api/links", HTTPStatus.CREATED, body)
    for use in range(1, 6):
        api.ask("GET", f"/{link['slug']}", HTTPStatus.FOUND)
        api.ledger.record(Fact("uses", link["slug"]), use)


def create_key(api: Api) -> None:
    key = api.ask("POST", "/api/keys", HTTPStatus.CREATED, {"name": "one more"})
    api.ledger.record(Fact("key", int(key["id"])))


def receive_webhook(ledger: Ledger, event: dict[str, Any]) -> None:
    """What the receiver of webhooks does."""
    job = event["data"]
    ledger.record(Fact("webhook", int(job["id"])), (job["status"], job["counts"]["created"]))


def _upload(api: Api, rows: int) -> Any:
    number = next(api.numbers)
    text = "url,title\n" + "".join(f"https://f.example/{number}/{row},row\n" for row in range(rows))
    job = api.ask("POST", f"/api/jobs?webhook_url={api.webhook_url}", HTTPStatus.ACCEPTED, text)
    api.ledger.record(Fact("job", int(job["id"])), len(text))
    return job


CLIENTS: tuple[Callable[[Api], None], ...] = (
    change_links,
    upload_file,
    call_vendor,
    use_limited_link,
    create_key,
    cancel_job,
    upload_large_file,
)
