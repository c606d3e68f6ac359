"""Why rows fail: a sentence for people for each error code."""

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
    "INVALID_TAGS": "There are too many tags, or one is too long.",
    "UNKNOWN_GROUP": "There is no group with this name or number.",
    "INVALID_UTM": "A UTM field cannot be added to the URL.",
    "INVALID_EXTERNAL_ID": "The external id is too long, or another row has the same.",
    "INVALID_TYPE": "A field has a value of the wrong type.",
    "UNKNOWN_FIELD": "There is no such field.",
    "MALFORMED_ROW": "The row cannot be read. It has too many or too few columns, or a quote that does not end.",
    "LIMIT_REACHED": "Your plan's limit of links is reached. Retry these rows later.",
    "INTERNAL": "An internal error occurred with this row. Retry it.",
}
