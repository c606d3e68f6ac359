"""Style sheet, scripts and icon of the dashboard, at an address that changes whenever one of them does."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, send_from_directory, url_for

from models import process_caches

FOLDER = Path(__file__).parents[1] / "static"
CACHE_FOREVER = "public, max-age=31536000, immutable"
# For another version than this host's: another host of the installation may be older or newer.
REVALIDATE = "no-cache"
VERSION_LENGTH = 12
ICON_SECONDS = 86_400

blueprint = Blueprint("assets", __name__)


@blueprint.get("/static/<version>/<path:filename>")
def send_asset(version: str, filename: str) -> Response:
    response = send_from_directory(FOLDER, filename)
    response.headers["Cache-Control"] = CACHE_FOREVER if version == current_version() else REVALIDATE
    return response


def send_icon() -> Response:
    """Answer browsers and others that look for an icon at the root."""
    response = send_from_directory(FOLDER, "icon.svg")
    response.headers["Cache-Control"] = f"public, max-age={ICON_SECONDS}"
    return response


def asset_url(filename: str) -> str:
    return url_for("app.assets.send_asset", version=current_version(), filename=filename)


@process_caches.function
@cache
def current_version() -> str:
    """Hash all assets together: scripts import each other by relative path, so they must share one version."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:VERSION_LENGTH]
