"""What stands before the operations in /openapi.json: how to sign in, errors, safe repetition, limits."""

from typing import Any

SERVERS = [{"url": "/", "description": "The server that sent this description"}]

INFO: dict[str, Any] = {
    "summary": "A file of URLs becomes short links, with a result for every row.",
    "license": {"name": "MIT", "identifier": "MIT"},
    "description": """\
Send a file or a list of URLs to `POST /api/jobs`. The answer is a job. Follow it with `GET /api/jobs/{job_id}?wait=20`,
then read a result for every row from `GET /api/jobs/{job_id}/items` or `results.csv`.

## Authentication
Send the token of an API key in each request: `Authorization: Bearer TOKEN`. The first key is in `first-key.json` in the
server's data folder; `POST /api/keys` creates others. A key has the scopes `read`, `write`, or both. A missing or wrong
key is 401, a missing scope is 403. Endpoints of other vendors' APIs also accept the key as those vendors' clients send
it.

## Errors
An error is `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with `type`, `title`,
`status`, `detail` and a stable `code`. Errors of fields are in `errors`, each with `pointer`, `code` and `message`.
An object of another workspace is 404. A row that fails is not an error of the request: its item says what is wrong.

## Idempotency
Send an `Idempotency-Key` with `POST /api/jobs` or `POST /api/links`, and the request may be repeated within a day. The
same key with the same body returns the first answer, with `Idempotency-Replayed: true`. The same key with another body
is 422. While the first request is still being received, the answer is 409.

## Limits
A plan limits calls and links. Each answer has `RateLimit-Policy` and `RateLimit`, and `X-RateLimit-Limit`,
`-Remaining` and `-Reset`. Over the limit of calls, the answer is 429 with `Retry-After`. Over a limit of links, only
the rows above it fail, with `LIMIT_REACHED`. `GET /api/me` shows the limits of your plan and their use.

## Lists
A list answers with `items` and `next_cursor`. Send `next_cursor` as `cursor` to get the next page. On the last page it
is null.
""",
}
