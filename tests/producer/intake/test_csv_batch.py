import pytest

from producer.intake.batch import Batch
from producer.intake.csv_batch import client_cells
from producer.intake.detection import detect_layout
from producer.intake.layouts import CSV
from producer.intake.reading import read_batch


def csv(text: str | bytes, **mapping: str) -> Batch:
    data = text if isinstance(text, bytes) else text.encode()
    layout = detect_layout(data, CSV, 100, mapping)
    batch = read_batch(data[layout.offset :], layout, layout.line, 0, 1000)
    return read_batch(data[layout.offset :], layout, layout.line, 0, batch.rows)


def codes(batch: Batch) -> dict[int, str]:
    return {place: problem.code for place, problem in batch.problems.items()}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_plain_rows_become_columns(newline: str, quote: str) -> None:
    rows = [f"{quote}{name}{quote},{quote}{title}{quote}" for name, title in (("url", "title"), ("a", "A"), ("b", ""))]
    batch = csv(newline.join(rows))
    assert batch.columns == {"url": ["a", "b"], "title": ["A", ""]}
    assert (list(batch.lines), batch.problems, batch.clean) == ([2, 3], {}, True)


def test_line_ends_may_be_mixed() -> None:
    batch = csv("url,title\r\na,A\nb,B\r\nc,C")
    assert batch.columns == {"url": ["a", "b", "c"], "title": ["A", "B", "C"]}


def test_columns_may_stand_in_any_order_and_unknown_ones_are_ignored() -> None:
    batch = csv("note,Title,URL\nx,A,a\n")
    assert batch.columns == {"url": ["a"], "title": ["A"]}


@pytest.mark.parametrize("row", ["a", "a,b,c,d", '"a"', '"a",b,c,"d"'])
def test_a_row_of_the_wrong_width_fails_with_its_line_and_the_others_go_on(row: str) -> None:
    batch = csv(f"url,title,slug\nx,y,z\n\n{row}\nx,y,z\n")
    assert codes(batch) == {1: "MALFORMED_ROW"}
    assert batch.problems[1].message.startswith("Line 4: ")
    assert list(batch.lines) == [2, 4, 5]
    assert batch.columns["url"] == ["x", "", "x"]
    assert batch.raw(1) == {"row": row}


def test_bytes_that_are_not_utf8_fail_only_their_row() -> None:
    batch = csv(b"url,title\na,\xc3\xa9\nb,\xe9\nc,d\n")
    assert (codes(batch), batch.columns["url"]) == ({1: "MALFORMED_ROW"}, ["a", "", "c"])
    assert "Line 3" in batch.problems[1].message


def test_an_item_keeps_the_beginning_of_an_unreadable_row_unless_the_file_has_passwords() -> None:
    assert csv("url,title\n" + "x" * 500).raw(0) == {"row": "x" * 300}
    assert csv("url,password\nhunter2\n").raw(0) == {"row": ""}


def test_a_batch_is_clean_when_it_has_no_control_characters() -> None:
    assert not csv("url,title\na,b\tc\n").clean
    assert not csv("url,title\na,b\x7f\n").clean
    assert csv("url,title\r\na,b\r\n").clean


def test_rows_before_the_wanted_part_of_a_shard_are_skipped() -> None:
    data = b'url,title\na,1\n\nb,"2\n"\nc,3\n'
    layout = detect_layout(data, CSV, 100, {})
    batch = read_batch(data[layout.offset :], layout, layout.line, 1, 2)
    assert (batch.columns["url"], list(batch.lines)) == (["b", "c"], [4, 6])


def test_result_columns_and_apostrophes_are_removed_from_a_file_that_comes_back() -> None:
    batch = csv(
        "url,title,line,status,short_url,slug,error_code,error_message\na,'=1,2,failed,,kept,X,why\nb,''=1,3,failed,,,X,y\nc,'quoted',4,failed,,,X,y\n"
    )
    assert batch.columns == {"url": ["a", "b", "c"], "title": ["=1", "'=1", "'quoted'"]}
    assert csv("url,title\na,'=1\n").columns["title"] == ["'=1"]


def test_a_blank_password_of_our_results_is_no_empty_password() -> None:
    ours = "line,status,short_url,result_slug,error_code,error_message"
    assert csv(f"url,password,{ours}\na,,2,failed,,,X,y\nb,new,3,failed,,,X,y\n").columns["password"] == [None, "new"]
    assert csv("url,password\na,\n").columns["password"] == [""]


def test_a_slug_column_of_the_client_is_kept_beside_our_result_slug() -> None:
    batch = csv("url,slug,line,status,short_url,result_slug,error_code,error_message\na,mine,2,failed,,ours,X,why\n")
    assert batch.columns == {"url": ["a"], "slug": ["mine"]}


def test_so_is_a_column_of_the_client_with_our_prefix() -> None:
    ours = b"result_result_line,status,short_url,slug,error_code,error_message"
    data = b"url,line,result_line,%s\na,1,2,3,failed,,,X,y\n" % ours
    layout = detect_layout(data, CSV, 100, {})
    assert client_cells(data[layout.offset :], layout, 0, 1) == [["a", "1", "2"]]


def test_the_clients_own_cells_are_returned_without_result_columns() -> None:
    data = b"url,title,line,status,short_url,slug,error_code,error_message\na,'=1,2,failed,,,X,why\n"
    layout = detect_layout(data, CSV, 100, {})
    assert client_cells(data[layout.offset :], layout, 0, 1) == [["a", "=1"]]


def test_the_text_of_an_unreadable_row_is_returned_as_one_cell() -> None:
    data = b'url,title\na,"b\nc,d\n'
    layout = detect_layout(data, CSV, 100, {})
    assert client_cells(data[layout.offset :], layout, 0, 2) == [['a,"b'], ["c", "d"]]
