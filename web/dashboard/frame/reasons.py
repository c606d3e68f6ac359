"""Why rows fail, in plain words."""

REASONS = {
    "INVALID_URL": "The URL is missing or is none. It has to begin with http:// or https://.",
    "BLOCKED_URL": "The URL leads to a place that links must not lead to.",
    "INVALID_SLUG": "The slug has signs that it cannot have: letters, digits, _ and - are fine, 64 at most.",
    "RESERVED_SLUG": "The slug is kept for pages of this site.",
    "SLUG_TAKEN": "The slug belongs to another link already.",
    "INVALID_TITLE": "The title is too long: 500 characters at most.",
    "INVALID_PASSWORD": "The password is too long: 128 characters at most.",
    "INVALID_EXPIRY": "The time of expiry cannot be read, or is over. 2030-12-31T18:00:00Z is one.",
    "INVALID_TTL": "The time to live is no whole number of seconds.",
    "INVALID_MAX_CLICKS": "The limit of clicks is no whole number from 1 on.",
    "INVALID_TAGS": "There are too many tags, or one is too long.",
    "UNKNOWN_GROUP": "There is no group of that name or number.",
    "INVALID_UTM": "A UTM field cannot be added to the URL.",
    "INVALID_EXTERNAL_ID": "The external id is too long, or is there twice.",
    "INVALID_TYPE": "A field has a value of the wrong type.",
    "UNKNOWN_FIELD": "There is a field that no link has.",
    "MALFORMED_ROW": "The row cannot be read: it has too many or too few columns, or a quote that does not end.",
    "LIMIT_REACHED": "The plan's limit of links was reached. Try them again when there is room.",
    "INTERNAL": "Something went wrong on our side with this row. Try it again.",
}
