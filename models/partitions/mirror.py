"""Fills a copy of links behind its writers: triggers carry over what they change, and batches copy all other rows."""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection, text

from models import store
from models.ids import LARGEST_ID

ROWS = 10_000
"""How many rows a batch copies. A transaction that changes one of them waits until the batch is committed."""
PROGRESS = "links_copied"

Report = Callable[[str], None]


class Place(NamedTuple):
    """The key of the last row that was copied."""

    domain_id: int
    slug: str


def start(db: Connection, table: str, copy: str) -> bool:
    """Carry over changes of a table to its copy from now on."""
    if db.execute(text(f"SELECT to_regclass('{PROGRESS}')")).scalar_one() is None:
        for statement in STATEMENTS:
            db.exec_driver_sql(statement.format(table=table, copy=copy))
    return True


def copy_rest(table: str, copy: str, report: Report) -> None:
    """Copy the rows that are not copied yet, in the order of their keys."""
    end_of_batch = text(END_OF_BATCH.format(table=table))
    copy_batch = text(COPY_BATCH.format(table=table, copy=copy))
    batches = 0
    end = START
    while end != BEHIND_ALL:
        with store.write(durable=False) as db:
            start = Place(*db.execute(text(f"SELECT * FROM {PROGRESS}")).one())
            row = db.execute(end_of_batch, {**start._asdict(), "rows": ROWS - 1}).one_or_none()
            end = Place(*row) if row else BEHIND_ALL
            values = {f"end_{name}": value for name, value in end._asdict().items()}
            db.execute(copy_batch, {**start._asdict(), **values})
            db.execute(text(f"UPDATE {PROGRESS} SET domain_id = :domain_id, slug = :slug"), end._asdict())
        batches += 1
        if batches % BATCHES_A_REPORT == 0:
            report(f"{batches * ROWS:>15,} links copied.")


def stop(db: Connection, table: str) -> None:
    """Carry over nothing any more."""
    db.exec_driver_sql(f"DROP TRIGGER IF EXISTS mirror_links ON {table}")
    db.exec_driver_sql("DROP FUNCTION IF EXISTS mirror_links()")
    db.exec_driver_sql(f"DROP TABLE IF EXISTS {PROGRESS}")


BATCHES_A_REPORT = 100
START = Place(-1, "")
BEHIND_ALL = Place(LARGEST_ID, "")
END_OF_BATCH = """
SELECT domain_id, slug FROM {table} WHERE (domain_id, slug) > (:domain_id, :slug)
ORDER BY domain_id, slug OFFSET :rows LIMIT 1
"""
# A batch shares its rows with nobody who changes them, so each change comes before it or after it. What a trigger has
# carried over already stays.
COPY_BATCH = """
INSERT INTO {copy} SELECT * FROM {table}
WHERE (domain_id, slug) > (:domain_id, :slug) AND (domain_id, slug) <= (:end_domain_id, :end_slug)
ORDER BY domain_id, slug FOR SHARE ON CONFLICT DO NOTHING
"""
STATEMENTS = (
    f'CREATE TABLE {PROGRESS} (domain_id bigint NOT NULL, slug text COLLATE "C" NOT NULL)',
    f"INSERT INTO {PROGRESS} VALUES ({START.domain_id}, '{START.slug}')",
    """CREATE FUNCTION mirror_links() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            DELETE FROM {copy} WHERE domain_id = OLD.domain_id AND slug = OLD.slug;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO {copy} VALUES (NEW.*);
        END IF;
        RETURN NULL;
    END $$""",
    "CREATE TRIGGER mirror_links AFTER INSERT OR UPDATE OR DELETE ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION mirror_links()",
)
