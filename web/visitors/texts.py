"""The texts that visitors read: ours, or the operator's from `texts.toml` in DATA_DIR."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from models import process_caches, settings
from models.errors import SettingsError

FILE = "texts.toml"
LONGEST = 1000
DEFAULT_TEXTS = {
    "language": "en",
    "unknown_heading": "Not found",
    "unknown": "There is no such short link.",
    "ended_heading": "No longer available",
    "expired": "This short link has expired.",
    "used_up": "This short link allowed a limited number of visits, and they are used up.",
    "password_heading": "Password",
    "password": "This short link is protected with a password.",
    "label": "Password",
    "button": "Continue",
    "wrong": "This password is wrong.",
    "throttled_heading": "Please wait",
    "throttled": "Too many wrong passwords. Try again later.",
    "preview_heading": "Link preview",
    "leads_to": "redirects to",
    "untitled": "A short link",
}


def get(name: str) -> str:
    return all_texts()[name]


@process_caches.function
@cache
def all_texts() -> Mapping[str, str]:
    path = settings.get().data_dir / FILE
    if not path.is_file():
        return DEFAULT_TEXTS
    return DEFAULT_TEXTS | _read(path)


def _read(path: Path) -> dict[str, str]:
    try:
        texts = tomllib.loads(path.read_text())
        return {name: _check(name, text) for name, text in texts.items()}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: expected a TOML file of texts: {error}") from None


def _check(name: str, text: Any) -> str:
    if name not in DEFAULT_TEXTS:
        raise ValueError(f"there is no text {name!r}, only {', '.join(DEFAULT_TEXTS)}")
    if not isinstance(text, str) or not 0 < len(text.strip()) <= LONGEST:
        raise ValueError(f"{name} must be a text of 1 to {LONGEST:,} characters, and not blank")
    return text
