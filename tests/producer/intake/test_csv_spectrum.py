"""csv-spectrum: files that readers of CSV get wrong."""

import pytest

from producer.intake.csv_batch import client_cells
from producer.intake.detection import FormatHints, detect_layout
from producer.intake.layouts import CSV
from producer.intake.reading import read_batch
from tests.corpora import read_corpus

FILES = read_corpus("csv_spectrum")


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_read_as_it_is_meant(name: str) -> None:
    data = FILES[name]["csv"].encode()
    rows = FILES[name]["rows"]
    mapping = {"url": next(iter(rows[0]))}
    layout = detect_layout(data, CSV, 100, mapping, FormatHints(header=True))
    body = data[layout.offset :]
    assert read_batch(body, layout, layout.line, 0, len(rows)).problems == {}
    cells = client_cells(body, layout, 0, len(rows))
    assert [dict(zip(layout.columns, row, strict=True)) for row in cells] == rows
