"""The paths of short links, and those that other routes begin."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from web.visitors import paths


def test_the_first_segment_of_every_route_is_reserved() -> None:
    app = Flask(__name__)
    for rule in ("/", "/api/jobs", "/api/links/<link_id>", "/healthz", "/<slug>"):
        app.add_url_rule(rule, rule, lambda: "")
    assert paths.first_segments(app.url_map) == {"api", "healthz", "static"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing/here", 404), ("POST", "/api/jobs/1", 405), ("GET", "/v1/links/bulk", 405),
        ("PUT", "/a/b", 405), ("GET", "/a/b", 404), ("POST", "/a/b", 404), ("GET", "/a//b", 404), ("GET", "/a/", 404),
    ],
)  # fmt: skip
def test_other_routes_answer_as_if_there_were_no_slugs_with_slashes(
    api_client: FlaskClient, method: str, path: str, status: int
) -> None:
    assert api_client.open(path, method=method).status_code == status
