"""The environment of the processes, and the password that only Flower receives."""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from models.settings import Settings
from runner.leftovers import MARK
from runner.preflight import numeric_address

FLOWER_AUTH = "FLOWER_BASIC_AUTH"  # Flower itself reads this variable


def shared_environment(settings: Settings, env: Mapping[str, str], mark: str) -> dict[str, str]:
    """Return what all processes receive, whether or not the Procfile uses it."""
    environment = dict(env)
    environment.pop(FLOWER_AUTH, None)
    environment.pop("REDIS_URL", None)
    if not settings.redis_embedded:
        environment["REDIS_URL"] = settings.redis_url
    programs = Path(sys.executable).parent
    return environment | {
        "PATH": f"{programs}{os.pathsep}{env.get('PATH', os.defpath)}",
        "HOST": numeric_address(settings.host),
        "PORT": str(settings.port),
        "DATA_DIR": str(settings.data_dir),
        "LOG_FORMAT": settings.log_format,  # theirs is a pipe to the runner, which may write to a terminal
        "WORKERS": str(settings.workers),
        "FLOWER_PORT": str(settings.flower_port),
        # The processes share the cores already; threads of a linear algebra library would only compete for them.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
        MARK: mark,
    }


def flower_auth(settings: Settings) -> str:
    """Return Flower's user and password: from the settings, or generated once and stored in DATA_DIR."""
    return settings.flower_basic_auth or _read_or_create(settings.data_dir / "flower-auth")


def _read_or_create(path: Path) -> str:
    text = path.read_text().strip() if path.exists() else ""
    if ":" not in text:
        text = f"linkmill:{secrets.token_urlsafe(24)}"
        _write_private(path, text + "\n")
    path.chmod(0o600)
    return text


def _write_private(path: Path, text: str) -> None:
    """Write a new file and rename it, so that no reader finds half a password."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.rename(path)
