"""`/docs`: /openapi.json as a page to read and to try, without any asset of another site."""

from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, abort, make_response, render_template, send_file

OWN_FOLDER = Path(__file__).parents[1] / "pages" / "docs"
SWAGGER_FOLDER = Path(find_spec("flask_swagger_ui").origin).parent / "dist"  # type: ignore[union-attr, arg-type]
VERSION = (SWAGGER_FOLDER / "VERSION").read_text().strip()
FILES = {
    "swagger-ui.css": SWAGGER_FOLDER,
    "swagger-ui-bundle.js": SWAGGER_FOLDER,
    "favicon-32x32.png": SWAGGER_FOLDER,
    "page.css": OWN_FOLDER,
    "page.js": OWN_FOLDER,
}
CACHE_SECONDS = 86400
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # the arrows in the style sheet of Swagger UI
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

blueprint = Blueprint("docs", __name__, url_prefix="/docs")


@blueprint.get("")
def show_page() -> Response:
    response = make_response(render_template("docs/page.html", version=VERSION))
    response.headers |= {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    return forbid_sniffing(response)


@blueprint.get("/<filename>")
def send_asset(filename: str) -> Response:
    if filename not in FILES:
        abort(404)
    return forbid_sniffing(send_file(FILES[filename] / filename, max_age=CACHE_SECONDS))


def forbid_sniffing(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
