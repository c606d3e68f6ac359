"""What the processes find in their environment."""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from models.settings import Settings
from runner.leftovers import MARK
from runner.preflight import address

FLOWER_AUTH = "FLOWER_BASIC_AUTH"  # read by Flower itself under this very name


def shared(settings: Settings, env: Mapping[str, str], mark: str) -> dict[str, str]:
    """The same for all processes, whatever the Procfile does with it."""
    programs = Path(sys.executable).parent
    return {
        **{name: value for name, value in env.items() if name not in (FLOWER_AUTH, "REDIS_URL")},
        **({} if settings.redis_embedded else {"REDIS_URL": settings.redis_url}),
        "PATH": f"{programs}{os.pathsep}{env.get('PATH', os.defpath)}",
        "HOST": address(settings.host),
        "PORT": str(settings.port),
        "DATA_DIR": str(settings.data_dir),
        "WORKERS": str(settings.workers),
        "FLOWER_PORT": str(settings.flower_port),
        # The processes share the cores already; threads of a linear algebra library would only fight over them.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
        MARK: mark,
    }


def flower_auth(settings: Settings) -> str:
    """User and password for Flower: the user's own, or one that is made once and kept."""
    return settings.flower_basic_auth or _kept(settings.data_dir / "flower-auth")


def _kept(path: Path) -> str:
    text = path.read_text().strip() if path.exists() else ""
    if ":" not in text:
        text = f"linkmill:{secrets.token_urlsafe(24)}"
        _write_private(path, text + "\n")
    path.chmod(0o600)
    return text


def _write_private(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.rename(path)
