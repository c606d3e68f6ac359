"""Style sheet, scripts and icon of the dashboard, under an address that changes whenever one of them does."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, send_from_directory, url_for

from models import process_caches

FOLDER = Path(__file__).parents[1] / "static"
KEPT = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"  # somebody else's version: another host may be older or newer than this one

blueprint = Blueprint("files", __name__)


@blueprint.get("/static/<version>/<path:filename>")
def one(version: str, filename: str) -> Response:
    found = send_from_directory(FOLDER, filename)
    found.headers["Cache-Control"] = KEPT if version == current() else ASKED_AGAIN
    return found


def address(filename: str) -> str:
    return url_for("app.files.one", version=current(), filename=filename)


@process_caches.function
@cache
def current() -> str:
    """Of all of them together, so that scripts find each other beside themselves."""
    made = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            made.update(path.name.encode() + path.read_bytes())
    return made.hexdigest()[:12]
