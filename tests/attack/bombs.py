"""Small requests that would become large."""

import gzip

from tests.workbooks import raw_workbook

DEPTH = 100_000
CELL = "x" * 60_000
ROWS = 5_500


def deep_json() -> bytes:
    return b'{"items": ' + b"[" * DEPTH + b"]" * DEPTH + b"}"


def gzip_bomb() -> bytes:
    """Half a gigabyte of one letter."""
    return gzip.compress(b"url\n" + b"x" * (512 << 20), compresslevel=6)


def xlsx_bomb() -> bytes:
    """A workbook of two kilobytes whose cells all repeat one long text: 330 MB of CSV."""
    row = "<row><c t='s'><v>0</v></c><c t='s'><v>1</v></c></row>"
    header = "<row><c t='s'><v>2</v></c><c t='s'><v>3</v></c></row>"
    texts = f"<sst><si><t>https://a.b</t></si><si><t>{CELL}</t></si><si><t>url</t></si><si><t>title</t></si></sst>"
    return raw_workbook(f"<worksheet><sheetData>{header}{row * ROWS}</sheetData></worksheet>", texts)


def wide_row() -> bytes:
    """A workbook with one row of a gigabyte."""
    cells = "<c t='s'><v>0</v></c>" * (1 << 14)
    return raw_workbook(
        f"<worksheet><sheetData><row>{cells}</row></sheetData></worksheet>", f"<sst><si><t>{CELL}</t></si></sst>"
    )
