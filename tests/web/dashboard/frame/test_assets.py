"""Assets of the dashboard: cached for ever at an address that changes with them."""

from flask.testing import FlaskClient

from tests.shared_app import shared_app
from web.dashboard.frame import assets


def client() -> FlaskClient:
    return shared_app().test_client()


def test_an_asset_of_this_version_is_cached_for_ever() -> None:
    response = client().get(f"/app/static/{assets.current_version()}/app.css")
    assert (response.status_code, response.headers["Cache-Control"]) == (200, assets.CACHE_FOREVER)


def test_an_asset_of_another_version_is_revalidated() -> None:
    response = client().get("/app/static/000000000000/app.css")
    assert (response.status_code, response.headers["Cache-Control"]) == (200, assets.REVALIDATE)


def test_nothing_else_is_served() -> None:
    for name in ("none.css", "../__init__.py", "%2e%2e/__init__.py"):
        assert client().get(f"/app/static/x/{name}").status_code in (302, 303, 404), name
