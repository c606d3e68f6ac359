"""`/docs`: what /openapi.json says, as a page to read and to try; all of it comes from here."""

from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, abort, make_response, render_template, send_file

OURS = Path(__file__).parents[1] / "pages" / "docs"
THEIRS = Path(find_spec("flask_swagger_ui").origin).parent / "dist"  # type: ignore[union-attr, arg-type]
VERSION = (THEIRS / "VERSION").read_text().strip()
FILES = {
    "swagger-ui.css": THEIRS,
    "swagger-ui-bundle.js": THEIRS,
    "favicon-32x32.png": THEIRS,
    "page.css": OURS,
    "page.js": OURS,
}
KEPT_SECONDS = 86400
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # the arrows in their style sheet
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

blueprint = Blueprint("docs", __name__, url_prefix="/docs")


@blueprint.get("")
def page() -> Response:
    made = make_response(render_template("docs/page.html", version=VERSION))
    made.headers |= {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    return plain(made)


@blueprint.get("/<filename>")
def asset(filename: str) -> Response:
    if filename not in FILES:
        abort(404)
    return plain(send_file(FILES[filename] / filename, max_age=KEPT_SECONDS))


def plain(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
