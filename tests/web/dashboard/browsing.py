"""How tests use a browser: a visit that notes what the browser complains of, and looks at a page in all its forms."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, Page, Response, expect

from tests.system import System

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first one opens no windows, so a visit costs a quarter of what it costs in the others."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
RULES = {"resultTypes": ["violations"]}
GRAVE = ("serious", "critical")
PATIENCE_MS = 30_000
INTERRUPTED = "interrupted by another navigation"

axe = Axe()
expect.set_options(timeout=PATIENCE_MS)


@dataclass(slots=True)
class Visit:
    """One person's browser at one system."""

    page: Page
    system: System
    complaints: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = ()
    """Parts of complaints that a test brings about on purpose."""

    def go(self, path: str) -> Response:
        try:
            answer = self.page.goto(self.system.url + path)
        except Error as error:
            # The page of a job loads itself again when the job ends, perhaps at this very moment.
            if INTERRUPTED not in error.message:
                raise
            answer = self.page.goto(self.system.url + path)
        assert answer
        return answer

    def sign_in(self, token: str) -> None:
        self.go("/app/sign-in")
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("button", name="Sign out").wait_for()

    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(part in text for part in self.allowed)]


@contextmanager
def visiting(browser: Browser, system: System, **options: Any) -> Iterator[Visit]:
    context = browser.new_context(viewport=options.pop("viewport", WIDE), **options)
    context.set_default_timeout(PATIENCE_MS)
    visit = Visit(context.new_page(), system)
    _listen(visit)
    try:
        yield visit
    finally:
        context.close()
    assert visit.unexpected() == [], visit.unexpected()


def look_closely(visit: Visit, path: str) -> None:
    """A page in all its forms, as it comes."""
    assert visit.go(path).status == 200, path
    look_around(visit, path)


def look_around(visit: Visit, path: str) -> None:
    """A page in light, in dark and on a phone: nothing hinders anybody, nothing sticks out, it has its parts."""
    page = visit.page
    for scheme, size in (("light", WIDE), ("dark", WIDE), ("light", PHONE)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert hindrances(page) == [], (path, scheme, size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], (path, size)
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    assert page.locator("h1").count() == 1, path
    assert page.title().endswith("· Linkmill")


def hindrances(page: Page) -> list[str]:
    found = axe.run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in GRAVE]


def _listen(visit: Visit) -> None:
    """Whatever the console says of errors and of the policy is noted, and any dialog: no page of ours opens one."""

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            visit.complaints.append(message.text)

    def opened(dialog: Dialog) -> None:
        visit.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    visit.page.on("console", heard)
    visit.page.on("pageerror", lambda error: visit.complaints.append(f"script: {error}"))
    visit.page.on("dialog", opened)
