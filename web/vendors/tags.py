"""Tags by number: the names of those that a request gives by id, and the ids of those that links have.

Linkmill has no archive: an archived link of Dub or Short.io has a tag, and goes on working.
"""

from typing import Any

from models import store
from models.accounts.keys import Owner
from models.jobs.items import LinkedItem
from models.link_key import LinkKey
from models.links import labels, tagging
from web.vendors.vendor import FinishedCall

ARCHIVED = "archived"


def read_names(tag_ids: set[str], owner: Owner) -> dict[str, str]:
    """Return the names of the workspace's tags by their id, as far as these ids exist."""
    numbers = {int(text) for text in tag_ids if text.isdecimal() and len(text) <= labels.LONGEST_ID}
    if not numbers:
        return {}
    with store.read() as db:
        names = labels.names_by_id(db, labels.TAGS, owner.workspace_id, numbers)
    return {str(tag_id): name for tag_id, name in names.items()}


def read_ids(names: list[str], owner: Owner) -> dict[str, int]:
    """Return the ids of the workspace's tags by name."""
    if not names:
        return {}
    with store.read() as db:
        return labels.ids_by_name(db, labels.TAGS, owner.workspace_id, sorted(set(names)))


def add(names: Any, name: str) -> Any:
    """Add a tag to the list of a request. What is not a list stays as it is, and fails by the rules of items."""
    if names is None:
        return [name]
    if not isinstance(names, list) or name in names:
        return names
    return [*names, name]


def change_archive(names: Any, present: list[str], archived: Any) -> Any:
    """Return the tags of a link that is moved into the archive or out of it; None leaves all as they are."""
    if archived is None:
        return names
    wanted = present if names is None else names
    if archived:
        return add(wanted, ARCHIVED)
    if not isinstance(wanted, list):
        return wanted
    return [name for name in wanted if name != ARCHIVED]


def read_tags(call: FinishedCall, results: list[LinkedItem]) -> dict[LinkKey, list[tuple[int, str]]]:
    """Read the id and name of each tag that the links of a call have."""
    # A link has tags only if the request names some, or if its external id names a link that existed before.
    if not any("tags" in item or "external_id" in item for item in call.request.items):
        return {}
    keys = [call.link_key(link) for link in results if link.slug]
    with store.read() as db:
        names_of_links = tagging.of_links(db, keys)
        names = sorted(set().union(*names_of_links.values()))
        ids = labels.ids_by_name(db, labels.TAGS, call.job.workspace_id, names)
    tags: dict[LinkKey, list[tuple[int, str]]] = {}
    for key, tag_names in names_of_links.items():
        tags[key] = [(ids[name], name) for name in tag_names if name in ids]
    return tags
