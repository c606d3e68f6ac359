"""The paths of short links: all that no other route of ours begins."""

import re

from werkzeug.routing import BaseConverter, Map


def first_segments(routes: Map) -> set[str]:
    """Return the first path segment of every route: a short link of that name could never be reached."""
    segments = {rule.rule.split("/")[1] for rule in routes.iter_rules()}
    return {segment for segment in segments if segment and "<" not in segment}


class SlugConverter(BaseConverter):
    """Matches slugs, which may have slashes. Its rule comes after those of all other routes.

    A path that another route begins is left to the routes, so that they answer 404 and 405 as ever.
    """

    part_isolating = False
    weight = 1000

    def __init__(self, routes: Map) -> None:
        super().__init__(routes)
        others = "|".join(map(re.escape, sorted(first_segments(routes))))
        self.regex = rf"(?!(?:{others})/)[^/].*"
