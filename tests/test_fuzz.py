"""The targets of `make fuzz`: they take what they begin with, and everything that once broke them."""

from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS, seeds

FINDS = Path(__file__).parent / "fuzz" / "finds"


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_what_it_begins_with(name: str) -> None:
    for seed in seeds()[name]:
        TARGETS[name](seed)


@pytest.mark.parametrize("path", sorted(FINDS.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_broke_a_target_breaks_it_no_more(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())
