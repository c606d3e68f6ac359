"""External ids of links with partitions: a table that keeps them unique, since an index of a partition cannot.

Triggers maintain it, so that links are written by the same statements, and with the same errors, as without partitions.
"""

from sqlalchemy import Connection

LINKS = "links"
TABLE = "external_ids"


def create(db: Connection, table: str) -> None:
    """Keep the external ids of a partitioned table unique from its first row on."""
    for statement in STATEMENTS:
        db.exec_driver_sql(statement.format(table=table))


def remove(db: Connection) -> None:
    """Remove what `create` has created, when its table is gone."""
    db.exec_driver_sql(f"DROP TABLE {TABLE}")
    db.exec_driver_sql("DROP FUNCTION keep_external_id()")


STATEMENTS = (
    f"""CREATE TABLE {TABLE} (
        workspace_id bigint NOT NULL, external_id text COLLATE "C" NOT NULL, PRIMARY KEY (workspace_id, external_id)
    )""",
    f"""CREATE FUNCTION keep_external_id() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            DELETE FROM {TABLE} WHERE workspace_id = OLD.workspace_id AND external_id = OLD.external_id;
        END IF;
        IF TG_OP <> 'DELETE' AND NEW.external_id IS NOT NULL THEN
            INSERT INTO {TABLE} VALUES (NEW.workspace_id, NEW.external_id);
        END IF;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER add_external_id AFTER INSERT ON {table} FOR EACH ROW
        WHEN (NEW.external_id IS NOT NULL) EXECUTE FUNCTION keep_external_id()""",
    """CREATE TRIGGER remove_external_id AFTER DELETE ON {table} FOR EACH ROW
        WHEN (OLD.external_id IS NOT NULL) EXECUTE FUNCTION keep_external_id()""",
    """CREATE TRIGGER change_external_id AFTER UPDATE OF external_id ON {table} FOR EACH ROW
        WHEN (OLD.external_id IS DISTINCT FROM NEW.external_id) EXECUTE FUNCTION keep_external_id()""",
)
