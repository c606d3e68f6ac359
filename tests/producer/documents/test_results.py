import pytest

from producer.documents.csv_lines import fit_row
from producer.documents.results import _cell
from producer.intake.csv_batch import client_cells
from producer.intake.detection import detect_layout
from producer.intake.formula_cells import escape_formula
from producer.intake.layouts import CSV, RESULT_COLUMNS, result_names

OURS = "line,status,short_url,slug,error_code,error_message"


def own(text: str) -> list[list[str]]:
    """The client's own cells, as results show them."""
    data = text.encode()
    layout = detect_layout(data, CSV, 100, {})
    rows = client_cells(data[layout.offset :], layout, 0, text.count("\n") - 1)
    return [fit_row(row, layout.client_columns, layout.mapping.get("password"), layout.delimiter) for row in rows]


@pytest.mark.parametrize("quote", ["", '"'])
def test_rows_are_shown_as_they_were_sent(quote: str) -> None:
    assert own(f"url,note\na,{quote}1{quote}\nb,2\n") == [["a", "1"], ["b", "2"]]


def test_passwords_are_left_blank() -> None:
    assert own("url,password,note\na,secret,1\n") == [["a", "", "1"]]


@pytest.mark.parametrize("row", ["a,secret", "a,b,secret,d", 'a,"secret', "secret"])
def test_a_malformed_row_of_a_file_with_passwords_is_left_blank(row: str) -> None:
    assert own(f"url,password,note\nb,x,1\n{row}\n") == [["b", "", "1"], ["", "", ""]]


def test_a_malformed_row_is_shown_whole() -> None:
    assert own('url,note\na\nb,2,3\nc,"4\n') == [["a", ""], ["b", "2,3"], ['c,"4', ""]]


def test_results_of_results_show_the_original_values() -> None:
    assert own(f"url,note,{OURS}\na,'=1,2,failed,,,X,why\nb,x,2,failed\n") == [["a", "=1"], ["b,x,2,failed", ""]]


def test_our_columns_give_way_to_those_of_the_upload() -> None:
    assert result_names(["url", "slug", "line"], RESULT_COLUMNS) == [
        "result_line", "status", "short_url", "result_slug", "error_code", "error_message",
    ]  # fmt: skip
    assert result_names(["url", "line", "result_line"], ["line", "status"]) == ["result_result_line", "status"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'=", "''-"])
def test_no_cell_begins_like_a_formula(start: str) -> None:
    assert escape_formula(f"{start}1+1").startswith("'")


@pytest.mark.parametrize("text", ["", "a", "'a", " =1", "1-1", "https://a.b", "'"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert escape_formula(text) == text


def test_values_of_json_become_cells() -> None:
    assert [_cell(value) for value in (None, "a", 5, True, ["a", 1], {"a": 1})] == [
        "", "a", "5", "true", "a|1", '{"a": 1}',
    ]  # fmt: skip


def test_delimiters_at_the_end_of_a_line_add_no_cells() -> None:
    assert own("url,note\na,1,\nb,2,,\nc,3\n") == [["a", "1"], ["b", "2"], ["c", "3"]]


def test_a_malformed_row_is_shown_with_its_own_delimiter() -> None:
    assert own("url;note\na;1\nb;2;3\n") == [["a", "1"], ["b", "2;3"]]
