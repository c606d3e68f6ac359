"""The charset of a page: from its byte order mark, its header or its own declaration."""

import pytest
from webencodings.labels import LABELS

from producer.outside.page_charset import charset_of, codec_of
from producer.outside.page_title import title_of


@pytest.mark.parametrize(
    ("head", "content_type", "codec"),
    [
        (b"", "text/html", "utf-8"),
        (b"", "text/html; charset=utf-8", "utf-8"),
        (b"", "text/html; charset=ISO-8859-1", "cp1252"),
        (b"", 'text/html; charset="windows-1252"', "cp1252"),
        (b"", "text/html; a=b; charset = 'latin1'; c=d", "cp1252"),
        (b"", "text/html; charset=iso-8859-15", "iso8859-15"),
        (b"<meta charset=utf-8>", "text/html; charset=iso-8859-1", "cp1252"),
        (b"<meta charset=iso-8859-1>", "text/html", "cp1252"),
        (b"<meta charset=' ISO-8859-1 '/>", "text/html", "cp1252"),
        (b"<!-- <meta charset=koi8-r> --><meta charset=latin1>", "text/html", "cp1252"),
        (b"<meta http-equiv=Content-Type content='text/html; charset=iso-8859-1'>", "text/html", "cp1252"),
        (b"<meta content='text/html; charset=iso-8859-1'>", "text/html", "utf-8"),
        (b"<meta charset=utf-16>", "text/html", "utf-8"),
        (b"<meta charset=nonsense><meta charset=latin1>", "text/html", "cp1252"),
        (b"<meta charset=latin1>", "text/html; charset=nonsense", "cp1252"),
        (b" " * 5000 + b"<meta charset=latin1>", "text/html", "cp1252"),
        (b"\xef\xbb\xbf", "text/html; charset=iso-8859-1", "utf-8"),
        (b"\xff\xfe", "text/html", "utf-16-le"),
        (b"\xfe\xff", "text/html; charset=utf-8", "utf-16-be"),
        (b"", "text/html; charset=utf-16", "utf-16-le"),
        (b"", "text/html; charset=utf-16be", "utf-16-be"),
    ],
)
def test_a_page_is_read_in_its_charset(head: bytes, content_type: str, codec: str) -> None:
    assert title_of(head + "<title>é à ü</title>".encode(codec), content_type) == "é à ü"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Привет", "windows-1251"),
        ("Привет", "koi8-r"),
        ("Привіт", "koi8-u"),
        ("Привет", "iso-8859-5"),
        ("日本語", "shift_jis"),
        ("日本語", "EUC-JP"),
        ("日本語", "iso-2022-jp"),
        ("한국어", "euc-kr"),
        ("中文", "gb2312"),
        ("中文", "gbk"),
        ("中文", "big5"),
        ("ไทย", "tis-620"),
        ("Ελλάδα", "iso-8859-7"),
        ("Ğışlı", "iso-8859-9"),
    ],
)
def test_charsets_go_by_the_names_of_the_web(text: str, label: str) -> None:
    codec = codec_of(label)
    assert codec
    page = f"<meta charset={label}><title>{text}</title>".encode(codec)
    assert title_of(page, "text/html") == title_of(page, f"text/html; charset={label}") == text


@pytest.mark.parametrize("label", "punycode idna base64 zlib rot13 unicode_escape utf-7 utf-32 undefined ../x".split())
def test_a_codec_that_no_browser_knows_is_not_used(label: str) -> None:
    assert title_of(b"<title>a+b-\\u0041</title>", f"text/html; charset={label}") == "a+b-\\u0041"


def test_python_can_decode_every_charset_of_the_web() -> None:
    codecs = {codec_of(label) for label in LABELS}
    assert len(codecs) > 30
    for codec in codecs - {None}:
        assert codec
        assert "a".encode(codec).decode(codec) == "a"


@pytest.mark.parametrize("label", ["replacement", "iso-2022-kr", "hz-gb-2312", "x-user-defined"])
def test_a_charset_that_shows_no_text_is_read_as_utf_8(label: str) -> None:
    assert title_of("<title>é</title>".encode(), f"text/html; charset={label}") == "é"


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF8", "utf-8"),
        (" latin1\n", "cp1252"),
        ("iso-8859-9", "cp1254"),
        ("gbk", "gb18030"),
        ("x-sjis", "cp932"),
        ("utf-7", None),
        ("idna", None),
        ("", None),
    ],
)
def test_a_label_stands_for_the_codec_that_browsers_use(label: str, codec: str | None) -> None:
    assert codec_of(label) == codec


def test_the_mark_counts_before_the_header_and_the_header_before_the_page() -> None:
    declaration = b"<meta charset=koi8-r>"
    assert charset_of(b"\xef\xbb\xbf" + declaration, "text/html; charset=latin1") == "utf-8-sig"
    assert charset_of(declaration, "text/html; charset=latin1") == "cp1252"
    assert charset_of(declaration, "text/html") == "koi8-r"
    assert charset_of(b"", "text/html") == "utf-8"
