"""Cells that a spreadsheet would run as a formula: escaped in results, unescaped when results come back."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
"""How a formula may begin. The full-width signs count in Japanese spreadsheets."""


def escape_formula(text: str) -> str:
    """Puts an apostrophe before a formula, and one more before text that has apostrophes already."""
    if text.lstrip("'").startswith(FORMULA_STARTS):
        return f"'{text}"
    return text


def unescape_formula(text: str) -> str:
    """The cell as it was before escape_formula."""
    if text.startswith("'") and text.lstrip("'").startswith(FORMULA_STARTS):
        return text[1:]
    return text
