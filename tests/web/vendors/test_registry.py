"""The registry: which vendors there are, and what a PLANS file may say about them."""

from pathlib import Path

import pytest

from models.accounts import plans
from models.accounts.plans import Plan
from models.errors import SettingsError
from tests.fixtures.processes import process_environment
from web import create_app
from web.vendors import BATCH_LIMITS, MODULES, VENDORS, check_plans


def test_each_vendor_has_the_name_of_its_file() -> None:
    assert tuple(vendor.name for vendor in VENDORS) == MODULES


def test_batch_limits_are_those_that_vendors_document() -> None:
    documented = {
        "awsys": 1_000,
        "awsys_sdk": 1_000,
        "url_shortify": 50,
        "rebrandly": 50_000,
        "snipurl": 50,
        "dub": 100,
        "short_io": 1_000,
    }
    assert documented.items() <= BATCH_LIMITS.items()


def test_a_plan_overrides_a_batch_limit() -> None:
    plan = Plan("pro", batch={"dub": 7})
    assert plan.batch_limit("dub", BATCH_LIMITS["dub"]) == 7
    assert plan.batch_limit("snipurl", BATCH_LIMITS["snipurl"]) == 50


def test_a_plans_file_may_name_every_vendor(tmp_path: Path) -> None:
    path = tmp_path / "plans.toml"
    path.write_text("[pro.batch]\n" + "\n".join(f"{name} = 5" for name in BATCH_LIMITS))
    with process_environment({"PLANS": str(path)}):
        check_plans()
        assert dict(plans.of("pro").batch) == dict.fromkeys(BATCH_LIMITS, 5)


def test_a_plans_file_with_an_unknown_vendor_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "plans.toml"
    path.write_text("[pro.batch]\nbitly = 5")
    with process_environment({"PLANS": str(path)}), pytest.raises(SettingsError) as refusal:
        create_app()
    start, _, problem = str(refusal.value).partition("[pro.batch]")
    assert start == f"PLANS='{path}': expected a TOML file of plans: "
    assert problem == f" has the unknown vendor 'bitly'; the vendors are {', '.join(sorted(BATCH_LIMITS))}"
