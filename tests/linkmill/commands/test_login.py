"""Where the server and the key come from, and who gets to see the key."""

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.linkmill import relay
from tests.linkmill.shell import linkmill, on_a_terminal
from tests.system import System

pytestmark = pytest.mark.parametrize("system", ["postgresql"], indirect=True)


def kept(folder: Path) -> Path:
    return folder / "linkmill" / "config.toml"


def nobody(folder: Path) -> dict[str, Any]:
    return {"XDG_CONFIG_HOME": str(folder), "LINKMILL_KEY": "", "LINKMILL_SERVER": ""}


@pytest.mark.parametrize("terminal", [True, False])
def test_a_login_is_kept_for_this_user_alone_and_never_shown(system: System, tmp_path: Path, terminal: bool) -> None:
    words, token = ("login", "--server", system.url), system.key["token"]
    if terminal:
        code, shown = on_a_terminal(system, *words, asked="Key for", typed=f"{token}\n", **nobody(tmp_path))
    else:
        done = linkmill(system, *words, given=token, **nobody(tmp_path))
        code, shown = done.returncode, done.stderr + done.stdout
    assert code == 0, shown
    assert token not in shown
    assert stat.S_IMODE(kept(tmp_path).stat().st_mode) == 0o600
    assert linkmill(system, "jobs", "--limit", 1, **nobody(tmp_path)).returncode == 0


def test_a_wrong_key_is_not_kept(system: System, tmp_path: Path) -> None:
    done = linkmill(system, "login", "--server", system.url, given="lm_wrong\n", **nobody(tmp_path))
    assert (done.returncode, "does not know this key" in done.stderr) == (2, True)
    assert not kept(tmp_path).exists()


def test_a_kept_key_is_shown_to_its_own_server_only(system: System, tmp_path: Path) -> None:
    linkmill(system, "login", "--server", system.url, given=system.key["token"], **nobody(tmp_path))
    with relay.between(system.url) as other:
        done = linkmill(system, "jobs", "--server", other.url, **nobody(tmp_path))
        assert (done.returncode, bytes(other.sent)) == (2, b"")
    assert f"no key for {other.url}" in done.stderr


@pytest.mark.parametrize("written", ["first-key.json", "token"])
def test_a_key_file_may_be_what_the_server_wrote_or_the_key_itself(
    system: System, tmp_path: Path, written: str
) -> None:
    path = tmp_path / written
    path.write_text(f"{system.key['token']}\n" if written == "token" else (system.data_dir / written).read_text())
    where = nobody(tmp_path) | {"LINKMILL_SERVER": system.url}
    assert linkmill(system, "jobs", "--limit", 1, "--key-file", path, **where).returncode == 0


@pytest.mark.parametrize(
    ("text", "said"), [("server = ", "cannot be read"), ('server = "ftp://x"', "must look like https://")]
)
def test_a_bad_file_is_named(system: System, tmp_path: Path, text: str, said: str) -> None:
    kept(tmp_path).parent.mkdir()
    kept(tmp_path).write_text(text)
    done = linkmill(system, "jobs", **nobody(tmp_path))
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
