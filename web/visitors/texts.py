"""What visitors read: our words, or those of the house that runs this, from `texts.toml` beside the data."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from models import process_caches, settings
from models.errors import SettingsError

FILE = "texts.toml"
LONGEST = 1000
OURS = {
    "language": "en",
    "unknown_heading": "Not found",
    "unknown": "There is no such short link.",
    "ended_heading": "No longer there",
    "expired": "This short link has expired.",
    "used_up": "This short link was for a limited number of visits, and they are used up.",
    "password_heading": "Password",
    "password": "This short link is protected with a password.",
    "label": "Password",
    "button": "Go on",
    "wrong": "That is not the password.",
    "throttled_heading": "Wait a little",
    "throttled": "Too many wrong passwords. Try again later.",
    "preview_heading": "Where this link leads",
    "leads_to": "leads to",
}


def of(name: str) -> str:
    return known()[name]


@process_caches.function
@cache
def known() -> Mapping[str, str]:
    path = settings.get().data_dir / FILE
    return OURS | (_theirs(path) if path.is_file() else {})


def _theirs(path: Path) -> dict[str, str]:
    try:
        found = tomllib.loads(path.read_text())
        return {name: _checked(name, text) for name, text in found.items()}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: expected a TOML file of texts: {error}") from None


def _checked(name: str, text: Any) -> str:
    if name not in OURS:
        raise ValueError(f"there is no text {name!r}, only {', '.join(OURS)}")
    if not isinstance(text, str) or not 0 < len(text.strip()) <= LONGEST:
        raise ValueError(f"{name} is a text of at most {LONGEST:,} characters, and not blank")
    return text
