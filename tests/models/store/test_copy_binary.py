"""The data of a binary COPY: what PostgreSQL reads is what was given."""

import struct
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.store.copy_binary import FIRST_MICROSECOND, HEADER, TRAILER, copy_binary

TYPES = {"number": "INTEGER", "large": "BIGINT", "flag": "BOOLEAN", "word": "TEXT", "status": "item_status"}
FORMATS = {"INTEGER": ">i", "BIGINT": ">q", "BOOLEAN": ">?", "DATE": ">i", "TIMESTAMP WITH TIME ZONE": ">q"}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "number": st.integers(-(2**31), 2**31 - 1),
    "large": st.integers(-(2**63), 2**63 - 1),
    "flag": st.booleans(),
    "word": st.text(st.characters(exclude_categories=["Cs"])),
    "status": st.sampled_from(["created", "failed"]),
}


def read(data: bytes, names: list[str], types: dict[str, str]) -> list[dict[str, Any]]:
    """Read the data as PostgreSQL would."""
    assert data.startswith(HEADER)
    assert data.endswith(TRAILER)
    rows = []
    place = len(HEADER)
    while place < len(data) - len(TRAILER):
        assert struct.unpack_from(">h", data, place) == (len(names),)
        place += 2
        row: dict[str, Any] = {}
        for name in names:
            (size,) = struct.unpack_from(">i", data, place)
            place += 4
            row[name] = None if size < 0 else read_value(data[place : place + size], types[name])
            place += max(size, 0)
        rows.append(row)
    return rows


def read_value(data: bytes, type_name: str) -> Any:
    if type_name in FORMATS:
        return struct.unpack(FORMATS[type_name], data)[0]
    return data.decode()


def written(columns: dict[str, Any], types: dict[str, str], rows: int) -> list[dict[str, Any]]:
    names, parts = copy_binary(columns, types, rows)
    assert sorted(names) == sorted(columns)
    return read(b"".join(parts), names, types)


@given(st.data())
def test_rows_are_read_as_they_were_written(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 4))
    columns = {}
    for name, values in VALUES.items():
        some = st.one_of(values, st.none())
        columns[name] = data.draw(st.one_of(st.lists(some, min_size=rows, max_size=rows), some))
    assert written(columns, TYPES, rows) == [
        {name: column[row] if isinstance(column, list) else column for name, column in columns.items()}
        for row in range(rows)
    ]


@pytest.mark.parametrize(
    "texts", [["abc", "xyz"], ["", ""], ["a", ""], ["ü", "a"], ["ü", "ö"], [None, None], ["", None]]
)
@pytest.mark.parametrize("beside", [{}, {"word": ["x", None]}, {"number": [1, None]}])
def test_texts_of_every_width_keep_their_values(texts: list[Any], beside: dict[str, Any]) -> None:
    rows = written(beside | {"status": texts}, TYPES, 2)
    assert [row["status"] for row in rows] == texts


def test_ranges_are_numbers() -> None:
    assert written({"number": range(5, 7)}, TYPES, 2) == [{"number": 5}, {"number": 6}]


@pytest.mark.parametrize(
    "moments",
    [
        ["2000-01-01 00:00:00", "2000-01-01 00:00:01.5"],
        range(FIRST_MICROSECOND, FIRST_MICROSECOND + 1_500_001, 1_500_000),
    ],
)
def test_moments_are_texts_or_microseconds(moments: Any) -> None:
    types = {"at": "TIMESTAMP WITH TIME ZONE"}
    expected = [{"at": 0}, {"at": 1_500_000}]
    assert written({"at": moments}, types, 2) == expected
    assert written({"at": [*moments, None]}, types, 3) == [*expected, {"at": None}]
    assert written({"at": moments[0]}, types, 1) == expected[:1]


def test_days_are_counted() -> None:
    days = [date(2000, 1, 1), date(2000, 2, 1), None]
    assert written({"on": days}, {"on": "DATE"}, 3) == [{"on": 0}, {"on": 31}, {"on": None}]
