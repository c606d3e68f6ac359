"""The search index of links: filters of short pieces of text, one for each block of links of a workspace."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table

from models.tables.columns import Time, metadata

search_blocks = Table(
    "search_blocks",
    metadata,
    Column("workspace_id", BigInteger, nullable=False),
    Column("id", BigInteger, nullable=False),
    Column("first_at", Time, nullable=False),  # created_at of its oldest link
    Column("last_at", Time, nullable=False),
    Column("links", Integer, nullable=False),
    Column("bits", LargeBinary, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "first_at"),
)

unindexed = Table(  # spans of links that were written since their blocks: searches read these links themselves
    "unindexed",
    metadata,
    Column("workspace_id", BigInteger, nullable=False),
    Column("id", BigInteger, nullable=False),
    Column("first_at", Time, nullable=False),
    Column("last_at", Time, nullable=False),
    Column("noted_at", Double, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
)
