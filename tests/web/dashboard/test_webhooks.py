"""Webhooks on their pages: an endpoint from its making to its end, and what was sent to it."""

from collections.abc import Iterator

import pytest
from standardwebhooks import Webhook

from tests.waiting import wait_until
from tests.web.dashboard.browsing import Visit
from tests.workers.chores.receiver import Receiver, receiving

pytestmark = pytest.mark.parametrize("system", ["postgresql"], indirect=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def test_an_endpoint_is_added_called_again_changed_and_deleted(visit: Visit, receiver: Receiver) -> None:
    page, url = visit.page, f"{receiver.url}/hook"
    receiver.statuses = [500]
    visit.go("/app/webhooks")
    page.get_by_label("URL").fill(url)
    page.get_by_label("job.cancelled").uncheck()
    page.get_by_role("button", name="Add endpoint").click()
    page.get_by_text("won’t be shown again").wait_for()
    secret = page.locator("[data-secret]").inner_text()
    page.get_by_role("link", name="Done").click()
    assert secret not in page.content()
    page.get_by_role("button", name="Send a test event").click()
    page.get_by_text("A test event is being sent").wait_for()
    wait_until(lambda: receiver.calls, what="the test event")
    Webhook(secret).verify(receiver.calls[0].body, receiver.calls[0].headers)
    wait_until(lambda: page.reload() and page.get_by_text("1: 500").count(), what="the first attempt to be shown")
    page.get_by_role("button", name="Send again").click()
    page.get_by_text("The webhook is being sent again").wait_for()
    wait_until(
        lambda: page.reload() and page.get_by_text("delivered", exact=True).count(), what="its delivery to be shown"
    )
    assert receiver.calls[-1].headers["webhook-id"] == receiver.calls[0].headers["webhook-id"]
    page.get_by_role("button", name="New secret").click()
    page.get_by_text("won’t be shown again").wait_for()
    assert page.locator("[data-secret]").inner_text() != secret
    page.get_by_role("link", name="Done").click()
    page.get_by_role("button", name="Disable").click()
    page.get_by_text("Disabled: by hand.").wait_for()
    page.get_by_label("job.failed").uncheck()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("was saved").wait_for()
    shown = next(one for one in visit.system.client.get("/api/webhooks").json()["items"] if one["url"] == url)
    assert (shown["events"], shown["disabled"]) == (["job.completed"], True)
    page.get_by_role("button", name="Enable").click()
    page.get_by_text("was enabled").wait_for()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete endpoint").click()
    page.get_by_text("was deleted").wait_for()
    assert url not in page.locator("main").inner_text()


def test_an_address_that_must_not_be_called_is_refused_beside_its_field(visit: Visit) -> None:
    page = visit.page
    visit.allowed = ("422",)
    visit.go("/app/webhooks")
    page.get_by_label("URL").fill("ftp://example.com/")
    page.get_by_role("button", name="Add endpoint").click()
    page.locator("#fault-url").wait_for()
    assert page.get_by_label("URL").input_value() == "ftp://example.com/"


def test_the_workspaces_own_secret_is_made_anew(visit: Visit) -> None:
    visit.go("/app/webhooks")
    visit.page.get_by_role("button", name="Create a new secret").click()
    visit.page.get_by_text("won’t be shown again").wait_for()
    assert visit.page.locator("[data-secret]").inner_text().startswith("whsec_")
