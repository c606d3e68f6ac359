"""The history of links: what the items of all jobs say was done to each, compared with the links that there are."""

import json
from collections import Counter, defaultdict

from models.states import ItemStatus, JobKind
from tests.proof.state import ItemRow, LinkKey, State

FIRST_TITLE = None
"""Links are created without a title."""
EXISTENCE = {ItemStatus.CREATED: 1, ItemStatus.DELETED: -1, ItemStatus.UPDATED: 0}

Title = str | None


class History:
    """Remembers each result that changed a link, also when its job is cleared."""

    def __init__(self) -> None:
        self.items: dict[tuple[int, int], ItemRow] = {}
        self.taken_back: set[LinkKey] = set()
        """Links that the undo of a creation reports as deleted, whoever deleted them."""
        self.ever_deleted: set[LinkKey] = set()
        """Links that a job has deleted, and perhaps brought back."""

    def remember(self, state: State) -> None:
        self.ever_deleted.update(state.deleted_links)
        for job in state.jobs.values():
            if job.dry_run:
                continue
            for item in state.items[job.id].values():
                if job.kind == JobKind.UNDO and item.status == ItemStatus.DELETED:
                    self.taken_back.add(item.link)
                elif item.status in EXISTENCE:
                    self.items[job.id, item.at] = item

    def check(self, state: State) -> None:
        """Each result was done once, and in one order."""
        self._check_existence(state)
        self._check_titles(state)

    def _check_existence(self, state: State) -> None:
        times: Counter[LinkKey] = Counter()
        for item in self.items.values():
            times[item.link] += EXISTENCE[ItemStatus(item.status)]
        for link, expected in times.items():
            exists = link in state.titles and link not in state.deleted_links
            assert expected == exists or (not exists and link in self.taken_back), f"{link} exists: {exists}"

    def _check_titles(self, state: State) -> None:
        """The changes of each link are one chain, from the title that it was created with to the one that it has."""
        balances: dict[LinkKey, Counter[Title]] = defaultdict(Counter)
        for item in self.items.values():
            if item.status == ItemStatus.UPDATED:
                before, after = json.loads(item.changes or "{}")["title"]
                balances[item.link][before] -= 1
                balances[item.link][after] += 1
        for link, balance in balances.items():
            if link in state.titles:
                expected = Counter({state.titles[link]: 1})
                expected[FIRST_TITLE] -= 1
                assert balance == expected, f"{link} has {state.titles[link]!r} after {balance}"
