import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.intake.charsets import convert, detect, to_utf8

SAMPLE = "url,title\r\nhttps://a.b/é,„Größe“ 日本\r\n"


def whole(data: bytes, encoding: str, size: int = 3, returns: bool = False) -> bytes:
    return b"".join(convert((data[at : at + size] for at in range(0, len(data), size)), encoding, returns))


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (SAMPLE.encode(), "utf-8"),
        (SAMPLE.encode()[:-3], "utf-8"),
        (SAMPLE.encode("utf-8-sig"), "utf-8"),
        (SAMPLE.encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff" + SAMPLE.encode("utf-16-be"), "utf-16-be"),
        (SAMPLE.encode("utf-16-le"), "utf-16-le"),
        (SAMPLE.encode("utf-16-be"), "utf-16-be"),
        (b"url,title\na,\xe9", "cp1252"),
        (b"url\na", "utf-8"),
        ("ü,ä\n".encode() + b"\xe9", "utf-8"),
        (b"u\0r\0,\0t", "utf-16-le"),
        (b"url,a\0b\nx,y", "utf-8"),
        ("é".encode() + b"\xe9\xe9\xe9", "cp1252"),
    ],
)
def test_the_encoding_is_detected_from_the_first_bytes(data: bytes, encoding: str) -> None:
    assert detect(data, None, may_be_western=True) == encoding


def test_json_is_never_read_as_western() -> None:
    assert detect(b'{"url":"\xe9"}', None, may_be_western=False) == "utf-8"
    assert detect('{"url":"a"}'.encode("utf-16"), None, may_be_western=False) == "utf-16-le"


def test_the_encoding_that_a_client_names_is_used() -> None:
    assert detect(b"\xe9", "iso-8859-1", may_be_western=True) == "iso-8859-1"
    assert detect(b"a", "utf-16", may_be_western=True) == "utf-16-le"
    assert detect("a".encode("utf-16-be"), "utf-16", may_be_western=True) == "utf-16-be"
    assert detect(b"\xff\xfea\0", "utf-16", may_be_western=True) == "utf-16-le"


@given(st.text(max_size=30), st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]), st.integers(1, 7))
def test_chunks_of_any_size_give_the_same_text(given: str, encoding: str, size: int) -> None:
    data = given.encode(encoding)
    plain = given.encode().removeprefix("\ufeff".encode())
    assert whole(data, encoding, size) == plain == to_utf8(data, encoding)
    lines = plain.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert whole(data, encoding, size, returns=True) == lines


@pytest.mark.parametrize(
    ("data", "encoding", "read"),
    [
        (b"a\x81b", "cp1252", b"a\xffb"),
        (b"a\0\0\xd8b\0", "utf-16-le", b"a\xffb"),
        (b"a\0b", "utf-16-le", b"a\xff"),
        (b"a\xe9,\r", "utf-8", b"a\xff,\n"),
    ],
)
def test_bytes_that_cannot_be_decoded_stay_invalid_and_affect_nothing_else(
    data: bytes, encoding: str, read: bytes
) -> None:
    assert whole(data, encoding, returns=encoding == "utf-8") == read
