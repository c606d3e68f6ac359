"""What a workspace is told about its plan."""

from dataclasses import replace

from models.accounts.keys import Owner
from producer.resources import workspace

BATCH_LIMITS = {"url_shortify": 50, "dub": 100}


def test_an_unlimited_number_is_null(owner: Owner) -> None:
    limits = workspace.describe_workspace(owner, BATCH_LIMITS, None)["limits"]
    assert (limits["bulk_calls_per_hour"], limits["links_per_hour"], limits["total_links"]) == (None, None, None)


def test_the_plan_and_the_calls_of_this_hour_are_shown(owner: Owner) -> None:
    document = workspace.describe_workspace(replace(owner, plan="pro"), BATCH_LIMITS, 3)
    assert (document["plan"], document["limits"]["bulk_calls_per_hour"]) == ("pro", 50)
    assert document["use"]["bulk_calls"] == 3


def test_the_limit_of_a_url_shortify_call_is_the_workspaces_own_once_it_is_set(owner: Owner) -> None:
    def bulk_limit() -> int:
        return int(workspace.describe_workspace(owner, BATCH_LIMITS, None)["limits"]["bulk_limit"])

    assert bulk_limit() == 50
    workspace.set_bulk_limit(owner, 200)
    assert bulk_limit() == 200
    workspace.set_bulk_limit(owner, None)
    assert bulk_limit() == 50
