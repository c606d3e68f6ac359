"""What a job that changes links means: a loop over its rows, each of which changes or deletes one. Plain and slow."""

from typing import Any

Link = dict[str, Any]
MOST_TAGS = 20


def update_all(rows: list[dict[str, Any]], links: list[Link]) -> list[tuple[str, str | None]]:
    """Change links row after row; return the outcome of each row and the code of a failure."""
    return [update(row, links) for row in rows]


def delete_all(rows: list[dict[str, Any]], links: list[Link]) -> list[tuple[str, str | None]]:
    outcomes: list[tuple[str, str | None]] = []
    for row in rows:
        link = find(row, links)
        if link is None:
            outcomes.append(("failed", "NOT_FOUND"))
        else:
            links.remove(link)
            outcomes.append(("deleted", None))
    return outcomes


def find(row: dict[str, Any], links: list[Link]) -> Link | None:
    """The link that a row names by the first name that it has."""
    for name in ("external_id", "slug"):
        if row.get(name):
            return next((link for link in links if link[name] == row[name]), None)
    return None


def update(row: dict[str, Any], links: list[Link]) -> tuple[str, str | None]:
    if "max_clicks" in row and row["max_clicks"] == 0:
        return "failed", "INVALID_MAX_CLICKS"
    if "url" in row and not row["url"]:
        return "failed", "INVALID_URL"
    link = find(row, links)
    if link is None:
        return "failed", "NOT_FOUND"
    changed = dict(link)
    for name in ("url", "title", "max_clicks"):
        if name in row:
            changed[name] = row[name] or None
    if "disabled" in row:
        changed["disabled"] = bool(row["disabled"])
    changed["tags"] = tags_after(row, link["tags"])
    if len(changed["tags"]) > MOST_TAGS:
        return "failed", "INVALID_TAGS"
    if row.get("new_slug") and row["new_slug"] != link["slug"]:
        if any(other["slug"] == row["new_slug"] for other in links):
            return "failed", "SLUG_TAKEN"
        changed["slug"] = row["new_slug"]
    if changed == link:
        return "existing", None
    link.update(changed)
    return "updated", None


def tags_after(row: dict[str, Any], tags: set[str]) -> set[str]:
    after = set(row["tags"] or ()) if "tags" in row else set(tags)
    after |= set(row.get("add_tags") or ())
    return after - set(row.get("remove_tags") or ())
