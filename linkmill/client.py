"""The Python library: a client for a server, and the jobs that it starts and watches."""

import json
import uuid
from collections.abc import Mapping
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, Unpack

import httpx

from . import calls, settings, show, sources, upload
from .job import Job
from .settings import Account
from .show import Screen
from .sources import Rows, Source


class JobOptions(TypedDict, total=False):
    """Options of `POST /api/jobs` that every action takes."""

    name: str
    domain: str
    dry_run: bool
    metadata: Mapping[str, Any]
    webhook_url: str
    mapping: Mapping[str, str | None]
    delimiter: str
    encoding: str
    header: bool
    sheet: str
    scheme: str
    date_order: str
    groups: Literal["fail", "create"]
    slugs: Literal["plain", "wide"]
    idempotency_key: str
    """Sent again with the same content, it gives the same job. Default: each call starts a job of its own."""


class PushOptions(JobOptions, total=False):
    defaults: Mapping[str, Any]
    duplicates: Literal["create", "reuse"]
    fetch_titles: bool
    on_existing: Literal["keep", "update"]
    empty: Literal["keep", "clear"]


class UpdateOptions(JobOptions, total=False):
    empty: Literal["keep", "clear"]


class DeleteOptions(JobOptions, total=False):
    only: Literal["unclicked"]


class Client:
    """A client for one server, with one key.

    Server and key are looked up as the command line does when they are not passed: in the environment, and in what
    `linkmill login` has stored.
    """

    def __init__(self, server: str | None = None, key: str | None = None) -> None:
        if key is None:
            account = settings.find_account(server, None)
        else:
            account = Account(settings.choose_server(server), settings.check_key(key))
        self.http = calls.open_client(account)
        self.screen = show.screen(quiet=True)

    @classmethod
    def of_account(cls, account: Account, screen: Screen) -> Self:
        """Make the client of a command, which shows what it does."""
        return cls.over(calls.open_client(account), screen)

    @classmethod
    def over(cls, http: httpx.Client, screen: Screen) -> Self:
        client = cls.__new__(cls)
        client.http = http
        client.screen = screen
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()

    def push(self, source: Rows, **options: Unpack[PushOptions]) -> Job:
        """Create a link for each row of a file, or of some rows."""
        return self._start_by_rows("create", source, options)

    def update(
        self,
        source: Rows | None = None,
        *,
        where: Mapping[str, Any] | None = None,
        set: Mapping[str, Any] | None = None,
        **options: Unpack[UpdateOptions],
    ) -> Job:
        """Change the link that each row names, or all links that match `where` as `set` says."""
        if source is not None:
            _refuse_both(where, set)
            return self._start_by_rows("update", source, options)
        if where is None or set is None:
            raise TypeError("pass a file or rows, or where and set")
        return self._start_by_query({"action": "update", "where": dict(where), "set": dict(set)}, options)

    def delete(
        self, source: Rows | None = None, *, where: Mapping[str, Any] | None = None, **options: Unpack[DeleteOptions]
    ) -> Job:
        """Delete the link that each row names, or all links that match `where`."""
        if source is not None:
            _refuse_both(where, None)
            return self._start_by_rows("delete", source, options)
        if where is None:
            raise TypeError("pass a file or rows, or where")
        return self._start_by_query({"action": "delete", "where": dict(where)}, options)

    def job(self, job_id: str) -> Job:
        """Find a job that exists."""
        return Job(self.http, self.screen, calls.read_job(self.http, job_id))

    def jobs(self, status: str | None = None, limit: int = 50) -> list[Job]:
        """List jobs, the newest first."""
        query: dict[str, Any] = {"limit": limit} | ({"status": status} if status else {})
        documents = calls.get(self.http, "/api/jobs", **query)["items"]
        return [Job(self.http, self.screen, document) for document in documents]

    def send(self, source: Source, options: Mapping[str, str], key: str) -> upload.Upload:
        """Send an open source with options as they are in a query, until the server has all of it."""
        return upload.send(self.http, source, dict(options), key, self.screen)

    def _start_by_rows(self, action: str, source: Rows, options: Mapping[str, Any]) -> Job:
        query = encode_options({"action": action} | dict(options))
        key = query.pop("idempotency_key", "") or str(uuid.uuid4())
        if action == "create":
            del query["action"]  # servers before update and delete know no actions
        with sources.open_any(source) as opened:
            document = self.send(opened, query, key).job
        return Job(self.http, self.screen, document)

    def _start_by_query(self, query: dict[str, Any], options: Mapping[str, Any]) -> Job:
        body = query | dict(options)
        key = str(body.pop("idempotency_key", "") or uuid.uuid4())
        return Job(self.http, self.screen, self.send_query(body, key))

    def send_query(self, body: Mapping[str, Any], key: str) -> calls.JobDocument:
        """Start a job on all links that match; `body` is as `POST /api/jobs` takes it."""
        headers = {"Idempotency-Key": key}
        attempt = partial(calls.send, self.http, "POST", "/api/jobs", json=dict(body), headers=headers)
        document: calls.JobDocument = calls.parse_json(calls.retry_while_away(attempt, self.screen.say))
        return document


def encode_options(options: Mapping[str, Any]) -> dict[str, str]:
    """Write options as they are in a query: structures as JSON."""
    query = {}
    for name, value in options.items():
        if isinstance(value, str):
            query[name] = value
        elif value is not None:
            query[name] = json.dumps(value)
    return query


def _refuse_both(where: object, set: object) -> None:
    if where is not None or set is not None:
        raise TypeError("pass either a file or rows, or where")
