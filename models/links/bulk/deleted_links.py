"""Deleted links: kept whole for the undo of the job that deleted them, until its retention ends.

What other tables say of a link is named by its generation too, and so stays where it is meanwhile: tags and clicks.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from models import store
from models.link_key import LinkKey
from models.links.bulk import side_tables
from models.tables import deleted_links, links


def move(db: Connection, job_id: int, indexes: Sequence[int], row_ids: Sequence[Any], keys: Sequence[LinkKey]) -> None:
    """Delete locked links, and keep them under the items that deleted them."""
    if not row_ids:
        return
    columns = {"deleted_by": [job_id] * len(row_ids), "item_index": list(indexes)}
    store.dialect().bulk_move(db, links, deleted_links, row_ids, columns)
    side_tables.remove_from_queues(db, keys)
