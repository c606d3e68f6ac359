"""The texts of pages: each stands in a template, or in the one file of phrases."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import web.dashboard
from producer.rules.item_errors import FIELDS_OF_CODE
from web.dashboard.frame import phrases
from web.dashboard.frame.phrases import ERROR_TEXTS

FOLDER = Path(web.dashboard.__file__).parent
SENTENCE = re.compile(r"[A-Z][a-z].* .*")
OTHERS = ("Groups and tags", "An example")
"""The name of a page, which stands with its path, and a cell of the file that people start from."""


def test_no_module_of_a_page_has_texts_of_its_own() -> None:
    for path in sorted(FOLDER.rglob("*.py")):
        if path != Path(phrases.__file__):
            assert [text for text in texts_of(path) if text not in OTHERS] == [], path


def texts_of(path: Path) -> Iterator[str]:
    """Yield the sentences in a module, except the docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str) and SENTENCE.fullmatch(node.value):
            yield node.value


def test_no_script_has_texts_of_its_own() -> None:
    for path in sorted((FOLDER / "static").glob("*.js")):
        if path.name != "phrases.js":
            assert re.findall(r"""["'`][A-Z][a-z]+ [^"'`]*["'`]""", path.read_text()) == [], path


def test_every_phrase_is_used() -> None:
    names = [name for name in vars(phrases) if name.isupper()]
    code = "".join(path.read_text() for path in FOLDER.rglob("*.py"))
    assert [name for name in names if len(re.findall(rf"\b{name}\b", code)) < 2] == []


def test_every_code_of_a_field_has_a_text() -> None:
    assert FIELDS_OF_CODE.keys() <= ERROR_TEXTS.keys()


def test_texts_are_sentences() -> None:
    for code, text in ERROR_TEXTS.items():
        assert text[0].isupper(), code
        assert text.endswith("."), code
