"""Reserved words: slugs that no link may have, since they are or may become routes of our own."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from models import store
from models.tables import reserved_slugs

# A generous list beside our own routes: a route that is added later must not take the place of a living link.
WORDS = frozenset(
    (
        "2fa about abuse abuse-report account accounts actuator admin admins ads api apis app apple-touch-icon apps "
        "assets audit auth autoconfig autodiscover billing browserconfig bulk callback cancel cdn cdn-cgi cgi-bin "
        "checkout config console contact crossdomain csp-report dashboard debug delete deliver deliveries delivery "
        "developer developers docs domain domains download downloads email env error errors events export exports faq "
        "favicon favicons file files flower forgot ftp git graphql group groups health healthz help home host hosting "
        "hostmaster http https humans imap import imports index info install integrations internal invite item items "
        "job jobs key keys legal link linkmill links livez localhost login logout mail manage manifest me metric "
        "metrics mfa monitor mta-sts my new node_modules null oauth oidc onboarding openapi openid opensearch page "
        "pages panel passkey passkeys password payment payments phpmyadmin ping plan plans policy postmaster preview "
        "pricing privacy profile proof qr query readyz redirect register report report-uri reports reset rest retry "
        "robots root rpc rss saml search secure security server-info server-status service-worker session sessions "
        "settings setup signin signout signup sitemap smtp socket sockets sse sso static stats status subscribe "
        "support svn sw swagger system tag tags team teams terms tests token tools totp trace trust undefined undo "
        "unsubscribe update upload uploads usage user users v0 v1 v2 v3 v4 v5 verify version web webauthn webhook "
        "webhooks webmaster well-known worker workers workspace workspaces wp-admin wp-content wp-includes wp-json "
        "wp-login ws wss www xmlrpc"
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
