"""The texts of pages that stand in no template: messages, questions, words for values, and why rows fail."""

from typing import NamedTuple

from models.states import ItemStatus, JobKind


class Question(NamedTuple):
    """A page that asks before something is done."""

    heading: str
    text: str
    button: str


# Messages after an action
SIGNED_OUT = "You have signed out."
LIMIT_SAVED = "The limit was saved."
KEY_REVOKED = "The key {name} was revoked."
LABEL_CREATED = "The {kind} {name} was created."
LABEL_DELETED = "The {kind} {name} was deleted. Its links were kept."
DOMAIN_ADDED = "{hostname} was added. Publish its proof, then verify it."
DOMAIN_VERIFIED = "{hostname} is verified. Its short links work now."
DOMAIN_REMOVED = "{hostname} was removed."
LINK_CREATED = "{short_url} was created."
LINK_EXISTED = "{short_url} already existed."
LINK_SAVED = "The link was saved."
LINK_DISABLED = "The link is disabled. Visitors see “Not found”."
LINK_ENABLED = "The link works again."
LINK_DELETED = "{short_url} was deleted."
CHANGE_STARTED = "The job has started. You can undo it here when it has ended."
UPLOAD_ACCEPTED = "The upload was accepted."
JOB_RENAMED = "The job is now called {name}."
JOB_CANCELLED = "The job is being cancelled."
JOB_RETRIED = "The failed rows are being retried."
JOB_UNDONE = "This job undoes the other one."
JOB_DELETED = "The job was deleted. Its links were kept."
ENDPOINT_SAVED = "The endpoint was saved."
ENDPOINT_DISABLED = "The endpoint was disabled."
ENDPOINT_ENABLED = "The endpoint was enabled."
ENDPOINT_DELETED = "The endpoint was deleted."
TEST_EVENT_SENT = "A test event is being sent."
WEBHOOK_SENT_AGAIN = "The webhook is being sent again."

# What is wrong with a form or a page
TOO_MANY_SIGN_INS = "Too many failed sign-ins. Try again in {seconds} seconds."
UNKNOWN_TOKEN = "This token is unknown or revoked."  # noqa: S105 - a message
SIGNED_OUT_MEANWHILE = "You are no longer signed in. Load the page again."
STALE_PAGE = "This page is older than your session. Nothing was changed. Load the page and try again."
NOT_FOUND = "This page does not exist, or belongs to another workspace."
NO_PAGE = "There is no page {path}."
NO_JOB_NAME = "A name must not be blank."
NO_COLUMNS = "Choose at least one column."
NO_EVENTS = "Choose at least one event."
NO_ENDPOINT_URL = "Enter a URL."
NO_LINKS = "Select some links first."
NO_ACTION = "There is no such action."
NO_CHANGES = "Fill in at least one field."
UNREADABLE_CHANGE = "This page has no change to make. Go back to the list."
OTHER_CHANGE = "This page does not offer this change. Go back to the list."
UNREADABLE_FILTER = "The filter of the list cannot be read. Go back to the list."
WRONG_LIMIT = "This must be a whole number from 1 to {most:,}, or empty for your plan’s limit."
WRONG_FORM_TYPE = "Send the form as {media_type}."
EMPTY_FILE = "The file is empty."
LARGE_JSON = "This JSON file is too large for a preview. It is read in full once it is uploaded."

# Questions before an action
REVOKE_KEY = Question(
    "Revoke the key {name}?", "Requests with this key will be refused. This cannot be undone.", "Revoke key"
)
OWN_KEY = " You are signed in with this key, so you will be signed out."
DELETE_LABEL = Question(
    "Delete the {kind} {name}?", "It is taken off all its links. The links are kept.", "Delete {kind}"
)
REMOVE_DOMAIN = Question(
    "Remove {hostname}?",
    "The domain is removed from this workspace. There must be no links and no jobs on it.",
    "Remove domain",
)
DELETE_LINK = Question(
    "Delete {short_url}?",
    "The link will stop working, and its click counts will be deleted. Its slug can be used again.",
    "Delete link",
)
DELETE_ENDPOINT = Question("Delete this endpoint?", "Linkmill will no longer call {url}.", "Delete endpoint")
CANCEL_JOB = Question(
    "Cancel {job}?",
    "The job stops within seconds. Links that exist already stay; you can retry the other rows later.",
    "Cancel job",
)
RETRY_JOB = Question(
    "Retry {job}?", "Rows that failed or were not processed run again. No link is created twice.", "Retry"
)
UNDO_JOB = Question("Undo {job}?", "{result}", "Undo job")
UNDO_RESULTS = {
    JobKind.CREATE: "The links that this job created ({created:,}) will be deleted, except those with clicks.",
    JobKind.UPDATE: "The links that this job changed ({updated:,}) will be as before, unless they were changed since.",
    JobKind.DELETE: "The links that this job deleted ({deleted:,}) will come back with clicks, if the slugs are free.",
    JobKind.UNDO: "",
}
DELETE_JOB = Question(
    "Delete {job}?",
    "The job, its upload and its results are deleted. Its links are kept. This cannot be undone.",
    "Delete job (keep links)",
)

# Headings and labels
NEW_KEY = "Your new key {name}"
NEW_ENDPOINT = "Your new endpoint"
NEW_WORKSPACE_SECRET = "New workspace secret"  # noqa: S105 - a heading
NEW_ENDPOINT_SECRET = "New secret of the endpoint"  # noqa: S105 - a heading
SIGNING_SECRET = "Signing secret"  # noqa: S105 - a label
SECRET_LABELS = {"token": "Token", "consumer_key": "Consumer key", "consumer_secret": "Consumer secret"}
METERS = {
    "bulk_calls": "Bulk calls per hour",
    "links_this_hour": "Links per hour",
    "links_today": "Links per day",
    "links_total": "Links in total",
}
ORDERS = {"newest": "Newest", "oldest": "Oldest", "clicks": "Most clicks"}
COLUMNS = {
    "own": "Columns of the file",
    "line": "Line",
    "status": "Status",
    "short_url": "Short URL",
    "slug": "Slug",
    "error_code": "Error code",
    "error_message": "Error message",
    "clicks": "Clicks",
    "first_click": "First click",
    "last_click": "Last click",
}
"""The columns of results, in their order."""
REFERRER = "Referrer"
DEVICE = "Device"
COUNTRY = "Country"
DIRECT = "Direct"
OTHER_DEVICE = "Other"
UNKNOWN_COUNTRY = "Unknown"
OTHERS = "Others"

FAILED = (ItemStatus.FAILED, "Failed")
FIGURES = {
    JobKind.CREATE: ((ItemStatus.CREATED, "Created"), (ItemStatus.EXISTING, "Existing"), FAILED),
    JobKind.UPDATE: ((ItemStatus.UPDATED, "Changed"), (ItemStatus.EXISTING, "No change"), FAILED),
    JobKind.DELETE: ((ItemStatus.DELETED, "Deleted"), (ItemStatus.EXISTING, "Kept"), FAILED),
    JobKind.UNDO: (
        (ItemStatus.DELETED, "Deleted"),
        (ItemStatus.UPDATED, "Reverted"),
        (ItemStatus.CREATED, "Restored"),
        (ItemStatus.EXISTING, "Kept"),
        FAILED,
    ),
}
"""The counts of each kind of job, in the order of its bar, and what people call them."""
CHANGED = "Changed"
DRY_RUN_LABELS = {"Created": "Will be created", "Changed": "Will change", "Deleted": "Will be deleted"}
SOURCES = {
    "csv": "a CSV file",
    "xlsx": "an Excel file",
    "json": "JSON",
    "ndjson": "NDJSON",
    "count": "one URL",
    "query": "a search for links",
}
"""Where the rows of a job are from; a vendor's name stands for itself."""

# What becomes of many links at once
CHANGE_VERBS = {"delete": "Delete {links}", "disable": "Disable {links}", "enable": "Enable {links}"}
OTHER_CHANGES = "Change {links}"
PREVIEW_NAME = "{change} (preview)"
LINKS_DISABLED = "Visitors see “Not found”."
LINKS_ENABLED = "Visitors are redirected again."
STEPS = {
    "add_tags": "Add the tags: {}",
    "remove_tags": "Remove the tags: {}",
    "group": "Move to the group {}",
    "expires_at": "Expire on {} UTC",
}
REMOVALS = {"group": "Remove from their group", "expires_at": "Never expire"}

# Why rows fail
ERROR_TEXTS = {
    "INVALID_URL": "This is not a URL. It must start with http:// or https://.",
    "BLOCKED_URL": "Links must not lead to this URL.",
    "INVALID_SLUG": "The slug has a character that is not allowed. Use up to 64 letters, digits, _ and -.",
    "RESERVED_SLUG": "The slug is reserved for pages of this site.",
    "SLUG_TAKEN": "Another link already has this slug.",
    "INVALID_TITLE": "The title is too long. Use at most 500 characters.",
    "INVALID_PASSWORD": "The password is too long. Use at most 128 characters.",
    "INVALID_EXPIRY": "The expiry is not a date and time in the future. Write it like 2030-12-31T18:00:00Z.",
    "INVALID_TTL": "The time to live must be a whole number of seconds.",
    "INVALID_MAX_CLICKS": "The limit of clicks must be a whole number, 1 or more.",
    "INVALID_CLICKS": "The number of earlier clicks must be a whole number, 0 or more.",
    "INVALID_COMMENT": "The comment is too long. Use at most 500 characters.",
    "INVALID_CUSTOM_ID": "The custom ID is too long. Use at most 255 characters.",
    "UNKNOWN_DOMAIN": "This is not one of your domains.",
    "NOT_FOUND": "This link does not exist, or was deleted.",
    "INVALID_TAGS": "There are too many tags, or one is too long.",
    "UNKNOWN_GROUP": "There is no group with this name or number.",
    "INVALID_UTM": "A UTM field cannot be added to the URL.",
    "INVALID_EXTERNAL_ID": "The external ID is too long, or another row has the same.",
    "INVALID_TYPE": "A field has a value of the wrong type.",
    "UNKNOWN_FIELD": "This field is unknown.",
    "MALFORMED_ROW": "The row cannot be read. It has too many or too few columns, or a quote that does not end.",
    "LIMIT_REACHED": "Your plan’s limit of links is reached. Retry these rows later.",
    "INTERNAL": "An internal error occurred with this row. Retry it.",
}
