"""Corrects the totals beside `clicks`. Hosts of an earlier version count clicks without adding to the totals."""

from sqlalchemy import Connection, text

from models import store
from models.tables import link_clicks, workspace_clicks


def recount(db: Connection) -> int:
    """Correct all totals of links and all days of workspaces; return how many were wrong. Writers of clicks wait.

    Clicks of deleted links are only among those of their jobs, and jobs may be deleted too. So days never lose any.
    """
    for table in (link_clicks, workspace_clicks):
        store.dialect().lock_table(db, table)
    return sum(db.execute(statement).rowcount for statement in (LINKS, DAYS))


LINKS = text("""
INSERT INTO link_clicks (domain_id, slug, generation, workspace_id, last_day, total)
SELECT links.domain_id, links.slug, links.generation, links.workspace_id, coalesce(counted.last_day, '0001-01-01'),
       coalesce(counted.times, 0) + coalesce(links.opening_clicks, 0)
FROM links LEFT JOIN (
    SELECT domain_id, slug, generation, max(day) AS last_day, sum(count) AS times
    FROM clicks WHERE NOT bot GROUP BY domain_id, slug, generation
) AS counted
    ON counted.domain_id = links.domain_id AND counted.slug = links.slug AND counted.generation = links.generation
WHERE counted.times > 0 OR links.opening_clicks > 0
ON CONFLICT (domain_id, slug, generation) DO UPDATE SET total = excluded.total, last_day = excluded.last_day
WHERE link_clicks.total <> excluded.total
""")
DAYS = text("""
INSERT INTO workspace_clicks (workspace_id, day, count)
SELECT jobs.workspace_id, job_clicks.day, sum(job_clicks.count)
FROM job_clicks JOIN jobs ON jobs.id = job_clicks.job_id
GROUP BY jobs.workspace_id, job_clicks.day
ON CONFLICT (workspace_id, day) DO UPDATE SET count = excluded.count
WHERE workspace_clicks.count < excluded.count
""")
