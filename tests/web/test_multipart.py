"""Forms with one file, read as they arrive."""

from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from models.errors import BrokenMultipart, EmptyUpload, Invalid, TooLarge
from web import multipart
from web.multipart import FormFile

BOUNDARY = "frontier"


def field(name: str, value: bytes) -> bytes:
    return b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (
        BOUNDARY.encode(),
        name.encode(),
        value,
    )


def file(content: bytes, filename: str = "a.csv", name: str = "file") -> bytes:
    disposition = f'form-data; name="{name}"; filename="{filename}"'
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def read(
    body: bytes, fields: dict[str, str], boundary: str = BOUNDARY, size: int = 7, text_field: str = ""
) -> FormFile:
    content_type = f"multipart/form-data; boundary={boundary}" if boundary else "multipart/form-data"
    request: Any = Request(EnvironBuilder(method="POST").get_environ() | {"CONTENT_TYPE": content_type})
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    return multipart.read_file(request, chunks, fields, text_field)


@pytest.mark.parametrize("size", [7, 64, 1 << 20])
def test_fields_before_and_behind_the_file_are_read(size: int) -> None:
    fields: dict[str, str] = {}
    form_file = read(
        field("before", b"1") + file(b"url\nhttps://a.b/\n") + field("behind", b"2") + END, fields, size=size
    )
    assert fields == {"before": "1"}
    assert b"".join(form_file.chunks) == b"url\nhttps://a.b/\n"
    assert fields == {"before": "1", "behind": "2"}
    assert form_file.name == "a.csv"


def test_the_head_is_enough_to_see_the_format_even_behind_blanks() -> None:
    form_file = read(file(b" " * 500 + b'{"url": "https://a.b/"}') + END, {})
    assert form_file.head.lstrip().startswith(b"{")


def test_the_text_of_a_field_stands_for_a_file_that_was_not_chosen() -> None:
    fields: dict[str, str] = {}
    form_file = read(file(b"", filename="") + field("pasted", b"https://a.b/") + END, fields, text_field="pasted")
    assert list(form_file.chunks) == [b"https://a.b/"]


def test_neither_file_nor_text_is_an_empty_upload() -> None:
    with pytest.raises(EmptyUpload):
        read(file(b"", filename="") + field("pasted", b"  ") + END, {}, text_field="pasted")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (field("name", b"x") + END, "/file"),
        (file(b"x", name="other") + END, "/other"),
        (file(b"x") + file(b"y") + END, "/file"),
    ],
    ids=["no file", "file in another field", "two files"],
)
def test_a_form_has_exactly_one_file_in_the_field_named_file(body: bytes, pointer: str) -> None:
    with pytest.raises(Invalid) as invalid:
        b"".join(read(body, {}).chunks)
    assert invalid.value.errors[0]["pointer"] == pointer


def test_a_form_without_a_boundary_or_an_end_is_broken() -> None:
    with pytest.raises(BrokenMultipart, match="boundary"):
        read(END, {}, boundary="")
    with pytest.raises(BrokenMultipart):
        b"".join(read(file(b"cut off")[:-2], {}).chunks)


def test_a_field_has_a_largest_size() -> None:
    with pytest.raises(TooLarge):
        read(field("large", b"x" * (multipart.LARGEST_FIELD + 1)) + END, {}, size=1 << 16)
