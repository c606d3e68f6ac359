"""Plans: the numbers that are built in, and the file that overrides them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models import settings
from models.accounts import plans
from models.accounts.plans import Plan
from models.errors import SettingsError
from tests import ROOT

Read = Callable[[str], dict[str, Plan]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    """The plans of a file with this text."""
    path = tmp_path / "plans.toml"

    def table(text: str) -> dict[str, Plan]:
        path.write_text(text)
        monkeypatch.setenv("PLANS", str(path))
        settings.get.cache_clear()
        plans.table.cache_clear()
        return plans.table()

    yield table
    monkeypatch.undo()
    settings.get.cache_clear()
    plans.table.cache_clear()


def test_the_built_in_plans_have_the_documented_numbers() -> None:
    pro, builder, enterprise = (plans.BUILT_IN[name] for name in ("pro", "builder", "enterprise"))
    assert (pro.bulk_calls_per_hour, pro.links_per_day, pro.links_per_hour) == (50, 10_000, 0)
    assert (builder.bulk_calls_per_hour, builder.links_per_hour, builder.links_per_day) == (500, 50_000, 0)
    assert not enterprise.limited
    assert not enterprise.bulk_calls_per_hour
    assert {plan.longest_ttl for plan in plans.BUILT_IN.values()} == {90 * 86_400}


def test_a_file_changes_what_it_names_and_nothing_else(read: Read) -> None:
    table = read("[pro]\nlinks_per_day = 5\n[pro.batch]\ndub = 7\n")
    assert table["pro"] == Plan("pro", bulk_calls_per_hour=50, links_per_day=5, batch={"dub": 7})
    assert table["builder"] == plans.BUILT_IN["builder"]


def test_a_file_may_add_a_plan(read: Read) -> None:
    assert read("[tiny]\ntotal_links = 3\n")["tiny"] == Plan("tiny", total_links=3)


def test_a_workspace_whose_plan_was_removed_is_on_the_default_one(read: Read) -> None:
    read("")
    assert plans.of("gone") == plans.BUILT_IN["builder"]


INVALID = [
    "nonsense",
    "pro = 5",
    "[pro]\nlinks_per_day = -1",
    "[pro]\nlinks_per_day = 1.5",
    '[pro]\nlinks_per_day = "5"',
    "[pro]\nlinks_per_day = true",
    "[pro]\nlinks_per_day = 99999999999999999999",
    "[pro]\nlinks_a_day = 5",
    '[pro]\nname = "x"',
    "[pro]\nbatch = 5",
    "[pro.batch]\ndub = -5",
]


@pytest.mark.parametrize("text", INVALID)
def test_an_invalid_file_is_refused(read: Read, text: str) -> None:
    with pytest.raises(SettingsError, match=r"^PLANS='.*': expected a TOML file of plans: "):
        read(text)


def test_a_folder_or_a_missing_file_is_refused() -> None:
    for path in (ROOT, ROOT / "nowhere.toml"):
        with pytest.raises(SettingsError, match="PLANS="):
            settings.load({"PLANS": str(path)})
