"""The option that names the URL column of a file in which the server found none."""

import json
import shlex

from ..errors import RequestRefused

NO_URL_COLUMN = "NO_URL_COLUMN"
HINTS = ("url", "link", "address", "website", "href")
"""Parts of the names that columns of URLs have, the likeliest first."""
SPECIAL_IN_QUOTES = frozenset('"$`\\!')
"""Signs that a shell reads even between double quotes."""


def explain(refusal: RequestRefused) -> str:
    """Return why no column holds the URLs, and the option that would choose one."""
    message = refusal.errors[0]["message"]
    columns, _ = json.JSONDecoder().raw_decode(message, message.index("["))
    return f"{message} Try --map url={_quote(_likeliest(columns))}"


def _likeliest(columns: list[str]) -> str:
    for hint in HINTS:
        for column in columns:
            if hint in column.casefold():
                return column
    return columns[0]


def _quote(column: str) -> str:
    if SPECIAL_IN_QUOTES.isdisjoint(column):
        return f'"{column}"'
    return shlex.quote(column)
