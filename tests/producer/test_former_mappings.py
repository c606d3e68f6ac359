"""A mapping that somebody chose is offered again for a file with the same columns."""

from models.accounts.keys import Owner
from producer import former_mappings
from producer.accept import Upload, accept
from producer.intake.detection import FormatHints, detect_layout
from producer.intake.layouts import CSV, Layout
from producer.job_options import Options

FILE = b"Where,Name,Old\nhttps://a.example/,A,https://a.example/old\n"
CHOSEN = {"url": "Where", "title": "Name"}


def layout(head: bytes) -> Layout:
    return detect_layout(head, CSV, 10, {}, FormatHints(url=False))


def upload(owner: Owner, mapping: dict[str, str | None]) -> None:
    accept(Upload(CSV, CSV, [FILE]), owner, lambda: Options(mapping=mapping))


def test_the_last_mapping_of_the_same_columns_is_found(owner: Owner) -> None:
    assert former_mappings.find(owner, layout(FILE)) == {}
    upload(owner, {"url": "Old"})
    upload(owner, {**CHOSEN})
    assert former_mappings.find(owner, layout(FILE)) == CHOSEN
    assert former_mappings.find(owner, layout(b"Where,Name\nhttps://a.example/,A\n")) == {}


def test_a_mapping_that_is_there_already_is_not_offered(owner: Owner) -> None:
    upload(owner, {**CHOSEN})
    same = detect_layout(FILE, CSV, 10, {**CHOSEN}, FormatHints())
    assert former_mappings.find(owner, same) == {}
