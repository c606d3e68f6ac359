"""Schemas of jobs and their items."""

import json
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, post_load, validate

from models.links.url_index import Duplicates
from models.states import ItemStatus, JobStatus, Outcome
from producer import link_filters
from producer.documents.schemas.common import MOST_LISTED, PageQuerySchema, text
from producer.documents.schemas.links import LinkFilterSchema
from producer.fields.dates import DateOrder
from producer.fields.wide_slugs import SlugKind
from producer.intake import charsets, delimiters
from producer.intake.layouts import CHANGES_COLUMN, CLICK_COLUMNS, OWN, RESULT_COLUMNS
from producer.job_options import LONGEST_NAME, SCHEMES, Groups, JobAction, Only
from producer.rules.changes import Empty, OnExisting

LONGEST_WAIT = 60.0
STATUS_LIST = "^({0})?(,({0})?)*$".format("|".join(ItemStatus))
TRUTH: dict[str, Any] = {"truthy": {True, "true", "1"}, "falsy": {False, "false", "0"}}
LARGEST_METADATA = 1 << 16  # characters, as JSON
DEEPEST_METADATA = 32


def storable_metadata(value: dict[str, Any]) -> None:
    """Validates metadata, which is stored as JSON and is part of every answer."""
    try:
        size = len(json.dumps(value, allow_nan=False))
        depth = _depth(value)
    except (ValueError, RecursionError):
        raise ValidationError(METADATA_LIMITS) from None
    if size > LARGEST_METADATA or depth > DEEPEST_METADATA:
        raise ValidationError(METADATA_LIMITS)


METADATA_LIMITS = (
    f"This must be JSON of at most {LARGEST_METADATA:,} characters, {DEEPEST_METADATA} levels deep, without NaN."
)


def filled_filters(where: dict[str, Any]) -> None:
    """Validates a query for links to change. A script that lacks a value must not change all of them."""
    empty = [name for name, value in where.items() if value == ""]
    if empty:
        raise ValidationError({name: [EMPTY_FILTER] for name in empty})


EMPTY_FILTER = "This must not be empty. Leave the filter out to match all links."


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return 1
    return 1 + max(map(_depth, value), default=0)


class JobOptionsSchema(Schema):
    """Options for a whole upload."""

    class Meta:
        unknown = RAISE

    name = fields.String(
        validate=[validate.Length(1), text(LONGEST_NAME)],
        metadata={"description": "The job's name. Default: the name of the file."},
    )
    domain = fields.String(
        validate=validate.Length(1, 253),
        metadata={"description": "Id or hostname of the links' domain. Default: the default domain."},
    )
    mapping = fields.Dict(
        keys=fields.String(),
        values=fields.String(allow_none=True),
        metadata={
            "description": "Item field to column. Null means that no column stands for the field, whatever its name."
        },
    )
    metadata = fields.Dict(
        keys=fields.String(),
        validate=storable_metadata,
        metadata={"description": "Your own data. It comes back with the job and its webhooks."},
    )
    webhook_url = fields.String(
        validate=validate.Length(1, 2048),
        metadata={"description": "This URL is called when the job ends."},
    )
    fetch_titles = fields.Boolean(
        **TRUTH,
        metadata={"description": "Gives links without a title the title of the page they lead to."},
    )
    dry_run = fields.Boolean(
        **TRUTH, metadata={"description": "Checks every row and reports on it, without creating links."}
    )
    duplicates = fields.String(
        validate=validate.OneOf(list(Duplicates)),
        metadata={"description": "With `reuse`, a URL that already has a link gets that link. Default: `create`."},
    )
    defaults = fields.Dict(keys=fields.String(), metadata={"description": "Item fields for rows where they are empty."})
    delimiter = fields.String(
        validate=validate.OneOf(tuple(delimiters.NAMES)),
        metadata={"description": "What separates the columns of a file. Default: detected."},
    )
    encoding = fields.String(
        validate=validate.OneOf(charsets.NAMES),
        metadata={"description": "The character encoding of a file. Default: detected."},
    )
    header = fields.Boolean(
        **TRUTH, metadata={"description": "Whether the first row of a file names the columns. Default: detected."}
    )
    slugs = fields.String(
        validate=validate.OneOf(list(SlugKind)),
        metadata={"description": "`wide` allows paths of up to 190 letters, digits and `_-.~/`. Default: `plain`."},
    )
    sheet = fields.String(
        validate=validate.Length(1, LONGEST_NAME),
        metadata={"description": "The sheet of a workbook, by its name or its number from 1."},
    )
    date_order = fields.String(
        validate=validate.OneOf(tuple(DateOrder)),
        metadata={"description": "What dates such as `01/02/2026` begin with. Default: as the column shows."},
    )
    scheme = fields.String(
        validate=validate.OneOf(SCHEMES),
        metadata={"description": "Added to URLs that have none, as in `example.com/x`."},
    )
    groups = fields.String(
        validate=validate.OneOf(tuple(Groups)),
        metadata={"description": "What to do with a row whose group does not exist: fail it, or create the group."},
    )

    action = fields.Enum(
        JobAction, by_value=True, metadata={"description": "What to do with the links. Default: `create`."}
    )
    on_existing = fields.Enum(
        OnExisting,
        by_value=True,
        metadata={"description": "`update` changes the link that has a row's external_id or slug. Default: `keep`."},
    )
    empty = fields.Enum(
        Empty,
        by_value=True,
        metadata={"description": "What an empty cell of a file does to a field of a link. Default: `keep`."},
    )
    only = fields.Enum(  # type: ignore[assignment]  # marshmallow's own `only` is an argument of a schema
        Only, by_value=True, metadata={"description": "Deletes only links that nobody has clicked."}
    )
    where = fields.Nested(
        LinkFilterSchema,
        validate=filled_filters,
        metadata={"description": "Changes or deletes all links that match, in place of `links`."},
    )
    set = fields.Dict(
        keys=fields.String(), metadata={"description": "With `where`: the new values of each link's fields"}
    )

    @post_load
    def store_where(self, loaded: dict[str, Any], **_more: Any) -> dict[str, Any]:
        if "where" in loaded:
            loaded["where"] = link_filters.for_storage(loaded["where"])
        return loaded


class JobQuerySchema(Schema):
    class Meta:
        unknown = EXCLUDE

    wait = fields.Float(load_default=0.0, validate=validate.Range(0))


class JobsQuerySchema(PageQuerySchema):
    status = fields.String(validate=validate.OneOf(tuple(JobStatus)))
    search = fields.String(
        validate=text(LONGEST_NAME), metadata={"description": "A part of the job's name. Case does not matter."}
    )


class ItemsQuerySchema(PageQuerySchema):
    status = fields.String(metadata={"pattern": STATUS_LIST, "description": "Some item statuses, separated by commas"})
    limit = fields.Integer(load_default=100, validate=validate.Range(1, MOST_LISTED))


RESULT_CHOICES = (OWN, *RESULT_COLUMNS, CHANGES_COLUMN, *CLICK_COLUMNS)
COLUMNS_FAULT = f"This must be some of {', '.join(RESULT_CHOICES)}, separated by commas."
COLUMN_LIST = "^({0})?(,({0})?)*$".format("|".join(RESULT_CHOICES))


class ResultsQuerySchema(Schema):
    class Meta:
        unknown = EXCLUDE

    status = fields.String(metadata={"pattern": STATUS_LIST, "description": "Some item statuses, separated by commas"})
    clicks = fields.Boolean(
        **TRUTH,
        load_default=False,
        metadata={"description": "Adds the clicks of each row's link, and the days of the first and the last one."},
    )
    clicked = fields.Boolean(
        **TRUTH,
        load_default=None,
        metadata={"description": "Only rows whose link was clicked (`1`), or only those whose link never was (`0`)."},
    )
    columns = fields.String(
        validate=validate.Regexp(COLUMN_LIST, error=COLUMNS_FAULT),
        metadata={"description": "Some columns, separated by commas; `own` stands for those of the upload."},
    )


class CountsSchema(Schema):
    total = fields.Integer(allow_none=True)
    processed = fields.Integer()
    created = fields.Integer()
    updated = fields.Integer()
    deleted = fields.Integer()
    existing = fields.Integer()
    failed = fields.Integer()
    unprocessed = fields.Integer(allow_none=True)


class JobSchema(Schema):
    id = fields.String()
    name = fields.String(allow_none=True)
    kind = fields.String()
    run = fields.Integer()
    status = fields.String(validate=validate.OneOf(tuple(JobStatus)))
    outcome = fields.String(allow_none=True, validate=validate.OneOf(tuple(Outcome)))
    source = fields.String()
    dry_run = fields.Boolean()
    created_at = fields.DateTime()
    started_at = fields.DateTime(allow_none=True)
    finished_at = fields.DateTime(allow_none=True)
    counts = fields.Nested(CountsSchema)
    progress = fields.Float()
    rate = fields.Float()
    eta_seconds = fields.Float(allow_none=True)
    errors = fields.Dict(keys=fields.String(), values=fields.Integer())
    mapping = fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True)
    format = fields.Dict(keys=fields.String(), allow_none=True)
    metadata = fields.Dict()
    detail = fields.String(allow_none=True)
    cleared_at = fields.DateTime(
        allow_none=True, metadata={"description": "When its upload and results were deleted. Its links stay."}
    )
    links = fields.Dict(keys=fields.String(), values=fields.String())


class ItemErrorSchema(Schema):
    code = fields.String()
    message = fields.String()


class ItemSchema(Schema):
    index = fields.Integer()
    line = fields.Integer()
    status = fields.String()
    url = fields.String(allow_none=True)
    slug = fields.String(allow_none=True)
    short_url = fields.String(allow_none=True)
    external_id = fields.String(allow_none=True)
    custom_id = fields.String(allow_none=True)
    error = fields.Nested(ItemErrorSchema, allow_none=True)
    changes = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.Raw()),
        allow_none=True,
        metadata={"description": "By field of an updated link: the value before, and the value after"},
    )


class JobsSchema(Schema):
    items = fields.List(fields.Nested(JobSchema))
    next_cursor = fields.String(allow_none=True)


class ItemsSchema(Schema):
    items = fields.List(fields.Nested(ItemSchema))
    next_cursor = fields.String(allow_none=True)
