"""Spreadsheets for tests, written by two libraries, and by hand where no library would."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

import openpyxl
import xlsxwriter

ROOT = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://x/officeDocument" Target="/xl/workbook.xml"/></Relationships>'
)
BOOK = (
    '<x:workbook xmlns:x="http://main" xmlns:r="http://relations">'
    '<x:sheets><x:sheet name="Links" sheetId="1" r:id="r1"/></x:sheets></x:workbook>'
)
OF_BOOK = (
    '<Relationships><Relationship Id="r1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/>'
    '<Relationship Id="r2" Type="http://x/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
)


def openpyxl_workbook(**sheets: Iterable[Iterable[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xlsxwriter_workbook(rows: Iterable[Iterable[Any]], **options: Any) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_urls": False} | options) as book:
        sheet = book.add_worksheet("Links")
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    return out.getvalue()


def raw_workbook(sheet: str | bytes, texts: str = "<sst/>") -> bytes:
    """A workbook of one sheet, to the letter."""
    parts = {
        "_rels/.rels": ROOT,
        "xl/workbook.xml": BOOK,
        "xl/_rels/workbook.xml.rels": OF_BOOK,
        "xl/worksheets/sheet1.xml": sheet,
        "xl/sharedStrings.xml": texts,
    }
    return zip_parts(parts)


def zip_parts(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()
