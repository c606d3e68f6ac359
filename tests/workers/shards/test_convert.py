"""Convert: UTF-16, old line ends and spreadsheets become UTF-8 by lines, once, and the old upload goes."""

import pytest
from sqlalchemy.exc import OperationalError

from models import store
from models.accounts.keys import Owner
from models.errors import LostLease
from models.jobs import leases
from models.jobs.leases import Claim
from models.states import ShardKind
from producer.accept import Upload, accept
from producer.intake import upload_store
from producer.intake.layouts import CSV, Conversion, Layout
from producer.job_options import Options
from producer.signals import wakeups
from tests.steps import Steps, accept_csv, lose_next_answer, read_job, record_steps
from tests.work import work_off
from tests.workbooks import xlsxwriter_workbook
from workers.shards import convert

TEXT = "url,title\nhttps://a.example/,Ä\nhttps://b.example/,ö\n"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


def accept_bytes(owner: Owner, data: bytes) -> int:
    return accept(Upload(CSV, CSV, [data]), owner, Options)


def claim_split() -> Claim:
    with store.write() as db:
        claim = leases.claim(db, ShardKind.SPLIT, wakeups.BULK, (0, 0))
    assert claim
    return claim


def content(job_id: int) -> bytes:
    return upload_store.read(read_job(job_id).upload, 0, 1 << 20)


def test_utf_8_by_lines_stays_as_it_is(owner: Owner, steps: Steps) -> None:
    job = read_job(accept_csv(owner, TEXT))
    with store.write() as db:
        claim = leases.claim(db, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
    assert claim
    assert convert.convert(claim, job) is job


@pytest.mark.parametrize("data", [TEXT.encode("utf-16"), TEXT.replace("\n", "\r").encode()], ids=["utf-16", "returns"])
def test_other_text_becomes_utf_8_by_lines(owner: Owner, steps: Steps, data: bytes) -> None:
    job_id = accept_bytes(owner, data)
    before = read_job(job_id)
    job = convert.convert(claim_split(), before)
    assert (job, content(job_id)) == (read_job(job_id), TEXT.encode())
    assert Layout.load(job.layout).conversion == Conversion.NONE
    with pytest.raises(Exception, match="upload"):
        upload_store.read(before.upload, 0, 1)


def test_a_spreadsheet_becomes_csv(owner: Owner, steps: Steps) -> None:
    job_id = accept_bytes(owner, xlsxwriter_workbook([["url", "title"], ["https://a.example/", "Ä"]]))
    job = convert.convert(claim_split(), read_job(job_id))
    assert content(job_id) == "url,title\nhttps://a.example/,Ä\n".encode()
    assert Layout.load(job.layout).mapping == {"url": 0, "title": 1}


def test_a_converted_upload_creates_its_links(owner: Owner, steps: Steps) -> None:
    job_id = accept_bytes(owner, TEXT.encode("utf-16"))
    work_off(ShardKind.SPLIT, queue=wakeups.BULK)
    work_off(ShardKind.CREATE, queue=wakeups.BULK)
    assert read_job(job_id).created == 2


def test_who_lost_the_lease_leaves_the_upload_and_no_second_one(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = accept_bytes(owner, TEXT.encode("utf-16"))
    claim = claim_split()
    saved: list[str] = []
    save = upload_store.save

    def remember(*arguments: object) -> tuple[str, int]:
        name, size = save(*arguments)  # type: ignore[arg-type]
        saved.append(name)
        return name, size

    def lose(*_: object) -> None:
        raise LostLease("another worker has it")

    monkeypatch.setattr(upload_store, "save", remember)
    monkeypatch.setattr(leases, "extend", lose)
    with pytest.raises(LostLease):
        convert.convert(claim, read_job(job_id))
    assert content(job_id) == TEXT.encode("utf-16")
    with pytest.raises(Exception, match="upload"):
        upload_store.read(saved[0], 0, 1)


def test_a_commit_that_is_not_answered_leaves_the_job_its_upload(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = accept_bytes(owner, TEXT.encode("utf-16"))
    claim = claim_split()
    lose_next_answer(monkeypatch)
    with pytest.raises(OperationalError):
        convert.convert(claim, read_job(job_id))
    assert content(job_id) == TEXT.encode()
    job = read_job(job_id)
    assert convert.convert(claim, job) is job


def test_a_long_conversion_keeps_its_lease(owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr(convert, "BLOCK_BYTES", 16)
    extended: list[int] = []
    extend = leases.extend

    def count(db: store.Connection, claim: Claim) -> None:
        extended.append(claim.token)
        extend(db, claim)

    monkeypatch.setattr(leases, "extend", count)
    job_id = accept_bytes(owner, TEXT.encode("utf-16"))
    convert.convert(claim_split(), read_job(job_id))
    assert len(extended) > 3
