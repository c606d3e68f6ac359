"""Reserved words: slugs that no link may have, since they are or may become routes of our own."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from models import store
from models.tables import reserved_slugs

# A generous list beside our own routes: a route that is added later must not take the place of a living link.
WORDS = frozenset(
    (
        "about abuse account accounts admin admins api apis app apps assets auth billing cdn checkout config contact "
        "console dashboard developer developers docs domain domains download downloads email error errors events "
        "export exports faq favicon file files flower forgot ftp graphql group groups health healthz help host "
        "hosting http https imap import imports info install integrations internal invite item items job jobs key "
        "keys legal link links livez localhost login logout mail manage metrics monitor oauth openapi page pages "
        "panel password payment payments ping plan plans policy preview pricing privacy profile qr query readyz "
        "redirect register report reports reset robots root rss search secure security session sessions settings "
        "setup signin signout signup sitemap smtp sso static stats status subscribe support swagger system tag tags "
        "team teams terms token tools trust unsubscribe update upload uploads usage user users v1 v2 v3 verify "
        "version web webhook webhooks well-known worker workers workspace workspaces wp-admin wp-content wp-includes "
        "wp-json wp-login www xmlrpc"
    ).split()
)


# Files that clients look for at the root of a site without being asked.
ROOT_FILES = frozenset(("ads.txt", "app-ads.txt", "apple-app-site-association", "browserconfig.xml", "humans.txt"))
SCRIPT = ".php"  # other services' APIs are scripts at the root, which may become routes of ours


def load(db: Connection) -> frozenset[str]:
    """Every word that no link may have as its slug."""
    return WORDS.union(db.execute(select(reserved_slugs.c.slug)).scalars())


def add(db: Connection, words: set[str]) -> None:
    """Reserve the first segments of our routes. A word stays when its route goes: old clients still request it."""
    new_rows = [{"slug": word} for word in sorted(words)]
    db.execute(store.dialect().insert(reserved_slugs).on_conflict_do_nothing(), new_rows)


def of_slugs(slugs: Collection[str], words: frozenset[str]) -> frozenset[str]:
    """The words, and those of some slugs that begin with one, as only wide slugs can: `api/x`, `robots.txt`."""
    joined = "\n".join(slugs)
    if "/" not in joined and "." not in joined:
        return words
    return words.union(slug for slug in slugs if _begins_with_one(slug, words))


def _begins_with_one(slug: str, words: frozenset[str]) -> bool:
    segment = slug.partition("/")[0]
    stem = segment.lstrip(".").partition(".")[0]
    return segment in words or stem in words or segment in ROOT_FILES or segment.endswith(SCRIPT)
