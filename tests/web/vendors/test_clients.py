"""Which methods of the official clients work, as docs/vendors.md says: each is called against a running system."""

import importlib
import inspect
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import short_io_api_client.api
from awsysco import AwsysError, Client
from dub import Dub
from dub.models.errors import DubError
from short_io_api_client import AuthenticatedClient
from short_io_api_client.api.link_management import post_links_bulk
from short_io_api_client.models import PostLinksBulkBody, PostLinksBulkBodyLinksItem

from tests import ROOT
from tests.system import System

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),  # about plain HTTP, and about a key that is not AWSYS's
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

LINK = {"url": "https://example.com/client"}
PATIENCE_MS = 60_000  # the first upsert by URL of a workspace puts all of its links into the URL index
WORKING = {
    "awsysco": {"bulk.create", "links.create"},
    "dub": {
        "links.count", "links.create", "links.create_many", "links.delete", "links.delete_many", "links.get",
        "links.list", "links.update", "links.update_many", "links.upsert",
    },
    "short-io-api-client": {
        "delete_links_delete_bulk", "delete_links_link_id", "get_api_domains", "get_api_links",
        "get_domains_domain_id", "get_links_expand", "get_links_folders_domain_id", "get_links_link_id", "post_links",
        "post_links_archive", "post_links_archive_bulk", "post_links_bulk", "post_links_folders", "post_links_link_id",
        "post_links_unarchive", "post_links_unarchive_bulk", "post_tags_bulk",
    },
}  # fmt: skip
WITHOUT_CALL = {"qr.get_url"}
"""Methods that only compute something."""


def test_the_documentation_names_the_methods_that_work() -> None:
    text = (ROOT / "docs" / "vendors.md").read_text()
    for client, methods in WORKING.items():
        (row,) = re.findall(rf"^\| `{client}` [\d.]+ \(PyPI\).*$", text, re.MULTILINE)
        assert methods <= set(re.findall(r"`([\w.]+)`", row))


def test_methods_of_awsysco(system: System) -> None:
    working = set()
    with Client(api_key=system.key["token"], base_url=system.url) as client:
        for name, method in methods_of_awsysco(client):
            with suppress(AwsysError):
                call(method)
                working.add(name)
    assert working - WITHOUT_CALL == WORKING["awsysco"]


def methods_of_awsysco(client: Client) -> Iterator[tuple[str, Any]]:
    for resource_name, resource in vars(client).items():
        if resource_name.startswith("_"):
            continue
        for name, method in inspect.getmembers(resource, inspect.ismethod):
            if not name.startswith("_"):
                yield f"{resource_name}.{name}", method


def call(method: Any) -> None:
    """Call a method with a value for each argument that it needs."""
    parameters = inspect.signature(method).parameters.values()
    needed = [parameter for parameter in parameters if parameter.default is parameter.empty]
    values = {parameter.name: sample(parameter) for parameter in needed}
    result = method(**values)
    if inspect.isgenerator(result):
        list(result)


def sample(parameter: inspect.Parameter) -> Any:
    if parameter.name == "urls":
        return [LINK]
    if "List" in str(parameter.annotation):
        return ["x"]
    if "Dict" in str(parameter.annotation):
        return {"name": "x"}
    return 1 if "int" in str(parameter.annotation) else "https://example.com/x"


def calls_of_dub(link_id: str) -> dict[str, dict[str, Any]]:
    """The methods and their arguments. The one that deletes the link comes last."""
    return {
        "count": {"request": {}},
        "create": {"request": LINK},
        "create_many": {"request": [LINK]},
        "get": {"request": {"link_id": link_id}},
        "list": {"request": {}},
        "update": {"link_id": link_id, "request_body": LINK},
        "update_many": {"request": {"link_ids": [link_id], "data": LINK}},
        "upsert": {"request": LINK},
        "delete_many": {"request": {"link_ids": ["x"]}},
        "delete": {"link_id": link_id},
    }


def test_methods_of_dub(system: System) -> None:
    dub = Dub(token=system.key["token"], server_url=system.url, timeout_ms=PATIENCE_MS)
    public = {name for name, _ in inspect.getmembers(dub.links, inspect.ismethod) if name[0] != "_"}
    calls = calls_of_dub(system.post(LINK, "/api/links").json()["id"])
    assert {name for name in public if not name.endswith("_async")} - set(calls) == {"do_request"}
    working = set()
    for name, arguments in calls.items():
        with suppress(DubError):
            getattr(dub.links, name)(**arguments)
            working.add(f"links.{name}")
    assert working == WORKING["dub"]


def test_calls_of_the_client_of_short_io(system: System) -> None:
    working = set()
    link = {"originalURL": "https://example.com/client"}
    domain_id = int(system.key["domain_id"])
    own = system.post(LINK, "/api/links").json()
    body = link | {"links": [link], "name": f"client {system.url}", "domainId": domain_id, "link_id": own["id"]}
    several = [system.post(LINK, "/api/links").json()["id"]]
    body |= {"link_ids": several, "tag": "client"}
    query = {"domain_id": domain_id, "domain": system.url.partition("://")[2], "path": own["slug"]}
    places = {"link_id": own["id"], "domain_id": str(domain_id)}
    for name, method, path in sorted(calls_of_short_io(), key=lambda call: call[1] == "delete"):
        headers = {"Authorization": system.key["token"]}
        url = system.url + path.format_map(defaultdict(lambda: "x", places))
        answer = httpx.request(method, url, json=body, params=query, headers=headers, timeout=60)
        if answer.is_success:
            working.add(name)
    assert working == WORKING["short-io-api-client"]


def calls_of_short_io() -> Iterator[tuple[str, str, str]]:
    """The calls that the package can send: name, HTTP method and path, with the names of its arguments."""
    package = short_io_api_client.api
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if module.ispkg:
            continue
        source = inspect.getsource(importlib.import_module(module.name)._get_kwargs)
        (method,) = re.findall(r'"method": "(\w+)"', source)
        (path,) = re.findall(r'"url": "([^"]+)"', source)
        yield module.name.rpartition(".")[2], method, path


def test_links_of_the_client_of_short_io_lead_where_they_should(system: System) -> None:
    client = AuthenticatedClient(base_url=system.url, token=system.key["token"], prefix="")
    links = [
        PostLinksBulkBodyLinksItem(original_url="https://example.com/official"),
        PostLinksBulkBodyLinksItem(original_url="https://example.com/", split_url="https://example.org/"),
    ]
    body = PostLinksBulkBody(domain=system.url.partition("://")[2], links=links, folder_id="f1")
    answer = post_links_bulk.sync_detailed(client=client, body=body)
    created, refused = httpx.Response(answer.status_code, content=answer.content).json()
    assert httpx.get(created["shortURL"]).headers["Location"] == "https://example.com/official"
    assert (refused["success"], refused["status"]) == (False, 400)
    assert refused["error"].startswith("splitURL is not supported.")
