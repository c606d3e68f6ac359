"""What a reader pastes from the documents works. Every block runs here or in another test, or its list says why not."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import which
from typing import NamedTuple

import pytest

from models import settings
from models.accounts import plans
from tests import ROOT
from tests.fixtures.processes import process_environment
from tests.system import System
from tests.web.commands import flask, new_key
from web.visitors import texts

BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)

SCRIPT = ("README.md", "docs/jobs.md", "docs/webhooks.md", "docs/cli.md")
"""Their shell blocks run one after the other, as a reader of these pages in this order would paste them."""
COMMANDS = ("docs/deploy.md", "docs/operate.md", "docs/settings.md")
SETTINGS = ("docs/deploy.md", "docs/operate.md", "docs/settings.md")
FLASK = ".venv/bin/flask --app web "
ASSIGNMENTS = re.compile(r"([A-Z_]+=\S+\n)+")

NAME_LENGTH = 40
ELSEWHERE = {
    "pip install path/to/a/clone     # or git": "tests/linkmill/test_installed.py",
    "linkmill push export.csv --out results.c": "tests/linkmill/verify/test_command.py",
    "linkmill push export.csv --domain go.exa": "tests/linkmill/verify/test_command.py",
    "linkmill verify results.csv --old-site h": "tests/linkmill/verify/test_command.py",
    ".venv/bin/flask --app web backup /backup": "tests/web/ops/test_moving.py",
    ".venv/bin/flask --app web copy --to post": "tests/web/ops/test_moving.py",
    ".venv/bin/flask --app web partition item": "tests/web/ops/test_partitioning.py",
    ".venv/bin/flask --app web partition link": "tests/web/ops/test_partitioning.py",
    "import os": "tests/web/api/test_webhooks.py",
    'const { createServer } = require("node:h': "tests/web/api/test_webhooks.py",
    "listen 443 ssl backlog=4096;": "tests/deploy/test_one_server.py",
    "server {": "tests/deploy/test_one_server.py",
    "server 127.0.0.1:8000;": "tests/deploy/test_one_server.py",
    "rule_files: [alerts.yaml]": "tests/deploy/test_watching.py",
    "from awsysco import Client": "tests/web/vendors/test_clients.py",
}
"""The names of blocks, and the tests that run what they do."""
NOT_HERE = {
    "make run": "installs a clone; tests.system starts the same processes",
    "make run ONLY=web,beat": "ends only with Ctrl-C; tests/runner/test_main.py reads --only",
    "useradd --system --home-dir /var/lib/lin": "needs root",
    "chmod 600 /etc/linkmill/linkmill.env": "needs systemd",
    "sudo -u postgres createuser linkmill": "needs a PostgreSQL of the machine",
    "sudo -u postgres createuser --pwprompt l": "needs a PostgreSQL of the machine",
    "set -a; . /etc/linkmill/linkmill.env; se": "needs systemd",
    "docker build -f deploy/Dockerfile -t lin": "needs Docker",
    "printf 'POSTGRES_PASSWORD=%s\\nSTORE_PASS": "needs Docker",
    "kubectl create secret generic linkmill \\": "needs Kubernetes",
    "externalRules:": "needs Kubernetes",
    "make run 2>&1 | grep --line-buffered ord": "ends only with Ctrl-C",
    ".venv/bin/pip install -r requirements-ot": "needs the network",
    "openssl rand -base64 32 > /etc/linkmill/": "needs root",
    "CREATE FUNCTION fill(salt text, count in": "needs psql and a million links",
}
"""The names of blocks that cannot run in a test, each with its reason."""


class Block(NamedTuple):
    """A block of a document that a reader would paste."""

    document: str
    language: str
    text: str

    @property
    def name(self) -> str:
        """The beginning of its first line."""
        return self.text.strip().partition("\n")[0][:NAME_LENGTH]

    @property
    def is_commands(self) -> bool:
        return self.document in COMMANDS and all(line.startswith(FLASK) for line in self.text.splitlines())

    @property
    def is_settings(self) -> bool:
        return self.document in SETTINGS and ASSIGNMENTS.fullmatch(self.text) is not None

    @property
    def runs_here(self) -> bool:
        in_script = self.language == "sh" and self.document in SCRIPT
        return in_script or self.is_commands or self.is_settings or self.language in ("toml", "sql", "python")


def read_blocks() -> list[Block]:
    """Return the blocks with a language, in the order of SCRIPT first. Diagrams and output have none."""
    others = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))]
    documents = dict.fromkeys([*SCRIPT, *others])
    blocks: list[Block] = []
    for document in documents:
        blocks += [Block(document, *found) for found in BLOCK.findall((ROOT / document).read_text())]
    return blocks


ALL_BLOCKS = read_blocks()
BLOCKS = [block for block in ALL_BLOCKS if block.name not in ELSEWHERE and block.name not in NOT_HERE]
"""Those that run here."""
ON_SQLITE = pytest.mark.parametrize("system", ["sqlite"], indirect=True)


def test_every_block_runs_or_its_list_says_why_not() -> None:
    assert [block for block in BLOCKS if not block.runs_here] == []
    names = {block.name for block in ALL_BLOCKS}
    assert {*ELSEWHERE, *NOT_HERE} <= names
    assert [path for path in ELSEWHERE.values() if not (ROOT / path).is_file()] == []


SHELL = """
set -euo pipefail
curl() { command curl --fail-with-body --max-time 60 "$@"; }
linkmill() {
    case $1 in update) set -- "$@" --yes;; esac  # a reader at a terminal is asked
    command linkmill "$@" || [ $? = 1 ]  # rows fail
}
printf 'slug,title\\nblue,Widget\\n' > changes.csv
printf 'a\\tb\\turl\\n1\\t2\\thttps://example.com/\\n1\\t2\\tnowhere\\n' > export.tsv
"""


@pytest.mark.skipif(not which("curl"), reason="needs curl")
@ON_SQLITE
def test_the_blocks_for_a_shell_run(system: System, tmp_path: Path) -> None:
    key = new_key(system, "--workspace", "reader")
    (tmp_path / "var").mkdir()
    (tmp_path / "var/first-key.json").write_text(json.dumps(key))
    script = "".join(block.text for block in BLOCKS if block.language == "sh" and block.document in SCRIPT)
    for text, here in (
        (".venv/bin/linkmill", "linkmill"),
        ("linkmill undo 4711", "linkmill undo $JOB"),
        ("localhost:8000", system.url.removeprefix("http://")),
        ("https://example.com/hooks/linkmill", "http://127.0.0.1:9/hooks"),
    ):
        assert text in script
        script = script.replace(text, here)
    environment = os.environ | {
        "LINKMILL_SERVER": system.url,
        "LINKMILL_KEY": key["token"],
        "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    done = subprocess.run(
        ["bash", "-c", SHELL + script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with (tmp_path / "results.csv").open(newline="") as file:
        codes = [row["error_code"] for row in csv.DictReader(file)]
    assert codes[1:] == ["", "INVALID_URL"]  # the first has its slug since the first push
    assert "HTTP/1.1 302" in done.stdout


@ON_SQLITE
def test_the_commands_of_an_operator_run(system: System) -> None:
    lines = [line for block in BLOCKS if block.is_commands for line in block.text.splitlines()]
    for line in lines:
        command = line.removeprefix(FLASK)
        if command.startswith("keys revoke "):
            command = f"keys revoke {new_key(system, '--workspace', 'shop')['id']}"
        if command.startswith("workspaces delete "):
            command += " --yes"
        done = flask(system, *command.split())
        assert done.returncode == 0, (line, done.stderr)


def test_the_settings_are_valid() -> None:
    blocks = [block for block in BLOCKS if block.is_settings]
    assert len(blocks) == 5
    for block in blocks:
        pairs = (line.split("=", 1) for line in block.text.splitlines())
        settings.load({name: value.strip('"') for name, value in pairs})


def test_the_files_of_plans_and_of_texts_are_valid(tmp_path: Path) -> None:
    blocks = {block.document: block.text for block in BLOCKS if block.language == "toml"}
    (tmp_path / "plans.toml").write_text(blocks.pop("docs/links.md"))
    (tmp_path / "texts.toml").write_text(blocks.pop("docs/operate.md"))
    assert blocks == {}
    with process_environment({"DATA_DIR": str(tmp_path), "PLANS": str(tmp_path / "plans.toml")}):
        assert plans.of("agency").links_per_hour == 200_000
        assert texts.get("language") == "nl"


@pytest.mark.parametrize("system", ["postgresql"], indirect=True)
def test_the_queries_run(system: System) -> None:
    for block in (block for block in BLOCKS if block.language == "sql"):
        for statement in filter(str.strip, block.text.split(";")):
            system.sql(statement)


@ON_SQLITE
def test_the_library_is_used_as_its_page_says(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = [block for block in BLOCKS if block.language == "python"]
    (tmp_path / "urls.csv").write_text("url\nhttps://example.com/library\n")
    monkeypatch.chdir(tmp_path)
    code = block.text.replace("https://links.example.com", system.url)
    exec(code, {"key": system.key["token"]})
    assert system.url in capsys.readouterr().out
