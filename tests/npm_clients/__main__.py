"""`make clients`: Dub's and Short.io's packages for Node.js call a running system, and check what it answers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from tests.system import System, running_system

HERE = Path(__file__).parent
SCRIPTS = ("dub.js", "short_io.js")
INSTALL = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent")


def main() -> int:
    if not (shutil.which("node") and shutil.which("npm")):
        sys.exit("Node.js and npm are needed: https://nodejs.org/")
    with TemporaryDirectory(prefix="linkmill-npm-") as name:
        folder = Path(name)
        install(folder)
        return max(run(folder, script) for script in SCRIPTS)


def install(folder: Path) -> None:
    for name in ("package.json", *SCRIPTS):
        shutil.copy(HERE / name, folder)
    subprocess.run(INSTALL, cwd=folder, check=True)


def run(folder: Path, script: str) -> int:
    """Run a script against a new system, and return its status."""
    print(f"{script}:", flush=True)
    data = folder / f"{script}.data"
    data.mkdir()
    with running_system(data, f"sqlite:///{data}/linkmill.db") as system:
        return subprocess.run(
            ["node", script], cwd=folder, env=os.environ | environment(system), check=False
        ).returncode


def environment(system: System) -> dict[str, str]:
    domain = urlsplit(system.url).netloc
    return {"SERVER": system.url, "TOKEN": system.key["token"], "DOMAIN": domain}


if __name__ == "__main__":
    sys.exit(main())
