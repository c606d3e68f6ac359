"""The links with the most clicks of some days are those that a plain count finds."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

from models import store
from models.accounts.keys import Owner
from models.clicks import click_counts, workspace_clicks
from models.clicks.click_counts import ClickCount
from tests.models.jobs.making import make_job
from tests.models.links.new_links import GENERATION, add_link

TODAY = datetime.now(UTC).date()
DAYS = 30
LINKS = 40
MOST = 5


def test_the_links_with_the_most_clicks_of_some_days(owner: Owner) -> None:
    job = make_job(owner)
    add_link(owner, "s0", domain_id=1, opening_clicks=10_000)  # which no day has
    other_job = make_job(owner, workspace_id=owner.workspace_id + 1)
    draw = random.Random(7)
    counts: list[ClickCount] = []
    for _ in range(300):
        day = TODAY - timedelta(days=draw.randrange(DAYS))
        slug = f"s{int(draw.paretovariate(0.5)) % LINKS}"
        times = draw.choice((1, 1, 1, 2, 50))
        counts.append(ClickCount(1, slug, GENERATION, day, draw.random() < 0.2, "", "", "", job.id, times))
    foreign = counts[0]._replace(slug="foreign", bot=False, job_id=other_job.id, times=1000)
    with store.write() as db:
        click_counts.add(db, [*counts, foreign])
    for days in (0, 1, 3, 7, DAYS):
        since = TODAY - timedelta(days=days - 1)
        with store.read() as db:
            top = workspace_clicks.top_links(db, owner.workspace_id, since, MOST)
        assert [(link.key.slug, link.clicks) for link in top] == plain_count(counts, since)


def plain_count(counts: list[ClickCount], since: date) -> list[tuple[str, int]]:
    totals: Counter[str] = Counter()
    for count in counts:
        if count.day >= since and not count.bot:
            totals[count.slug] += count.times
    return sorted(totals.items(), key=lambda total: (-total[1], total[0]))[:MOST]
