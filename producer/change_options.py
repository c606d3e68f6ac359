"""Options of jobs that change links: which go together, and whether the values for all links are valid."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models import store
from models.accounts.keys import Owner
from models.errors import Invalid, field_error
from models.link_key import LinkKey, format_link_id
from models.links import labels
from producer import link_filters
from producer.fields.item_fields import BY_NAME, parts_of
from producer.intake.layouts import COUNT, NDJSON, QUERY, Layout
from producer.intake.reading import read_batch
from producer.job_options import JobAction, Options, choose_domain, judging_context
from producer.rules.changes import CHANGES, Empty, OnExisting, judge_changes
from producer.rules.item_errors import fields_at_fault

NOT_FOR_ALL = ("external_id", "new_slug")
"""What no two links can share."""
SETTABLE = (*(name for name in CHANGES if name not in NOT_FOR_ALL), *parts_of("url"), *parts_of("expires_at"))
STAND_IN = format_link_id(LinkKey(1, "stand-in", 0))


def check(options: Options, owner: Owner, upload_format: str) -> None:
    """Raise Invalid when options do not go together, or when no link could get the values of `set`."""
    for name, message in _conflicts(options, upload_format).items():
        raise Invalid(f"The options do not go together: {message}", [field_error(message, name)])
    if options.where is not None:
        with store.read() as db:
            link_filters.from_query(db, owner.workspace_id, options.where)
    if options.set:
        _check_values(options, owner)


def _conflicts(options: Options, upload_format: str) -> dict[str, str]:
    """Why options are refused, by their names."""
    creates = options.action == JobAction.CREATE
    deletes = options.action == JobAction.DELETE
    by_query = options.where is not None
    changes_fields = options.action == JobAction.UPDATE or options.on_existing == OnExisting.UPDATE
    refusals = {
        "on_existing": (options.on_existing == OnExisting.UPDATE and not creates, "This is for action=create."),
        "empty": (options.empty == Empty.CLEAR and not changes_fields, "This is for jobs that change links."),
        "duplicates": (
            options.duplicates != "create" and (not creates or options.on_existing == OnExisting.UPDATE),
            "This is for action=create with on_existing=keep.",
        ),
        "only": (bool(options.only) and not deletes, "This is for action=delete."),
        "where": (by_query and creates, "This is for action=update and action=delete."),
        "set": (bool(options.set) and not (by_query and changes_fields), "This is for action=update with where."),
        "fetch_titles": (options.fetch_titles and not creates, "This is for action=create."),
        "defaults": (bool(options.defaults) and deletes, "A job that deletes links uses no defaults."),
        "count": (upload_format == COUNT and not creates, "Send links, or where."),
        "links": (by_query != (upload_format == QUERY), "Send either links or where."),
    }
    conflicts = {name: message for name, (applies, message) in refusals.items() if applies}
    if by_query and options.action == JobAction.UPDATE and not options.set:
        conflicts.setdefault("set", "Name at least one field to change.")
    return conflicts


def _check_values(options: Options, owner: Owner) -> None:
    for name in options.set:
        if name not in SETTABLE:
            code = "UNKNOWN_FIELD"
            what = f"{name} cannot be set for several links." if name in BY_NAME or name in CHANGES else ""
            message = what or f"A link has no field {name[:64]!r}."
            raise Invalid(message, [field_error(message, "set", name, code=code)])
    domain = choose_domain(owner, replace(options, defaults={}))
    with store.read() as db:
        groups = labels.group_ids(db, owner.workspace_id)
    row = json.dumps({"id": STAND_IN, **options.set}).encode() + b"\n"
    context = judging_context(domain, groups, options.for_judging())
    judged = judge_changes(read_batch(row, Layout(NDJSON, changes=True), 1, 0, 1), context)
    if judged.problems:
        raise _invalid_value(options.set, *judged.problems[0])


def _invalid_value(values: Mapping[str, Any], code: str, message: str) -> Invalid:
    names = fields_at_fault(code, values) or sorted(values)
    return Invalid(message, [field_error(message, "set", name, code=code) for name in names])
