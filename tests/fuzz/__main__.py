"""Fuzzes each target for some time, guided by coverage. What breaks one is kept as a file, and so as a test."""

import argparse
import subprocess
import sys
from pathlib import Path

from tests.fuzz.targets import TARGETS, seeds

FINDS = Path(__file__).parent / "finds"
LONGEST_INPUT = 2048  # bytes
SLOWEST_SECONDS = 10


def main() -> int:
    options = read_options()
    names = options.target or list(TARGETS)
    good = [run(name, options.seconds // len(names), options.folder) for name in names]
    return 0 if all(good) else 1


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for all targets together")
    parser.add_argument("--target", action="append", choices=TARGETS)
    parser.add_argument("--folder", type=Path, default=Path(".fuzz"), help="where inputs that found new ways are kept")
    return parser.parse_args()


def run(name: str, seconds: int, folder: Path) -> bool:
    """Fuzz a target in a process of its own, which ends at the first find; return whether there was none."""
    inputs = folder / name
    inputs.mkdir(parents=True, exist_ok=True)
    finds = FINDS / name
    finds.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()[name]):
        (inputs / f"seed-{number}").write_bytes(seed)
    limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}", f"-timeout={SLOWEST_SECONDS}"]
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(inputs), *limits]
    result = subprocess.run([*command, f"-artifact_prefix={finds}/"], stderr=subprocess.PIPE, text=True)
    last = [line for line in result.stderr.splitlines() if line.startswith(("#", "Done"))][-1:]
    print(f"{name:10} {'nothing' if result.returncode == 0 else 'A FIND'}  {' '.join(last)}", flush=True)
    if result.returncode:
        print(result.stderr[-3000:], file=sys.stderr)
    if not any(finds.iterdir()):
        finds.rmdir()
    return result.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
