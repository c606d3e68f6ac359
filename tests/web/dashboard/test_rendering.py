"""Every page of the dashboard renders, with rows and without, and its forms say what is wrong."""

import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from models.accounts.keys import Owner
from models.links.labels import GROUPS, TAGS
from producer.resources import keys, labels, webhooks
from tests.web.dashboard.filling import form
from web import sessions

PAGES = ("overview", "upload", "jobs", "links", "domains", "labels", "webhooks", "keys", "usage")
LARGEST_PAGE = 150_000  # bytes
ENDPOINT_URL = "https://93.184.216.34/hook"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_renders_in_an_empty_workspace(client: FlaskClient, page: str) -> None:
    response = client.get(f"/app/{page}")
    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert "Sign out" in response.text
    assert len(response.data) < LARGEST_PAGE


def test_pages_offer_what_the_workspace_has(client: FlaskClient, owner: Owner) -> None:
    labels.create_label(owner, GROUPS, "team blue")
    labels.create_label(owner, TAGS, "summer")
    for page in ("links", "upload"):
        text = client.get(f"/app/{page}").text
        assert "team blue" in text
        assert "summer" in text


def test_an_endpoint_is_created_shown_disabled_and_deleted(client: FlaskClient, owner: Owner) -> None:
    created = client.post("/app/webhooks", data=form(client, url=ENDPOINT_URL, events=["job.failed"]))
    assert (created.status_code, "whsec_" in created.text) == (201, True)
    (endpoint,) = webhooks.list_endpoints(owner, 0, 10).items
    page = f"/app/webhooks/{endpoint['id']}"
    assert ENDPOINT_URL in client.get(page).text
    for path in ("test", "disable", "enable"):
        assert client.post(f"{page}/{path}", data=form(client)).status_code == 303
    assert client.post(f"{page}/rotate", data=form(client)).status_code == 200
    assert "Delete this endpoint?" in client.get(f"{page}/delete").text
    assert client.post(f"{page}/delete", data=form(client)).status_code == 303
    assert webhooks.list_endpoints(owner, 0, 10).items == []


@pytest.mark.parametrize(
    ("page", "fields", "message"),
    [
        ("webhooks", {"url": "http://10.0.0.1/", "events": ["job.failed"]}, 'aria-invalid="true"'),
        ("webhooks", {"url": ENDPOINT_URL, "events": []}, "Choose at least one event."),
        ("webhooks", {"url": "", "events": ["job.failed"]}, "Enter a URL."),
        ("keys", {"name": " ", "scopes": ["read"]}, 'aria-invalid="true"'),
        ("usage", {"bulk_limit": "many"}, "This must be a whole number"),
    ],
)
def test_a_form_says_what_is_wrong(client: FlaskClient, page: str, fields: dict[str, Any], message: str) -> None:
    response = client.post(f"/app/{page}", data=form(client, **fields))
    assert (response.status_code, message in response.text) == (422, True)


def test_a_key_is_created_and_revoked(client: FlaskClient, owner: Owner) -> None:
    created = client.post("/app/keys", data=form(client, name="mine", scopes=["read"]))
    assert (created.status_code, "Consumer secret" in created.text) == (201, True)
    key_id = keys.list_keys(owner, 0, 10).items[-1]["id"]
    assert "Revoke the key mine?" in client.get(f"/app/keys/{key_id}/revoke").text
    assert client.post(f"/app/keys/{key_id}/revoke", data=form(client)).status_code == 303
    assert keys.show_key(owner, key_id)["revoked_at"]


def test_a_filter_that_is_wrong_is_reported_beside_it(client: FlaskClient) -> None:
    response = client.get("/app/links?status=strange")
    assert (response.status_code, 'role="alert"' in response.text) == (200, True)
    assert client.get("/app/links.csv?status=strange").status_code == 422


def test_a_preview_shows_the_columns_of_a_file(client: FlaskClient) -> None:
    text = "url,title\nhttps://example.com/,A\nnope,B\n"
    response = client.post("/app/upload/preview", data=form(client, pasted=text, whole="1"))
    assert response.status_code == 200
    assert "1 will be created, 1 will fail" in response.text
    assert "Slugs kept" not in response.text


def test_a_preview_begins_each_row_with_its_result(client: FlaskClient) -> None:
    text = "url,slug\nnope,a\nhttps://example.com/,b\n"
    response = client.post("/app/upload/preview", data=form(client, pasted=text, whole="1"))
    assert re.findall(r'<tr>\n<td data-label="(\w+)" class="verdict">', response.text) == ["Result", "Result"]
    assert "Slugs come from the column “slug”." in response.text
    assert "data-blocked" not in response.text


def test_a_preview_without_a_url_column_blocks_the_upload(client: FlaskClient) -> None:
    text = "Where,Old\nhttps://example.com/,https://example.com/old\n"
    response = client.post("/app/upload/preview", data=form(client, pasted=text, whole="1"))
    assert 'data-blocked="Choose the URL column first."' in response.text


def test_a_file_without_a_preview_can_be_uploaded_all_the_same(client: FlaskClient) -> None:
    file = (io.BytesIO(b'[{"url": "https://a.example/"}'), "links.json")
    headers = {sessions.TOKEN_HEADER: str(form(client)[sessions.TOKEN_FIELD])}
    response = client.post("/app/upload/preview", data={"file": file}, headers=headers)
    assert "too large for a preview" in response.text
    assert "data-blocked" not in response.text


def test_a_preview_says_whose_slugs_are_kept(client: FlaskClient) -> None:
    text = "Short link,Destination URL\nhttps://dub.sh/a,https://x.example/\nhttps://acme.link/b,https://x.example/\n"
    response = client.post("/app/upload/preview", data=form(client, pasted=text, whole="1"))
    assert "Slugs kept from dub.sh, acme.link." in response.text


def test_a_change_without_the_token_is_refused(client: FlaskClient) -> None:
    response = client.post("/app/keys", data={"name": "x", "scopes": ["read"]})
    assert (response.status_code, "Nothing was changed" in response.text) == (400, True)


@pytest.mark.parametrize("path", ["jobs/1", "links/1-0-x", "webhooks/1", "keys/1/revoke", "jobs/1/cancel", "none"])
def test_what_does_not_exist_is_a_page_too(client: FlaskClient, path: str) -> None:
    response = client.get(f"/app/{path}")
    assert (response.status_code, "This page does not exist" in response.text) == (404, True)
