"""The error tree: one class a kind of failure, each with a stable code. web/errors.py maps the classes to HTTP."""

from typing import TypedDict


class FieldError(TypedDict):
    """What is wrong with one field of a request, as the answer shows it."""

    pointer: str
    code: str
    message: str


def field_error(message: str, *path: str, code: str = "INVALID_VALUE") -> FieldError:
    """Build a field error; `path` leads to the field through the request's JSON, and becomes a JSON pointer."""
    pointer = "/" + "/".join(name.replace("~", "~0").replace("/", "~1") for name in path)
    return {"pointer": pointer, "code": code, "message": message}


class LinkmillError(Exception):
    """The root of the tree. Clients may rely on `code`; the message is for people."""

    code = "INTERNAL"


class SettingsError(LinkmillError):
    """A setting has a value that the system cannot start with."""

    code = "BAD_SETTING"


class BadRequest(LinkmillError):
    """The request cannot be read."""

    code = "BAD_REQUEST"


class BrokenJson(BadRequest):
    """The body is not valid JSON."""

    code = "BROKEN_JSON"


class BrokenGzip(BadRequest):
    """The body is not valid gzip, though its Content-Encoding says so."""

    code = "BROKEN_GZIP"


class BrokenMultipart(BadRequest):
    """The body is not a valid multipart form."""

    code = "BROKEN_MULTIPART"


class IncompleteBody(BadRequest):
    """The connection closed before the whole body had arrived."""

    code = "CUT_OFF"


class Unauthorized(LinkmillError):
    """The request has no valid key."""

    code = "UNAUTHORIZED"


class Forbidden(LinkmillError):
    """The key is valid, but does not allow this."""

    code = "FORBIDDEN"


class NotFound(LinkmillError):
    """The workspace has no such object."""

    code = "NOT_FOUND"


class Gone(LinkmillError):
    """The object existed, and its data has been deleted."""

    code = "GONE"


class Conflict(LinkmillError):
    """The request does not fit the present state; `errors` names the fields."""

    code = "CONFLICT"

    def __init__(self, message: str, errors: list[FieldError] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or []


class NotProven(Conflict):
    """Neither a DNS record nor a file proves that the hostname is the workspace's."""

    code = "DOMAIN_NOT_PROVEN"


class InProgress(Conflict):
    """The first request with this idempotency key is still being received."""

    code = "IDEMPOTENCY_IN_PROGRESS"


class TooLarge(LinkmillError):
    """The upload has more bytes than the limit allows."""

    code = "TOO_LARGE"


class UnsupportedType(LinkmillError):
    """The request's content type is not one that this route reads."""

    code = "UNSUPPORTED_TYPE"


class Invalid(LinkmillError):
    """The request can be read, but its values are wrong; `errors` names the fields."""

    code = "INVALID_REQUEST"

    def __init__(self, message: str, errors: list[FieldError] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or []


class EmptyUpload(Invalid):
    """The upload has no rows."""

    code = "EMPTY_UPLOAD"


class NoPreview(Invalid):
    """The upload can be read only as a whole, so there is no preview of its beginning."""

    code = "NO_PREVIEW"


class BadTarget(Invalid):
    """The URL is one that this system must not call."""

    code = "BAD_TARGET"


class TooManyLinks(Invalid):
    """The request asks for more links than one call may create."""

    code = "TOO_MANY_LINKS"


class KeyReused(Invalid):
    """The idempotency key belongs to a different request."""

    code = "IDEMPOTENCY_KEY_REUSED"


class OverLimit(Forbidden):
    """The plan has no room for the links of this request."""

    code = "LIMIT_REACHED"


class RateLimited(LinkmillError):
    """The client sends too many requests; `retry_after` is in seconds."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyAttempts(RateLimited):
    """Too many wrong keys, or wrong passwords of a short link."""

    code = "TOO_MANY_ATTEMPTS"


class Unavailable(LinkmillError):
    """The system cannot do this right now; the same request may succeed later."""

    code = "UNAVAILABLE"


class StorageFull(LinkmillError):
    """The disk of the uploads or of the database has no room left."""

    code = "STORAGE_FULL"


class StillRunning(LinkmillError):
    """The request's wait is over, and its job goes on."""

    code = "STILL_RUNNING"

    def __init__(self, job_id: int) -> None:
        super().__init__(
            "The links are still being created. "
            f"See /api/jobs/{job_id}, or send the same request again to wait for them."
        )
        self.job_id = job_id


class Unreadable(LinkmillError):
    """The upload as a whole cannot be read. Where its first bytes show that, it is refused; later its job fails."""

    code = "UNREADABLE"

    def __init__(self, message: str, errors: list[FieldError] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or []


class NoUrlColumn(Unreadable):
    """It is not clear which column of the file holds the URLs."""

    code = "NO_URL_COLUMN"


class AmbiguousDates(Unreadable):
    """It is not clear whether the dates of a column begin with the day or the month."""

    code = "AMBIGUOUS_DATES"


class UnknownSheet(Unreadable):
    """It is not clear which sheet of the workbook holds the rows."""

    code = "UNKNOWN_SHEET"


class Unreachable(LinkmillError):
    """A call to another server got no answer; the message says why."""

    code = "UNREACHABLE"


class LostLease(LinkmillError):
    """Another worker has taken this work over: the transaction must be rolled back."""

    code = "LOST_LEASE"


class DuplicateKey(LinkmillError):
    """A unique key exists already: another transaction was faster."""

    code = "TAKEN"
