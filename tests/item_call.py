"""A link with one field, in a process of its own: `python -m tests.item_call FIELD VALUE INVALID`. Prints the outcome.

The web application and the functions of the workers run in this process, on a new database and without a broker.
"""

import json
import sys
from typing import Any

from models import settings, store
from tests.vendor_call import working
from web import create_app
from web.ops.prepare import FIRST_KEY, prepare


def call(field: str, value: Any, invalid: Any) -> dict[str, Any]:
    """Create a link with a value of the field, and try to create another with an invalid one."""
    app = create_app()
    prepare(app)
    client = app.test_client()
    key = json.loads((settings.get().data_dir / FIRST_KEY).read_text())
    headers = {"Authorization": f"Bearer {key['token']}"}
    with working():
        created = client.post("/api/links", json={"url": "https://example.com/", field: value}, headers=headers)
        refused = client.post("/api/links", json={"url": "https://example.com/", field: invalid}, headers=headers)
    with store.read() as db:
        stored = db.exec_driver_sql(f"SELECT {field} FROM links").scalars().all()
    schemas = client.get("/openapi.json").get_json()["components"]["schemas"]
    problem = refused.get_json()
    return {
        "status": created.status_code,
        "stored": stored[0],
        "refused": [refused.status_code, problem["code"], problem["errors"][0]["pointer"]],
        "documented": field in schemas["LinkRequest"]["properties"],
    }


if __name__ == "__main__":
    name, *values = sys.argv[1:]
    print(json.dumps(call(name, *map(json.loads, values))))
