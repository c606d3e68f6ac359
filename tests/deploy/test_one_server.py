"""systemd and nginx as docs/deploy.md has them: the unit is valid, and the lines for TLS work in front of a system."""

import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from runner.__main__ import _read_options as runner_options
from tests import ROOT
from tests.attack.proxy import CONFIGURATION, PROGRAM
from tests.system import System, free_port
from tests.waiting import wait_until

DEPLOY = (ROOT / "docs" / "deploy.md").read_text()
UNIT = ROOT / "deploy" / "linkmill.service"
CERTIFICATES = "/etc/letsencrypt/live/go.example.com"


class Ports(NamedTuple):
    http: int
    https: int


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/linkmill/.venv/bin/python", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    ours = [line for line in done.stderr.splitlines() if "linkmill" in line]
    assert ours == []


@pytest.mark.parametrize(("value", "names"), [("", []), ("web,beat", ["web", "beat"])])
def test_the_unit_runs_what_only_names_and_everything_without_it(value: str, names: list[str]) -> None:
    (command,) = re.findall(r"^ExecStart=(.*)$", UNIT.read_text(), re.M)
    arguments = [value if word == "${ONLY}" else word for word in command.split()]
    assert arguments[1:3] == ["-m", "runner"]
    assert runner_options(arguments[3:]).only == names


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not on this machine")
@pytest.mark.parametrize("fragile_system", ["sqlite"], indirect=True)
def test_nginx_ends_tls_and_linkmill_knows_it(fragile_system: System, tmp_path: Path) -> None:
    link = fragile_system.post({"url": "https://example.com/"}, "/api/links").raise_for_status().json()
    host = {"Host": fragile_system.url.removeprefix("http://")}
    with nginx_with_tls(tmp_path, fragile_system) as ports:
        insecure = httpx.get(f"http://127.0.0.1:{ports.http}/{link['slug']}", headers={"Host": "localhost"})
        assert (insecure.status_code, insecure.headers["Location"]) == (301, f"https://localhost/{link['slug']}")
        with httpx.Client(base_url=f"https://127.0.0.1:{ports.https}", verify=False, headers=host) as client:
            answer = client.get(f"/{link['slug']}")
            assert (answer.status_code, answer.headers["Location"]) == (302, "https://example.com/")
            assert client.get("/metrics").status_code == 403
            assert "Secure" in client.get("/app/sign-in").headers["Set-Cookie"]


@contextmanager
def nginx_with_tls(folder: Path, system: System) -> Iterator[Ports]:
    ports = Ports(free_port(), free_port())
    create_certificate(folder)
    path = folder / "nginx.conf"
    path.write_text(configuration(folder, system, ports))
    directives = f"daemon off; user {getuser()}; pid {folder}/nginx.pid; error_log {folder}/nginx.log;"
    process = subprocess.Popen([*PROGRAM, "-p", str(folder), "-c", str(path), "-g", directives])
    try:
        wait_until(lambda: answers(ports.https), 10, "nginx to answer")
        yield ports
    finally:
        process.terminate()
        process.wait(10)


def configuration(folder: Path, system: System, ports: Ports) -> str:
    """The file with the changes that the document asks for, and with ports and folders of this test."""
    redirect = block("nginx redirect")
    before_last_brace, brace = CONFIGURATION.read_text().rstrip()[:-1], "}\n"
    text = before_last_brace.replace("        listen 80 backlog=4096;\n", block("nginx listen")) + redirect + brace
    changes = {
        "listen 443 ": f"listen 127.0.0.1:{ports.https} ",
        "listen 80 ": f"listen 127.0.0.1:{ports.http} ",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{system.environment['PORT']};",
        CERTIFICATES: str(folder),
    }
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return text


def block(name: str) -> str:
    (found,) = re.findall(rf"^```{name}\n(.*?)^```", DEPLOY, re.M | re.S)
    return str(found)


def create_certificate(folder: Path) -> None:
    names = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    subprocess.run([*command, "-days", "1", "-subj", "/CN=localhost", *names], check=True, capture_output=True)


def answers(port: int) -> bool:
    try:
        return httpx.get(f"https://127.0.0.1:{port}/healthz", verify=ssl._create_unverified_context()).is_success
    except httpx.TransportError:
        return False
