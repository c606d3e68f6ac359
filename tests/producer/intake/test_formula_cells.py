import pytest

from producer.intake.formula_cells import escape_formula, unescape_formula


@pytest.mark.parametrize(
    "text", ["", "a", "=1", "'=1", "''=1", "'", "'a", "-1", "@x", "\t", "+", "''", "\nx", "'\r", "\0=1"]
)
def test_an_escaped_cell_cannot_start_a_formula_and_is_restored_to_the_letter(text: str) -> None:
    assert unescape_formula(escape_formula(text)) == text
    assert not escape_formula(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0"))
