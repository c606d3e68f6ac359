"""One upload and what follows it, on an existing database: `python tests/one_upload.py`. Prints what came of it.

The web application and the workers' functions are those on the path of Python, so that an earlier version's can run.
"""

import json

from models import store
from models.accounts import keys
from models.states import ShardKind
from producer.signals import wakeups
from web import create_app
from workers import sweep
from workers.shards import attempts

ROWS = [
    {"url": "https://example.com/plain", "slug": "plain"},
    {"url": "https://example.com/limited", "max_clicks": 1, "expires_at": "2090-01-01", "tags": ["old"]},
    {"url": "nothing"},
]


def main() -> None:
    with store.write() as db:
        key = keys.create(db, "earlier", "enterprise", "test", list(keys.Scope))
    client = create_app().test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key['token']}"
    accepted = client.post("/api/jobs", json={"links": ROWS}).get_json()
    while not attempts.work_on_next(ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0)).get("idle"):
        pass
    sweep.sweep()
    job = client.get(f"/api/jobs/{accepted['id']}").get_json()
    listed = client.get("/api/links?status=active").get_json()["items"]
    outcome = {
        "status": job["status"],
        "created": job["counts"]["created"],
        "failed": job["counts"]["failed"],
        "redirect": client.get("/plain").status_code,
        "listed": len(listed),
        "deleted": client.delete(f"/api/links/{listed[0]['id']}").status_code,
    }
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
