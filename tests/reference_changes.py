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
    return change(row, link, links)


def upsert_all(rows: list[dict[str, Any]], links: list[Link]) -> list[tuple[str, str | None]]:
    """Change the link that a row names by either of its names, or create one."""
    return [upsert(row, links) for row in rows]


def upsert(row: dict[str, Any], links: list[Link]) -> tuple[str, str | None]:
    row = {name: value for name, value in row.items() if value is not None}
    link = find({"external_id": row.get("external_id")}, links) or find({"slug": row.get("slug")}, links)
    if link is None:
        return create(row, links)
    if row.get("max_clicks") == 0:
        return "failed", "INVALID_MAX_CLICKS"
    if "url" in row and not row["url"]:
        return "failed", "INVALID_URL"
    return change(row, link, links)


def create(row: dict[str, Any], links: list[Link]) -> tuple[str, str | None]:
    if not row.get("url"):
        return "failed", "INVALID_URL"
    if row.get("max_clicks") == 0:
        return "failed", "INVALID_MAX_CLICKS"
    link = {name: row.get(name) or None for name in ("slug", "external_id", "url", "title", "max_clicks")}
    links.append(link | {"disabled": bool(row.get("disabled")), "tags": set(row.get("tags") or ())})
    return "created", None


def change(row: dict[str, Any], link: Link, links: list[Link]) -> tuple[str, str | None]:
    changed = dict(link)
    for name in ("url", "title", "max_clicks"):
        if name in row:
            changed[name] = row[name] or None
    if row.get("external_id"):
        changed["external_id"] = row["external_id"]
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
