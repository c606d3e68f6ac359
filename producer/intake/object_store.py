"""A store that speaks S3: each of its calls ends in time."""

import asyncio
from typing import Any

import fsspec

# An object store that does not answer must cost a caller seconds, not the minutes of the library's own retries: an
# upload is refused and sent again, and a shard is given back.
CONNECT_SECONDS = 2
ANSWER_SECONDS = 4
LEAST_BYTES_A_SECOND = 5 << 20
COMPLETION_SECONDS = 60  # to join the parts of a large upload
OPTIONS: dict[str, Any] = {
    "default_block_size": 5 << 20,
    "config_kwargs": {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": ANSWER_SECONDS,
        "retries": {"max_attempts": 0},
    },
}


def connect(url: str) -> tuple[Any, str]:
    """Return the store of a URL and the path in it. Nothing is sent yet."""
    fs, root = fsspec.core.url_to_fs(url, **OPTIONS)
    _bound_calls(fs)
    return fs, root


def _bound_calls(fs: Any) -> None:
    """Make each call of s3fs once, and end it in time: the library waits without end for leave to send a body."""
    call = fs._call_s3

    async def bounded_call(method: str, *arguments: Any, **options: Any) -> Any:
        seconds = ANSWER_SECONDS + len(options.get("Body") or b"") / LEAST_BYTES_A_SECOND
        if method == "complete_multipart_upload":
            seconds = COMPLETION_SECONDS
        return await asyncio.wait_for(call(method, *arguments, **options), seconds)

    fs.retries = 1  # attempts
    fs._call_s3 = bounded_call
    fs.call_s3 = fsspec.asyn.sync_wrapper(bounded_call, obj=fs)
