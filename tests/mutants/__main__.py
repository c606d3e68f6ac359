"""Runs the fast tests on a sample of mutants of the rules and the state changes, and prints those that survive.

mutmut works on a copy of the checkout, so that nothing here is ever changed.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import ROOT

MUTATED = (
    "producer/rules/defaults.py",
    "producer/rules/hostnames.py",
    "producer/rules/item_errors.py",
    "producer/rules/judging.py",
    "producer/rules/keys.py",
    "producer/rules/order.py",
    "producer/rules/short_urls.py",
    "workers/shards/draft.py",
    "models/jobs/leases.py",
    "models/jobs/runs.py",
)
TESTS = (
    "tests/producer/rules",
    "tests/producer/test_control.py",
    "tests/models/jobs/test_job_progress.py",
    "tests/models/jobs/test_leases.py",
    "tests/models/jobs/test_order.py",
    "tests/models/jobs/test_runs.py",
    "tests/workers/shards/test_attempts.py",
    "tests/workers/shards/test_create.py",
    "tests/workers/shards/test_draft.py",
    "tests/workers/shards/test_failed_attempts.py",
    "tests/workers/shards/test_own_domains.py",
    "tests/workers/shards/test_reuse.py",
    "tests/workers/shards/test_undo.py",
)
SOURCES = ("models", "producer", "workers")
BESIDE = ("web", "runner", "linkmill", "tests", "celeryconfig.py", "flowerconfig.py", "Procfile", "pyproject.toml")
# SQLite only: a server of PostgreSQL cannot be shared by the processes of mutmut.
ARGUMENTS = ("-q", "-x", "-p", "no:schemathesis", "-k", "not postgresql")
EXAMPLES = "0.1"
OUT_OF_REACH = ("models.jobs.leases.x__claim__", "models.jobs.leases.x__waiting__")
"""Mutants of functions that build a statement once, before the processes of mutmut fork: they are never called."""
SURVIVED = 0
NO_TESTS = (5, 33)
LONGEST_LOG = 5_000  # characters of the end
WIDTHS = (30, 8, 7, 9, 9, 6)


def main() -> int:
    options = read_options()
    with TemporaryDirectory(prefix="mutants-") as name:
        tree = Path(name)
        copy_checkout(tree)
        mutmut = Mutmut(options.mutmut, tree, options.children)
        mutmut.run("none")  # makes all mutants, and runs none
        names = [name for name in sorted(results(tree)) if not name.startswith(OUT_OF_REACH)]
        sample = names
        if options.sample:
            sample = random.Random(options.seed).sample(names, min(options.sample, len(names)))
        print(f"{len(sample)} of {len(names)} mutants, seed {options.seed}", flush=True)
        mutmut.run(*sample)
        if all(results(tree)[name] is None for name in sample):
            print(mutmut.log(), file=sys.stderr)
            return 1
        report(tree, sample, mutmut)
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--mutmut", required=True, help="the program")
    parser.add_argument("--sample", type=int, default=300, help="how many mutants; 0 for all")
    parser.add_argument("--seed", type=int, default=1, help="the same seed takes the same mutants of the same code")
    parser.add_argument("--children", type=int, default=2)
    return parser.parse_args()


def copy_checkout(tree: Path) -> None:
    """Copy what git tracks, with a configuration of mutmut beside it."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in tracked.split("\0")[:-1]:
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    lists = {
        "source_paths": SOURCES,
        "only_mutate": MUTATED,
        "also_copy": BESIDE,
        "pytest_add_cli_args": ARGUMENTS,
        "pytest_add_cli_args_test_selection": TESTS,
    }
    lines = ["[mutmut]"]
    for name, values in lists.items():
        lines += [f"{name}=", *(f"    {value}" for value in values)]
    (tree / "setup.cfg").write_text("\n".join(lines) + "\n")


class Mutmut:
    """The program, in a copy of the checkout."""

    def __init__(self, program: str, tree: Path, children: int) -> None:
        self.program = str(Path(program).absolute())
        self.tree = tree
        self.children = children
        self.environment = os.environ | {"EXAMPLES": EXAMPLES}

    def run(self, *names: str) -> None:
        with (self.tree / "log").open("w") as log:
            command = [self.program, "run", "--max-children", str(self.children), *names]
            subprocess.run(command, cwd=self.tree, env=self.environment, stdout=log, stderr=log)

    def log(self) -> str:
        return (self.tree / "log").read_text()[-LONGEST_LOG:]

    def show(self, name: str) -> str:
        command = [self.program, "show", name]
        shown = subprocess.run(command, cwd=self.tree, env=self.environment, capture_output=True, text=True).stdout
        return "\n".join(line for line in shown.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def results(tree: Path) -> dict[str, int | None]:
    """The exit code of the tests for each mutant, None for those that were not run."""
    codes: dict[str, int | None] = {}
    for path in tree.glob("mutants/**/*.meta"):
        codes |= json.loads(path.read_text())["exit_code_by_key"]
    return codes


def report(tree: Path, sample: list[str], mutmut: Mutmut) -> None:
    """Print a line for each module, and each survivor as a difference."""
    codes = results(tree)
    counts: dict[str, Counter[str]] = {}
    for name in sample:
        module = name.rpartition(".")[0]
        verdict = verdict_of(codes[name])
        counts.setdefault(module, Counter())[verdict] += 1
        if verdict == "survived":
            print(f"\n{name}\n{mutmut.show(name)}", flush=True)
    print()
    print(line(("module", "mutants", "killed", "survived", "no tests", "score")))
    total = Counter[str]()
    for module, counted in sorted(counts.items()):
        print(row(module, counted))
        total += counted
    print(row("all", total))


def verdict_of(code: int | None) -> str:
    if code is None:
        return "not run"
    if code in NO_TESTS:
        return "no tests"
    return "survived" if code == SURVIVED else "killed"


def row(module: str, counted: Counter[str]) -> str:
    ran = counted["killed"] + counted["survived"] + counted["no tests"]
    score = f"{counted['killed'] / ran:.0%}" if ran else ""
    return line((module, counted.total(), counted["killed"], counted["survived"], counted["no tests"], score))


def line(values: tuple[object, ...]) -> str:
    return "  ".join(str(value).ljust(width) for value, width in zip(values, WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
