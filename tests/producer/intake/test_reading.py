from typing import Any

from producer.intake.detection import detect_layout
from producer.intake.layouts import COUNT
from producer.intake.reading import read_batch


def test_the_count_shape_repeats_one_item() -> None:
    layout = detect_layout(b'{"url":"a","ttl":5}', COUNT, 100, {})
    batch = read_batch(b'{"url":"a","ttl":5}', layout, 1, 0, 3)
    assert (batch.rows, batch.columns, list(batch.lines)) == (3, {"url": ["a"] * 3, "ttl": [5] * 3}, [1] * 3)
    assert batch.raw(2) == {"url": "a", "ttl": 5}


def test_an_item_of_the_count_shape_that_cannot_be_read_fails_in_every_row() -> None:
    layout = detect_layout(b'{"lug":1}', COUNT, 100, {})
    batch: Any = read_batch(b'{"url":"a","lug":1}', layout, 1, 0, 2)
    assert [batch.problems[place].code for place in (0, 1)] == ["UNKNOWN_FIELD"] * 2
