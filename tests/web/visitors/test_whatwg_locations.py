"""The WHATWG's URLs as links: each redirects to the URL that the standard says, to the letter."""

import json

import pytest

from models.accounts.keys import Owner
from producer.accept import Upload, accept
from producer.intake.layouts import NDJSON
from producer.job_options import Options
from tests.fixtures.fake_redis import FakeRedis
from tests.producer.fields.test_whatwg_urls import CASES, outcome
from tests.shared_app import shared_app
from tests.steps import record_steps
from tests.work import work_off


def test_location_is_the_url_of_the_standard(
    owner: Owner, fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_steps(monkeypatch)
    hrefs = [href for text, href in CASES.items() if outcome(text)]
    lines = [json.dumps({"url": href, "slug": f"w{number}"}) + "\n" for number, href in enumerate(hrefs)]
    accept(Upload(NDJSON, NDJSON, ["".join(lines).encode()]), owner, Options)
    work_off()
    client = shared_app().test_client()
    wrong = {}
    for number, href in enumerate(hrefs):
        answer = client.get(f"/w{number}", base_url="http://localhost:8000")
        if (answer.status_code, answer.headers.get("Location")) != (302, href):
            wrong[href] = (answer.status_code, answer.headers.get("Location"))
    assert len(hrefs) > 50
    assert wrong == {}
