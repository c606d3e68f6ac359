"""Reads deploy/Dockerfile, and does in a folder what it does in an image."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from tests import ROOT

DOCKERFILE = ROOT / "deploy" / "Dockerfile"


class Instruction(NamedTuple):
    """One instruction, such as COPY, and its text."""

    word: str
    text: str

    @property
    def command(self) -> list[str]:
        """The words of a command that is given as a JSON list."""
        words: list[str] = json.loads(self.text[self.text.index("[") :])
        return words


def instructions() -> list[Instruction]:
    """Return those of the last stage: the image."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found = [Instruction(*line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]
    start = max(number for number, one in enumerate(found) if one.word == "FROM")
    return found[start:]


def only(word: str) -> Instruction:
    (instruction,) = [one for one in instructions() if one.word == word]
    return instruction


def environment() -> dict[str, str]:
    """The variables that the image sets, apart from PATH."""
    pairs = [pair.split("=", 1) for pair in only("ENV").text.split()]
    return {name: value for name, value in pairs if name != "PATH"}


def copied_names() -> list[str]:
    """What is copied from the checkout into the folder of the application."""
    names: list[str] = []
    for one in instructions():
        if one.word == "COPY" and not one.text.startswith("--from"):
            names += one.text.split()[:-1]
    return names


def copy_into(folder: Path) -> None:
    for name in copied_names():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)


def run_command() -> list[str]:
    """The command that the image runs once the files are there, with this Python."""
    (command,) = [one.text for one in instructions() if one.word == "RUN" and ".venv" in one.text]
    return command.replace(".venv/bin/python", sys.executable).split()
