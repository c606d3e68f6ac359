"""The texts of visitors: the operator's file replaces some of them, and a mistake in it stops the start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import SettingsError
from tests.fixtures.processes import process_environment
from web.visitors import texts


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Where the operator's file belongs; it does not exist yet."""
    with process_environment({"DATA_DIR": str(tmp_path)}):
        yield tmp_path / texts.FILE


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(SettingsError) as error:
        texts.all_texts()
    start, _, reason = str(error.value).partition(": expected a TOML file of texts: ")
    assert start == str(path)
    return reason


def test_without_a_file_visitors_read_our_texts(path: Path) -> None:
    assert texts.get("unknown") == "There is no such short link."


def test_a_folder_of_that_name_is_not_a_file(path: Path) -> None:
    path.mkdir()
    assert texts.get("language") == "en"


def test_a_file_replaces_the_texts_that_it_names_and_no_others(path: Path) -> None:
    path.write_text('unknown = "Bestaat niet."')
    assert texts.get("unknown") == "Bestaat niet."
    assert texts.get("expired") == "This short link has expired."


def test_a_file_is_read_once(path: Path) -> None:
    assert texts.get("button") == "Continue"
    path.write_text('button = "Verder"')
    assert texts.get("button") == "Continue"


def test_a_text_may_have_1000_characters_and_no_more(path: Path) -> None:
    path.write_text(f'button = "{"x" * 1000}"')
    assert len(texts.get("button")) == 1000
    texts.all_texts.cache_clear()
    expected = "button must be a text of 1 to 1,000 characters, and not blank"
    assert refusal(path, f'button = "{"x" * 1001}"'.encode()) == expected


@pytest.mark.parametrize("value", ['""', '" \\t"', "1", "true", '["a"]', "{a = 1}"])
def test_a_value_that_is_not_a_text_is_refused(path: Path, value: str) -> None:
    assert refusal(path, f"label = {value}".encode()).startswith("label must be a text")


def test_an_unknown_name_is_refused_with_a_list_of_those_that_exist(path: Path) -> None:
    reason = refusal(path, b'greeting = "Hello"')
    assert reason.startswith("there is no text 'greeting', only language, ")
    assert reason.endswith(", untitled")


@pytest.mark.parametrize("content", [b"label", b'label = "a"\nlabel = "b"', b'label = "\xff"'])
def test_a_file_that_is_not_toml_is_refused(path: Path, content: bytes) -> None:
    assert refusal(path, content)
