"""Another workspace's things on pages: not there, whatever the page, and nothing happens to them."""

import re

import httpx
import pytest

from tests.shared_app import shared_app
from tests.system import System
from tests.web.api.test_foreign import PUBLIC, SILENT, filled, state
from tests.web.commands import new_key
from tests.web.foreign import MAKERS

ANYBODYS = {*PUBLIC, "version", "path", "action", "plural"}
ONE_OF = re.compile(r"<any\((\w+)[^>]*>")
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def calls() -> list[tuple[str, str]]:
    rules = [rule for rule in shared_app().url_map.iter_rules() if rule.rule.startswith("/app/")]
    named = [rule for rule in rules if rule.arguments - ANYBODYS]
    return sorted((method, rule.rule) for rule in named for method in (rule.methods or set()) - SILENT)


@pytest.mark.parametrize("system", ["postgresql"], indirect=True)
def test_no_page_knows_what_is_anothers(system: System, tenant: System, tenant_ids: dict[str, str]) -> None:
    key = new_key(system, "--workspace", "page strangers")
    ids = tenant_ids | {"label_id": tenant_ids["group_id"]}
    before = state(tenant)
    with httpx.Client(base_url=system.url, follow_redirects=True) as stranger:
        form = {"csrf_token": _token(stranger, "/app/sign-in"), "token": key["token"]}
        assert stranger.post("/app/sign-in", data=form).status_code == 200
        form = {"csrf_token": _token(stranger, "/app/jobs")}
        found = calls()
        assert len(found) > 10
        for method, path in found:
            body = {"data": form} if method == "POST" else {}
            answer = stranger.request(method, filled(ONE_OF.sub(r"\1", path), ids), **body)  # type: ignore[arg-type]
            assert answer.status_code == 404, (method, path)
            assert "text/html" in answer.headers["Content-Type"]
    assert state(tenant) == before
    assert {name for _, path in found for name in re.findall(r"(\w+)>", path)} - {
        "action",
        "plural",
        "label_id",
    } <= set(MAKERS)


def _token(client: httpx.Client, path: str) -> str:
    found = TOKEN.search(client.get(path).text)
    assert found
    return found[1]
