"""Documents name files, settings, commands and routes that exist, and links between them work."""

import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from models.settings import Settings
from tests.shared_app import shared_app

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path for pattern in ("*.md", "docs/*.md", "docs/decisions/*.md") for path in ROOT.glob(pattern) if path.is_file()
)
SOURCES = ("*.py", "*.toml", "Makefile", "Procfile", "requirements*.txt", ".ci/run")
FOLDERS = ("models", "producer", "workers", "web", "runner", "linkmill", "deploy", "tests", "docs")
OF_USERS = {"urls.csv", "plans.toml", "results.csv", "results.ndjson", "texts.toml", "country.mmdb", "first-key.json"}
OF_OTHERS = ("AWS_", "FLOWER_BROKER_API", "OTEL_")
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"(?:[\w.-]+/)*[\w.-]+\.(?:py|md|toml|txt|html|css|js|yaml|ini)|(?:[\w-]+/)+")
UPPER = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
CALL = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD) (/[^\s?]*)")
MAKE = re.compile(r"\bmake ([a-z]+)")
TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(params=DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def document(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text()):
        if target.startswith(("http:", "https:")):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        assert path.exists(), f"{document.name} links to {target}"
        if anchor:
            assert anchor in anchors(path), f"{document.name} links to {target}"


def test_files_that_are_named_exist(document: Path) -> None:
    for name in code_words(document):
        if not FILE.fullmatch(name) or name.removeprefix("DATA_DIR/") in OF_USERS:
            continue
        beside = (document.parent / name, ROOT / name, ROOT / "docs" / name)
        nested = [path for folder in FOLDERS for path in (ROOT / folder).rglob(name)]
        assert nested or any(path.exists() for path in beside), f"{document.name} names {name}"


def test_names_in_capitals_exist_in_the_code(document: Path) -> None:
    for word in code_words(document):
        for name in UPPER.findall(word):
            assert name.startswith(OF_OTHERS) or name in capitals(), f"{document.name} names {name}"


def test_targets_of_make_that_are_named_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for code in (*code_words(document), *blocks(document)) for name in MAKE.findall(code)}
    assert named <= targets


def test_calls_that_are_named_have_a_route(document: Path) -> None:
    routes = shared_app().url_map.bind("localhost")
    for word in code_words(document):
        for method, path in CALL.findall(word):
            sample = re.sub(r"\{[^}]*\}", "1-1-x" if "/links/" in path else "1", path)
            if "…" in sample:
                continue
            try:
                endpoint, _ = routes.match(sample, method)
            except RequestRedirect:
                continue
            except (NotFound, MethodNotAllowed):
                pytest.fail(f"{document.name} names {method} {path}")
            assert endpoint


@pytest.mark.parametrize(("walk", "limit"), [("A file becomes links", 8), ("A redirect", 5), ("A job's status", 5)])
def test_the_walks_of_the_architecture_are_short_and_connected(walk: str, limit: int) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    (paragraph,) = [part for part in text.split("\n\n") if part.startswith(f"**{walk}.**")]
    files = [ROOT / name for name in CODE.findall(paragraph) if name.endswith(".py")]
    assert 2 < len(files) <= limit
    for place, path in enumerate(files[1:], 1):
        earlier = files[:place]
        # A task is not called by name: it names what sent its message.
        is_connected = any(names_module(other, path) or names_module(path, other) for other in earlier)
        assert is_connected, f"no file before {path.name} names it"


def test_every_setting_is_documented() -> None:
    table = (ROOT / "docs" / "settings.md").read_text()
    names = {field.name.upper() for field in fields(Settings)} - {"REDIS_EMBEDDED", "BASE_URL_IS_SET"}
    assert {name for name in names if f"`{name}`" not in table} == set()


def test_every_document_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text() + (ROOT / "docs" / "decisions" / "README.md").read_text()
    for path in sorted((ROOT / "docs").rglob("*.md")):
        assert path.name == "README.md" or f"{path.name})" in index, path


def test_tests_that_are_named_exist(document: Path) -> None:
    for path, name in TEST.findall(document.read_text()):
        assert f"def {name}(" in (ROOT / path).read_text(), f"{document.name} names {path}::{name}"


def test_every_promise_names_a_test_that_shows_it() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    _, _, rows = text.partition("| promise | tests that show it |\n|---|---|\n")
    promises = rows.partition("\n\n")[0].splitlines()
    assert len(promises) > 5
    assert [promise for promise in promises if not TEST.search(promise)] == []


def names_module(path: Path, other: Path) -> bool:
    return re.search(rf"\b{other.stem}\b", path.read_text()) is not None


def code_words(document: Path) -> list[str]:
    """What stands in backticks outside of blocks."""
    return CODE.findall(BLOCK.sub("", document.read_text()))


def blocks(document: Path) -> list[str]:
    return BLOCK.findall(document.read_text())


def anchors(document: Path) -> set[str]:
    """The headings of a document, as links name them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def capitals() -> frozenset[str]:
    """Every name in capitals in our sources, and every setting."""
    text = "".join(path.read_text() for path in source_files())
    settings = {field.name.upper() for field in fields(Settings)}
    return frozenset(UPPER.findall(text)) | settings


def source_files() -> Iterator[Path]:
    for pattern in SOURCES:
        yield from ROOT.glob(pattern)
    for folder in FOLDERS:
        yield from (ROOT / folder).rglob("*.py")
