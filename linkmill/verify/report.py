"""The report of a comparison: the pairs that do not lead to the same place, and how many do."""

import json
from collections import Counter
from dataclasses import dataclass, field

from .. import show
from ..errors import printable
from .compare import GOOD, Comparison, Outcome
from .follow import Place

COLUMNS = ("line", "result", "old link", "destination", "new link", "destination")
WORDS = {
    Outcome.SAME: "lead to the same place",
    Outcome.NOWHERE: "lead nowhere, as before",
    Outcome.DIFFERENT: "lead to another place",
    Outcome.UNKNOWN: "gave no answer",
    Outcome.MISSING: "have no new link",
    Outcome.IDENTICAL: "are the same link, old and new (--new-server can tell them apart)",
}


@dataclass(slots=True)
class Report:
    counts: Counter[Outcome] = field(default_factory=Counter)
    bad: list[Comparison] = field(default_factory=list)
    """Those that a person should look at."""

    def add(self, comparison: Comparison) -> None:
        self.counts[comparison.outcome] += 1
        if comparison.outcome not in GOOD:
            self.bad.append(comparison)

    def summary(self) -> str:
        total = self.counts.total()
        parts = [f"{self.counts[outcome]:,} {WORDS[outcome]}" for outcome in Outcome if self.counts[outcome]]
        return f"{total:,} pairs: " + ("; ".join(parts) or "no row has an old link")

    def as_table(self) -> str:
        return show.table(COLUMNS, [_cells(comparison) for comparison in self.bad])

    def as_json(self) -> str:
        counts = {outcome.value: self.counts[outcome] for outcome in Outcome}
        return json.dumps({"pairs": self.counts.total(), **counts, "problems": list(map(_document, self.bad))})


def _cells(comparison: Comparison) -> list[str]:
    pair = comparison.pair
    texts = (pair.line, comparison.outcome, pair.old, comparison.old, pair.new, comparison.new)
    return [printable(str(text)) for text in texts]


def _document(comparison: Comparison) -> dict[str, object]:
    return {
        "line": comparison.pair.line,
        "result": comparison.outcome,
        "old": {"url": comparison.pair.old, **_place(comparison.old)},
        "new": {"url": comparison.pair.new, **_place(comparison.new)},
    }


def _place(place: Place) -> dict[str, object]:
    return {"leads_to": place.url, "status": place.status, "reason": place.reason or None}
