"""The error tree: one class a kind of failure, each with its stable code."""

from typing import TypedDict


class FieldError(TypedDict):
    """What is wrong with one field of a request, as the answer shows it."""

    pointer: str
    code: str
    message: str


def field_error(message: str, *path: str, code: str = "INVALID_VALUE") -> FieldError:
    """Builds a field error; `path` leads to the field through the request's JSON, and becomes a JSON pointer."""
    pointer = "/" + "/".join(name.replace("~", "~0").replace("/", "~1") for name in path)
    return {"pointer": pointer, "code": code, "message": message}


class LinkmillError(Exception):
    """The root. `code` is what clients may rely on, the message is for people."""

    code = "INTERNAL"


class SettingsError(LinkmillError):
    code = "BAD_SETTING"


class BadRequest(LinkmillError):
    code = "BAD_REQUEST"


class BrokenJson(BadRequest):
    code = "BROKEN_JSON"


class BrokenGzip(BadRequest):
    code = "BROKEN_GZIP"


class BrokenMultipart(BadRequest):
    code = "BROKEN_MULTIPART"


class CutOff(BadRequest):
    """The client went away in the middle of what it sent."""

    code = "CUT_OFF"


class Unauthorized(LinkmillError):
    code = "UNAUTHORIZED"


class Forbidden(LinkmillError):
    code = "FORBIDDEN"


class NotFound(LinkmillError):
    code = "NOT_FOUND"


class Gone(LinkmillError):
    code = "GONE"


class Conflict(LinkmillError):
    """What is asked for does not go with what is there; `errors` points at the fields."""

    code = "CONFLICT"

    def __init__(self, message: str, errors: list[FieldError] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or []


class InProgress(Conflict):
    """The first request with this idempotency key is not done yet."""

    code = "IDEMPOTENCY_IN_PROGRESS"


class TooLarge(LinkmillError):
    code = "TOO_LARGE"


class UnsupportedType(LinkmillError):
    code = "UNSUPPORTED_TYPE"


class Invalid(LinkmillError):
    """A request that could be read and makes no sense; `errors` points at the fields."""

    code = "INVALID_REQUEST"

    def __init__(self, message: str, errors: list[FieldError] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or []


class EmptyUpload(Invalid):
    code = "EMPTY_UPLOAD"


class BadTarget(Invalid):
    """A URL that this system must not call."""

    code = "BAD_TARGET"


class TooMany(Invalid):
    """More links than one call may ask for."""

    code = "TOO_MANY_LINKS"


class KeyReused(Invalid):
    """An idempotency key that belongs to another request."""

    code = "IDEMPOTENCY_KEY_REUSED"


class OverLimit(Forbidden):
    """Links that the plan's limit has no room for."""

    code = "LIMIT_REACHED"


class RateLimited(LinkmillError):
    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyAttempts(RateLimited):
    """Wrong passwords of a short link, or keys that are none."""

    code = "TOO_MANY_ATTEMPTS"


class Unavailable(LinkmillError):
    code = "UNAVAILABLE"


class StillRunning(LinkmillError):
    """The wait ran out; the job goes on."""

    code = "STILL_RUNNING"

    def __init__(self, job_id: int) -> None:
        super().__init__(f"the links are still being made: see /api/jobs/{job_id}, or send the same again to wait on")
        self.job_id = job_id


class Unreadable(LinkmillError):
    """The upload as a whole cannot be read: its job ends as failed, with this message as the detail."""

    code = "UNREADABLE"


class Unreachable(LinkmillError):
    """A call to the outside that got no answer; the message says why."""

    code = "UNREACHABLE"


class LostLease(LinkmillError):
    """Somebody else has taken this work over; whatever was done must be rolled back."""

    code = "LOST_LEASE"


class Taken(LinkmillError):
    """A unique key was there already: somebody was quicker."""

    code = "TAKEN"
