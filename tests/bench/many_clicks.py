"""Rows of clicks: one statement writes as many as there are links."""

from sqlalchemy import Connection, text

from tests.bench.many_links import POSTGRESQL as SERIES_POSTGRESQL
from tests.bench.many_links import SQLITE as SERIES_SQLITE

HOT = 20
"""So many links share a fifth of all rows. Of the others, four of five have one row each, up to a year old."""
HOT_SLUG = "s1"


def add(db: Connection, domain_id: int, job_id: int, rows: int) -> None:
    """Write clicks of the links of `many_links`, and add them up by job."""
    spelling = POSTGRESQL if db.engine.name == "postgresql" else SQLITE
    names = {"domain": domain_id, "job": job_id, "hot": HOT} | spelling
    names["series"] = spelling["series"].format(first=1, last=rows)
    for statement in (CLICKS, JOB_CLICKS):
        db.execute(text(statement.format(**names)))


POSTGRESQL = {"series": SERIES_POSTGRESQL["series"], "day": "current_date - (i % 365)::integer", "false": "false"}
SQLITE = {"series": SERIES_SQLITE["series"], "day": "date('now', '-' || (i % 365) || ' days')", "false": "0"}
CLICKS = """
INSERT INTO clicks (domain_id, slug, generation, day, bot, device, country, referrer, job_id, count)
SELECT {domain}, 's' || CASE WHEN i % 5 = 0 THEN 1 + i / 5 % {hot} ELSE i END, 1, {day}, {false}, 'device' || (i % 3),
       'C' || (i / 1000 % 10), 'referrer' || (i / 100 % 10) || '.example', {job}, 1 + i % 7
FROM {series} WHERE true ON CONFLICT DO NOTHING
"""
JOB_CLICKS = """
INSERT INTO job_clicks (job_id, day, device, country, referrer, count)
SELECT job_id, day, device, country, referrer, sum(count) FROM clicks
GROUP BY job_id, day, device, country, referrer
"""
