"""Special fields: those whose new value depends on the link, or on other links."""

from typing import Any

from models import settings
from models.jobs.jobs import Job
from producer.fields.item_rules import MOST_TAGS
from producer.fields.wide_slugs import LONGEST_WIDE_SLUG
from producer.intake.batch import ItemProblem
from producer.rules.changes import KEEP, JudgedChanges
from producer.rules.judging import LOOP, TOO_LONG_IN_LOWER_CASE, leads_to
from producer.rules.utm import with_utm
from workers.shards.changes.facts import TAG_FIELDS, Facts, spell
from workers.shards.changes.outcome import Changes
from workers.shards.changes.working_links import WorkingLink, WorkingLinks

SPECIAL = ("url", "password", "disabled", "group", "external_id", "new_slug", *TAG_FIELDS)
TAKEN_ID = ItemProblem("INVALID_EXTERNAL_ID", "Another link of this workspace has this external_id.")
TOO_MANY_TAGS = ItemProblem("INVALID_TAGS", f"A link can have at most {MOST_TAGS} tags.")

NewValues = dict[str, Any]


class SpecialFields:
    """The special fields that some row of a shard changes."""

    def __init__(self, job: Job, judged: JudgedChanges, links: WorkingLinks, facts: Facts) -> None:
        self.job = job
        self.columns = judged.columns
        self.utm = judged.utm
        self.links = links
        self.facts = facts
        self.names = [name for name in SPECIAL if name in self.columns]
        if "url" in self.names and not self.utm and not self._may_loop():
            self.names.remove("url")

    def _may_loop(self) -> bool:
        """Whether some URL may lead to one of our own domains. They are rare: one search through them all tells."""
        joined = "\n".join(url for url in self.columns["url"] if isinstance(url, str))
        hosts = [settings.get().authority, *(domain.hostname for domain in self.facts.domains.values())]
        return any(f"//{host.partition(':')[0]}" in joined for host in hosts)

    def new_values(self, row: int, link: WorkingLink) -> NewValues | ItemProblem:
        """What a row changes about its link, or why it cannot."""
        values: NewValues = {}
        for name in self.names:
            if self.columns[name][row] is KEEP and not (name == "url" and row in self.utm):
                continue
            value = RULES[name](self, row, link)
            if isinstance(value, ItemProblem):
                return value
            if value is not KEEP:
                values["tags" if name in TAG_FIELDS else name] = value
        return values

    def change(self, link: WorkingLink, name: str, value: Any) -> Changes:
        """Give a link a new value; return what changes."""
        changes: Changes = CHANGES[name](self, link, value)
        return changes

    def url(self, row: int, link: WorkingLink) -> Any:
        current = link.values["url"]
        if row in self.utm:
            url = with_utm(current, self.utm[row])
        else:
            url = self.columns["url"][row]
            hostname = self.facts.domains[link.domain_id].hostname
            if leads_to(url, (settings.get().authority, hostname)):
                return LOOP
        return KEEP if url == current else url

    def password(self, row: int, link: WorkingLink) -> Any:
        value = self.columns["password"][row]
        if value is None:
            return KEEP if link.values["password_hash"] is None else None
        return str(value)  # that of the option `set` is of a class of its own

    def disabled(self, row: int, link: WorkingLink) -> Any:
        """A link that is disabled already keeps the moment at which it was."""
        value = self.columns["disabled"][row]
        return KEEP if bool(value) == bool(link.values["disabled_at"]) else value

    def group(self, row: int, link: WorkingLink) -> Any:
        value = self.columns["group"][row]
        return KEEP if value == link.values["group_id"] else value

    def external_id(self, row: int, link: WorkingLink) -> Any:
        value = self.columns["external_id"][row]
        if value == link.values["external_id"]:
            return KEEP
        if value in self.links.by_external_id or value in self.facts.taken_external_ids:
            return TAKEN_ID
        return value

    def new_slug(self, row: int, link: WorkingLink) -> Any:
        slug = spell(self.columns["new_slug"][row], self.facts.domains[link.domain_id])
        name = (link.domain_id, slug)
        if len(slug) > LONGEST_WIDE_SLUG:
            return TOO_LONG_IN_LOWER_CASE
        if slug == link.slug:
            return KEEP
        if slug in self.facts.reserved_slugs:
            return ItemProblem("RESERVED_SLUG", f"The slug {slug!r} is reserved for this service's own pages.")
        if name in self.links.by_slug or name in self.facts.taken_slugs:
            return ItemProblem("SLUG_TAKEN", f"Custom slug '{slug}' is already in use")
        return slug

    def tags(self, row: int, link: WorkingLink) -> Any:
        """The tags after all three fields, whichever of them asks first."""
        tags, added, removed = (self._tags_of(name, row) for name in TAG_FIELDS)
        names = set(link.tags if tags is None else tags).union(added or ()).difference(removed or ())
        if len(names) > MOST_TAGS:
            return TOO_MANY_TAGS
        return KEEP if names == set(link.tags) else sorted(names)

    def _tags_of(self, name: str, row: int) -> list[str] | None:
        value = self.columns[name][row] if name in self.columns else KEEP
        return None if value is KEEP else value or []

    def change_column(self, link: WorkingLink, name: str, column: str, value: Any) -> Changes:
        changes = {name: [link.values[column], value]}
        link.values[column] = value
        return changes

    def change_password(self, link: WorkingLink, value: str | None) -> Changes:
        """A dry run has no hash of the new password."""
        former = link.values["password_hash"]
        stored: Any = bool(value) if self.job.dry_run else value
        link.values["password_hash"] = stored
        return {"password": [former, stored]}

    def change_group(self, link: WorkingLink, value: int | str | None) -> Changes:
        former = link.values["group_id"]
        link.values["group_id"] = value
        return {"group": [self._group(former), self._group(value)]}

    def _group(self, value: int | str | None) -> list[Any] | None:
        """The id and the name of a group. A dry run knows only the name of one that it would create."""
        if value is None:
            return None
        if isinstance(value, str):
            return [None, value]
        return [value, self.facts.group_names.get(value)]

    def change_external_id(self, link: WorkingLink, value: str | None) -> Changes:
        self.links.change_external_id(link, value)
        return self.change_column(link, "external_id", "external_id", value)

    def change_slug(self, link: WorkingLink, value: str) -> Changes:
        changes = {"slug": [link.slug, value]}
        self.links.rename(link, value)
        return changes

    def change_tags(self, link: WorkingLink, value: list[str]) -> Changes:
        changes = {"tags": [link.tags, value]}
        link.tags = value
        return changes


RULES = {
    "url": SpecialFields.url,
    "password": SpecialFields.password,
    "disabled": SpecialFields.disabled,
    "group": SpecialFields.group,
    "external_id": SpecialFields.external_id,
    "new_slug": SpecialFields.new_slug,
    **dict.fromkeys(TAG_FIELDS, SpecialFields.tags),
}
CHANGES: dict[str, Any] = {
    "url": lambda fields, link, value: fields.change_column(link, "url", "url", value),
    "password": SpecialFields.change_password,
    "disabled": lambda fields, link, value: fields.change_column(link, "disabled", "disabled_at", value),
    "group": SpecialFields.change_group,
    "external_id": SpecialFields.change_external_id,
    "new_slug": SpecialFields.change_slug,
    "tags": SpecialFields.change_tags,
}
"""How each special field of a link is changed. All tag fields change `tags`."""
