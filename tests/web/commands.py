"""What an operator types, for the tests of web."""

import json
import subprocess
import sys
from typing import Any

import httpx

from tests.ground import ROOT, System


def flask(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flask", "--app", "web", *arguments]
    return subprocess.run(command, cwd=ROOT, env=system.environment, capture_output=True, text=True, timeout=60)


def new_key(system: System, *arguments: str) -> dict[str, Any]:
    done = flask(system, "keys", "create", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def client(system: System, key: dict[str, Any]) -> httpx.Client:
    return httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {key['token']}"}, timeout=60)
