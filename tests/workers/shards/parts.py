"""Parts of a shard for tests without a database: a job, a claim, judged rows and facts."""

import json
from datetime import UTC, datetime
from typing import Any

from models.jobs.jobs import Job
from models.jobs.leases import Claim
from models.states import JobKind, JobStatus, ShardKind
from producer.intake.batch import Batch
from producer.intake.layouts import NDJSON, Layout
from producer.intake.reading import read_batch
from producer.rules.judging import JudgedBatch, JudgingContext, judge
from workers.shards.draft import Draft, Facts, make_draft
from workers.shards.reuse import NO_URLS, ExistingLink, UrlFacts

JOB_DOMAIN = 33
CONTEXT = JudgingContext(frozenset(("short.example",)), {}, datetime.now(UTC))


def make_job(**values: Any) -> Job:
    fields: dict[str, Any] = dict.fromkeys(Job._fields)
    fields |= {
        "id": 11,
        "workspace_id": 22,
        "domain_id": JOB_DOMAIN,
        "kind": JobKind.CREATE,
        "status": JobStatus.RUNNING,
        "run": 1,
        "dry_run": False,
        "options": {},
    }
    return Job(**fields | values)


def make_claim(**values: Any) -> Claim:
    fields: dict[str, Any] = dict.fromkeys(Claim._fields, 0)
    fields |= {
        "job_id": 11,
        "run": 1,
        "workspace_id": 22,
        "kind": ShardKind.CREATE,
        "queue": "bulk",
        "attempts": 1,
        "granted_at": None,
        "after_index": None,
    }
    return Claim(**fields | values)


def judge_rows(*rows: dict[str, Any]) -> tuple[Batch, JudgedBatch]:
    lines = b"".join(json.dumps({"url": "https://example.com/"} | row).encode() + b"\n" for row in rows)
    shard = read_batch(lines, Layout(NDJSON), 1, 0, len(rows))
    return shard, judge(shard, CONTEXT)


def make_facts(
    reserved: tuple[str, ...] = (),
    taken: tuple[str, ...] = (),
    by_external_id: dict[str, ExistingLink] | None = None,
    tag_ids: dict[str, int] | None = None,
    urls: UrlFacts = NO_URLS,
) -> Facts:
    return Facts("enterprise", frozenset(reserved), set(taken), by_external_id or {}, tag_ids or {}, urls)


def draft_rows(
    *rows: dict[str, Any],
    facts: Facts | None = None,
    settled_rows: frozenset[int] = frozenset(),
    job: Job | None = None,
    room: int | None = None,
    **claim: Any,
) -> Draft:
    shard, judged = judge_rows(*rows)
    return make_draft(make_claim(**claim), job or make_job(), shard, judged, facts or make_facts(), settled_rows, room)
