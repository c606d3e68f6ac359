"""One call of a vendor, as a process of its own: `python -m tests.vendor_call PATH JSON`. Prints what came of it.

The web application and the functions of the workers run in this process, on a new database and without a broker.
"""

import json
import sys
import threading
from typing import Any

from models import settings
from models.states import ShardKind
from tests.work import work_off
from web import create_app
from web.ops.prepare import FIRST_KEY, prepare


def call(path: str, body: str) -> dict[str, Any]:
    """Send a body to a vendor's path, and follow the first short link of its answer."""
    app = create_app()
    prepare(app)
    client = app.test_client()
    key = json.loads((settings.get().data_dir / FIRST_KEY).read_text())
    headers = {"Authorization": f"Bearer {key['token']}", "Content-Type": "application/json"}
    with working():
        answer = client.post(path, data=body, headers=headers)
    slug = json.loads(body)["links"][0].get("alias")
    return {
        "status": answer.status_code,
        "body": answer.json,
        "destination": client.get(f"/{slug}").headers.get("Location"),
        "summary": client.get("/openapi.json").json["paths"][path]["post"]["summary"],  # type: ignore[index]
    }


class working:
    """Work on shards while the caller waits for its answer."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()

    def work(self) -> None:
        while not self.stop.wait(0.02):
            work_off(ShardKind.CREATE)


if __name__ == "__main__":
    print(json.dumps(call(*sys.argv[1:])))
