"""Test data that others collected. README.md says where each file comes from."""

import json
from pathlib import Path
from typing import Any


def read_corpus(name: str) -> Any:
    return json.loads((Path(__file__).parent / f"{name}.json").read_text())
