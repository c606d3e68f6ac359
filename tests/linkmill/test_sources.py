"""What a push sends: the format of a file, when it is compressed, and when it is the same upload."""

import gzip
import os
import random
import threading
from pathlib import Path

import pytest

from linkmill import sources
from linkmill.errors import LinkmillError
from linkmill.sources import TYPES, open_source

CSV = b"url\nhttps://example.com/\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "links.csv"


def type_of(path: Path, content: bytes, format: str | None = None) -> str:
    path.write_bytes(content)
    with open_source(str(path), format) as source:
        return source.type


def key_of(path: Path, options: dict[str, str], format: str | None = None) -> str:
    with open_source(str(path), format) as source:
        return sources.idempotency_key(source, options)


def compresses_well(path: Path, content: bytes) -> bool:
    path.write_bytes(content)
    with open_source(str(path), None) as source:
        return sources.compresses_well(source)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.csv", "csv"),
        ("a.TSV", "csv"),
        ("a.jsonl", "ndjson"),
        ("a.json", "json"),
        ("a.xlsm", "xlsx"),
        ("a.csv.gz", "csv"),
    ],
)
def test_the_suffix_of_a_file_says_its_format_whatever_is_in_it(tmp_path: Path, name: str, format: str) -> None:
    assert type_of(tmp_path / name, b"{}") == TYPES[format]


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (gzip.compress(b'{"url": "a"}', mtime=0), "ndjson"),
        (b"PK\x03\x04...", "xlsx"),
        (b' [{"url": "a"}]', "json"),
        (b'{"url": "a"}\n', "ndjson"),
        (b'\xef\xbb\xbf \r\n{"url": "a"}', "ndjson"),
        ('{"url": "a"}'.encode("utf-16"), "ndjson"),
        (CSV, "csv"),
        (b"", "csv"),
    ],
)
def test_without_a_suffix_the_content_says_it(tmp_path: Path, content: bytes, format: str) -> None:
    assert type_of(tmp_path / "links", content) == TYPES[format]


def test_the_user_decides_before_the_suffix(path: Path) -> None:
    assert type_of(path, CSV, "ndjson") == TYPES["ndjson"]


def test_a_file_is_described_as_it_is(path: Path) -> None:
    path.write_bytes(gzip.compress(CSV))
    with open_source(str(path), None) as source:
        assert (source.name, source.size, source.coding) == (str(path), path.stat().st_size, "gzip")
        assert b"".join(sources.chunks(source)) == path.read_bytes()
    path.write_bytes(CSV)
    with open_source(str(path), None) as source:
        assert source.coding is None


def test_a_pipe_is_copied_so_that_it_can_be_sent_again(path: Path) -> None:
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(CSV,))
    writer.start()
    with open_source(str(path), None) as source:
        assert [b"".join(sources.chunks(source)) for _ in range(2)] == [CSV, CSV]
        assert source.size == len(CSV)
    writer.join()


def test_a_file_that_cannot_be_opened_is_named(path: Path) -> None:
    with pytest.raises(LinkmillError, match=r"links\.csv: No such file or directory$"), open_source(str(path), None):
        pass


def test_the_same_content_with_the_same_options_is_the_same_upload(path: Path, tmp_path: Path) -> None:
    path.write_bytes(CSV)
    copy = tmp_path / "copy.csv"
    copy.write_bytes(CSV)
    key = key_of(path, {"a": "1", "b": "2"})
    assert key.startswith("cli-")
    assert key_of(copy, {"b": "2", "a": "1"}) == key


def test_other_content_options_or_format_is_another_upload(path: Path) -> None:
    keys = set()
    for content in (CSV, CSV + CSV, gzip.compress(CSV)):
        path.write_bytes(content)
        keys |= {key_of(path, {}), key_of(path, {"a": "1"}), key_of(path, {}, "json")}
    assert len(keys) == 9


def test_only_a_file_that_gzip_halves_is_compressed(path: Path) -> None:
    assert compresses_well(path, CSV * 100)
    assert not compresses_well(path, random.Random(1).randbytes(1000))
    assert not compresses_well(path, b"")


def test_a_compressed_file_is_not_compressed_again(path: Path) -> None:
    assert not compresses_well(path, gzip.compress(CSV * 100, compresslevel=0))


def test_rows_that_are_appended_meanwhile_are_not_sent(path: Path) -> None:
    path.write_bytes(CSV)
    with open_source(str(path), None) as source:
        with path.open("ab") as file:
            file.write(b"https://example.com/late\n")
        assert b"".join(sources.chunks(source)) == CSV


def test_a_file_that_became_shorter_is_not_sent(path: Path) -> None:
    path.write_bytes(CSV)
    with open_source(str(path), None) as source:
        os.truncate(path, 5)
        with pytest.raises(LinkmillError, match="became shorter"):
            list(sources.chunks(source))


def test_parts_become_one_stream_of_gzip() -> None:
    parts = [CSV, b"", CSV]
    stream = list(sources.gzip_stream(iter(parts)))
    assert all(stream)
    assert gzip.decompress(b"".join(stream)) == CSV + CSV
