"""The charset of a page, by the names that browsers accept. Python has more codecs, and some of them take very long."""

import codecs
import re

import webencodings

from producer.outside.page_tags import Tag, attributes, tags

HEAD_BYTES = 8 << 10  # where a page may declare its charset; the standard's 1 kB is too little for many pages
CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';,]+)""", re.IGNORECASE)
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ENCODINGS_WITHOUT_TEXT = ("replacement", "x-user-defined")


def charset_of(body: bytes, content_type: str) -> str:
    """Return a codec of Python: by the byte order mark, the header, the page's own declaration, or else UTF-8."""
    for mark, codec in BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return codec
    return _codec_in(content_type) or _declared_codec(body) or "utf-8"


def codec_of(label: str) -> str | None:
    """Return the codec that browsers use for a label, or None for one that they don't accept."""
    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name in ENCODINGS_WITHOUT_TEXT:
        return None
    if encoding.name == "gbk":
        return "gb18030"  # browsers decode GBK as its superset
    name: str = encoding.codec_info.name
    return name


def _codec_in(text: str) -> str | None:
    """Return the codec of the first `charset=` in a text."""
    match = CHARSET.search(text)
    return codec_of(match[1]) if match else None


def _declared_codec(body: bytes) -> str | None:
    """Return what the page's first usable meta tag declares."""
    for tag in tags(body[:HEAD_BYTES].decode("latin-1")):
        codec = _codec_of_meta(tag) if tag.name == "meta" else None
        if codec is None:
            continue
        if codec.startswith("utf-16"):
            return "utf-8"  # a tag that is readable as ASCII is not in UTF-16
        return codec
    return None


def _codec_of_meta(tag: Tag) -> str | None:
    values = attributes(tag)
    codec = codec_of(values.get("charset", ""))
    if codec is None and values.get("http-equiv", "").lower() == "content-type":
        codec = _codec_in(values.get("content", ""))
    return codec
