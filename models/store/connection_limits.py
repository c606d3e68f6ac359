"""How many connections to PostgreSQL a user may open: of the server, the database and the role, the least counts."""

from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Connection


class ConnectionLimit(NamedTuple):
    most: int
    free: int
    """How many more may be opened now."""


def of(db: Connection) -> ConnectionLimit:
    """Read the limit of the role and database that a connection of the store has."""
    connection = db.connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return read(connection)


def read(connection: psycopg.Connection[Any]) -> ConnectionLimit:
    """Do the same with a connection of the driver."""
    row = connection.execute(LIMIT, prepare=False).fetchone()
    connection.rollback()
    assert row
    return ConnectionLimit(*row)


LIMIT = """
WITH role AS (SELECT oid, nullif(rolconnlimit, -1) AS most FROM pg_roles WHERE rolname = current_user),
base AS (SELECT oid, nullif(datconnlimit, -1) AS most FROM pg_database WHERE datname = current_database()),
server AS (
    SELECT sum(CASE WHEN name = 'max_connections' THEN setting::int ELSE -setting::int END)::int AS most
    FROM pg_settings WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
),
used AS (
    SELECT count(*)::int AS of_server, (count(*) FILTER (WHERE usesysid = role.oid))::int AS of_role,
           (count(*) FILTER (WHERE datid = base.oid))::int AS of_base
    FROM pg_stat_activity, role, base WHERE backend_type = 'client backend'
)
SELECT least(server.most, role.most, base.most),
       least(server.most - of_server, role.most - of_role, base.most - of_base)
FROM server, role, base, used
"""
