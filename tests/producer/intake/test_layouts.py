from typing import Any

import pytest

from producer.intake.detection import detect_layout
from producer.intake.layouts import CSV, NDJSON, Conversion, Layout


def test_a_stored_layout_is_loaded_as_it_was() -> None:
    layout = detect_layout(b"url,title", CSV, 10, {})
    assert Layout.load(layout.dump()) == layout
    utf16 = detect_layout("url,title".encode("utf-16"), CSV, 10, {})
    assert Layout.load(utf16.dump()) == utf16


def test_a_layout_stored_by_an_earlier_version_is_loaded() -> None:
    stored = {"format": "csv", "own": 2, "turn": "lines", "columns": ["url", "title"], "mapping": {"url": 0}}
    layout = Layout.load(stored)
    assert (layout.client_columns, layout.conversion) == (2, Conversion.LINES)
    assert Layout.load({"format": "csv", "own": 2, "turn": ""}).conversion == Conversion.NONE


def test_only_csv_has_mapped_columns() -> None:
    layout = Layout(CSV, columns=["Where to", "note"], mapping={"url": 0})
    assert layout.mapped_columns() == {"url": "Where to"}
    assert Layout(NDJSON).mapped_columns() is None


@pytest.mark.parametrize(
    ("layout", "description"),
    [
        (Layout(NDJSON), None),
        (Layout(CSV, delimiter=";"), {"delimiter": ";", "encoding": "utf-8", "header": True}),
        (Layout(CSV, sheet="Links"), {"sheet": "Links", "header": True}),
        (Layout(CSV, conversion=Conversion.SHEET), {"sheet": None, "header": True}),
    ],
)
def test_a_file_is_described_by_what_was_detected(layout: Layout, description: dict[str, Any] | None) -> None:
    assert layout.description() == description
