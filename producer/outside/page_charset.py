"""The charset of a page, by the names that browsers know; Python's codecs are many more, and some of them hang."""

import codecs
import re

from producer.outside.page_tags import attributes, tags

HEAD_BYTES = 8 << 10  # where a page may declare its own charset; the standard's 1 kB is less than many pages need
CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';,]+)""", re.IGNORECASE)
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

_LABELS = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 x-unicode20utf8",
    "utf-16-le": "utf-16 utf-16le unicode ucs-2 iso-10646-ucs-2",
    "utf-16-be": "utf-16be unicodefffe",
    "cp1252": "iso-8859-1 iso8859-1 iso88591 iso_8859-1 latin1 latin-1 l1 ascii us-ascii ansi_x3.4-1968 cp819",
    "cp1254": "iso-8859-9 iso8859-9 iso88599 latin5 l5",
    "cp874": "iso-8859-11 iso8859-11 tis-620 windows-874 dos-874",
    "cp866": "ibm866 cp866 866",
    "koi8-r": "koi8-r koi8_r koi8 koi",
    "koi8-u": "koi8-u koi8-ru",
    "mac-roman": "macintosh mac x-mac-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "gb18030": "gb18030 gbk gb2312 x-gbk gb_2312 gb_2312-80 chinese",
    "big5hkscs": "big5 big5-hkscs cn-big5 x-x-big5",
    "euc-jp": "euc-jp x-euc-jp",
    "iso2022-jp": "iso-2022-jp",
    "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji windows-31j ms932",
    "cp949": "euc-kr korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949",
}
CODECS = (
    {f"{prefix}{page}": f"cp{page}" for page in range(1250, 1259) for prefix in ("windows-", "cp", "x-cp")}
    | {
        f"{prefix}{part}": f"iso8859-{part}"
        for part in (*range(2, 9), 10, *range(13, 17))
        for prefix in ("iso-8859-", "iso8859-")
    }
    | {label: codec for codec, labels in _LABELS.items() for label in labels.split()}
)


def charset_of(body: bytes, content_type: str) -> str:
    """A codec of Python's: by the mark at the beginning, the header, the page's own word, or else UTF-8."""
    marked = next((codec for mark, codec in MARKS if body.startswith(mark)), None)
    return marked or _codec(content_type) or _declared(body) or "utf-8"


def _codec(text: str) -> str | None:
    found = CHARSET.search(text)
    return CODECS.get(found[1].lower()) if found else None


def _declared(body: bytes) -> str | None:
    """What a meta tag says. One that could be read is not in UTF-16, whatever it says."""
    for tag in tags(body[:HEAD_BYTES].decode("latin-1")):
        given = attributes(tag) if tag.name == "meta" else {}
        as_header = given.get("content", "") if given.get("http-equiv", "").lower() == "content-type" else ""
        if codec := _codec(f"charset={given.get('charset', '').strip()}") or _codec(as_header):
            return "utf-8" if codec.startswith("utf-16") else codec
    return None
