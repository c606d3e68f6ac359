"""Clients that are generated from /openapi.json post a file, and a linter finds no error in it."""

import json
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

from tests.system import System

FOLDER = Path(__file__).parent / "clients"
TOOLS = FOLDER / "node_modules" / ".bin"
CSV = "url,title\nhttps://example.com/a,A\nnope,B\n"
NEEDS_NODE = pytest.mark.skipif(not which("node"), reason="needs Node.js")
NEEDS_TOOLS = pytest.mark.skipif(not TOOLS.exists(), reason="needs npm: `make test` installs the tools")


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def description(system: System, tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(system.client.get("/openapi.json").text)
    return path


def assert_job(system: System, output: str) -> None:
    job = system.wait_for_job(system.client.get(f"/api/jobs/{output.strip()}"))
    assert (job["counts"]["created"], job["counts"]["failed"]) == (1, 1)
    assert job["metadata"] == {"campaign": "spring"}


def token_of(system: System) -> str:
    return str(system.client.headers["Authorization"].removeprefix("Bearer "))


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_a_file_is_posted_by_openapi_python_client(system: System, description: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"post_hooks": []}))
    run(
        sys.executable, "-m", "openapi_python_client", "generate", "--path", description, "--meta", "none",
        "--output-path", tmp_path / "generated", "--config", settings, folder=tmp_path,
    )  # fmt: skip
    command = (sys.executable, FOLDER / "upload.py", system.url, token_of(system), CSV)
    assert_job(system, run("env", f"PYTHONPATH={tmp_path}", *command, folder=tmp_path))


@NEEDS_NODE
@NEEDS_TOOLS
@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_a_file_is_posted_by_openapi_typescript(system: System, description: Path, tmp_path: Path) -> None:
    for name in ("upload.ts", "package.json", "tsconfig.json"):
        (tmp_path / name).write_text((FOLDER / name).read_text())
    (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")
    run(TOOLS / "openapi-typescript", description, "-o", "api.d.ts", folder=tmp_path)
    run(TOOLS / "tsc", folder=tmp_path)
    assert_job(system, run("node", "upload.js", system.url, token_of(system), CSV, folder=tmp_path))


@NEEDS_NODE
@NEEDS_TOOLS
@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_redocly_finds_no_error(description: Path) -> None:
    assert run("node", FOLDER / "lint.js", description, folder=FOLDER) == ""
