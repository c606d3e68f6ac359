"""The outcome of a shard of changes: what became of each row and its link, and the items that record it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from models.jobs.jobs import Job, Results
from models.jobs.leases import Claim
from models.states import ItemStatus
from models.store import Columns
from producer.intake.batch import Batch, ItemProblem
from producer.rules.changes import JudgedChanges
from workers.shards.changes.working_links import WorkingLink
from workers.shards.columns import FAILED, input_json, storable_text

NO_LINK = ItemProblem("NOT_FOUND", "This workspace has no such link.")

Changes = dict[str, list[Any]]
"""By item field: the value before, and the value after."""


@dataclass(slots=True)
class Outcome:
    statuses: list[str]
    """By row. Those of rows that have their result from an earlier run stay empty."""
    links: list[WorkingLink | None]
    slugs: list[str | None]
    """Those that the links have after each row."""
    problems: dict[int, ItemProblem]
    changes: dict[int, Changes] = field(default_factory=dict)

    @property
    def results(self) -> Results:
        counts = Counter(self.statuses)
        failures = Counter(problem.code for problem in self.problems.values())
        return Results(
            updated=counts[ItemStatus.UPDATED],
            deleted=counts[ItemStatus.DELETED],
            existing=counts[ItemStatus.EXISTING],
            failures=failures,
        )


def new_outcome(judged: JudgedChanges, settled_rows: frozenset[int]) -> Outcome:
    """The outcome of rows that are still to be looked at."""
    rows = len(judged.names)
    problems = {row: problem for row, problem in judged.problems.items() if row not in settled_rows}
    return Outcome([""] * rows, [None] * rows, [None] * rows, problems)


def item_columns(
    claim: Claim, job: Job, batch: Batch, judged: JudgedChanges, outcome: Outcome, settled_rows: frozenset[int]
) -> Columns:
    """The items of the rows that get their result now."""
    links = outcome.links
    _enter_problems(outcome)
    columns: dict[str, Any] = {
        "index": range(claim.first_index, claim.first_index + batch.rows),
        "line": batch.lines,
        "status": outcome.statuses,
        "slug": outcome.slugs,
        "generation": [link.generation if link else None for link in links],
        "external_id": [name if type(name) is str else None for name in judged.names],
    }
    if any(link and link.domain_id != job.domain_id for link in links):
        columns["domain_id"] = [_own_domain_id(link, job) for link in links]
    if judged.custom_ids:
        columns["custom_id"] = judged.custom_ids
    if outcome.changes:
        columns["changes"] = _in_rows(batch.rows, {row: _json(each) for row, each in outcome.changes.items()})
    if outcome.problems:
        columns |= _problem_columns(batch, outcome)
    return {"job_id": job.id} | _without(settled_rows, batch.rows, columns)


def _enter_problems(outcome: Outcome) -> None:
    for row in outcome.problems:
        outcome.statuses[row] = FAILED
        outcome.links[row] = None
        outcome.slugs[row] = None


def _own_domain_id(link: WorkingLink | None, job: Job) -> int | None:
    if link is None or link.domain_id == job.domain_id:
        return None
    return link.domain_id


def _problem_columns(batch: Batch, outcome: Outcome) -> dict[str, list[Any]]:
    codes: dict[int, str] = {}
    messages: dict[int, str] = {}
    inputs: dict[int, str] = {}
    for row, problem in outcome.problems.items():
        codes[row] = problem.code
        messages[row] = storable_text(problem.message)
        inputs[row] = input_json(batch.raw(row))
    columns = {"error_code": codes, "error_message": messages, "input": inputs}
    return {name: _in_rows(batch.rows, values) for name, values in columns.items()}


def _in_rows(rows: int, values: dict[int, Any]) -> list[Any]:
    return [values.get(row) for row in range(rows)]


def _json(changes: Changes) -> str:
    return _encode(changes).decode()


_encode = msgspec.json.Encoder().encode


def _without(settled_rows: frozenset[int], rows: int, columns: dict[str, Sequence[Any]]) -> dict[str, Any]:
    columns = {name: column if isinstance(column, range) else list(column) for name, column in columns.items()}
    if not settled_rows:
        return columns
    kept = [row for row in range(rows) if row not in settled_rows]
    return {name: [column[row] for row in kept] for name, column in columns.items()}
