"""Budgets of calls as they are counted in Redis, and what happens while it is away."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask, g

from models.accounts import plans
from models.accounts.keys import Owner
from models.accounts.plans import Plan
from models.errors import RateLimited
from tests.fixtures.fake_redis import FakeRedis
from web import limits
from web.limits import UNLIMITED, WINDOW_SECONDS, CallBudget

PLANS = {"small": Plan("small", bulk_calls_per_hour=3), "unlimited": Plan("unlimited")}


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def small_plans(fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "of", PLANS.__getitem__)


def owner(workspace_id: int = 1, plan: str = "small") -> Owner:
    return cast(Owner, SimpleNamespace(workspace_id=workspace_id, plan=plan))


def test_each_call_takes_one_of_the_budget() -> None:
    assert limits.call_budget(owner()) == CallBudget(3, 3, WINDOW_SECONDS)
    limits.spend_call(owner())
    limits.spend_call(owner())
    budget = limits.call_budget(owner())
    assert (budget.limit, budget.remaining) == (3, 1)
    assert WINDOW_SECONDS - 5 <= budget.reset_seconds <= WINDOW_SECONDS


def test_a_call_beyond_the_budget_is_refused_and_says_when_to_come_back() -> None:
    for _ in range(3):
        limits.spend_call(owner())
    with pytest.raises(RateLimited) as refusal:
        limits.spend_call(owner())
    assert WINDOW_SECONDS - 5 <= refusal.value.retry_after <= WINDOW_SECONDS
    assert limits.call_budget(owner()).remaining == 0


def test_each_workspace_has_a_budget_of_its_own() -> None:
    for _ in range(3):
        limits.spend_call(owner(1))
    limits.spend_call(owner(2))
    assert limits.call_budget(owner(2)).remaining == 2


def test_an_unlimited_plan_asks_redis_for_nothing(fake_redis: FakeRedis) -> None:
    with fake_redis.away():
        limits.spend_call(owner(plan="unlimited"))
        assert limits.call_budget(owner(plan="unlimited")).limit == UNLIMITED
        assert limits.outage.until == 0.0


def test_while_redis_is_away_calls_pass_and_it_is_asked_once_a_second(
    fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    with fake_redis.away():
        monkeypatch.setattr(limits, "time", clock)
        for _ in range(10):
            limits.spend_call(owner())
        assert limits.outage.until == clock.now + limits.AWAY_SECONDS
    assert limits.call_budget(owner()).remaining == 3, "it is not asked again so soon"
    clock.now += limits.AWAY_SECONDS
    limits.spend_call(owner())
    assert limits.call_budget(owner()).remaining == 2


def test_every_response_to_a_key_shows_the_budget() -> None:
    app = Flask(__name__)
    with app.app_context():
        g.owner = owner()
        limits.spend_call(owner())
        headers: Any = limits.add_headers(app.response_class()).headers
    assert headers["RateLimit-Policy"] == '"bulk";q=3;w=3600'
    assert headers["RateLimit"].startswith('"bulk";r=2;t=')
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("3", "2")


def test_a_response_to_nobody_shows_no_budget() -> None:
    app = Flask(__name__)
    with app.app_context():
        assert "RateLimit" not in limits.add_headers(app.response_class()).headers
