"""Where a short link leads: its redirects are followed until one leaves the short domain. No page is downloaded."""

import ssl
import time
from dataclasses import dataclass
from functools import cached_property

import httpcore
import httpx

from ..errors import LinkmillError
from .addresses import PublicBackend

MOST_HOPS = 10
REDIRECT_STATUSES = (301, 302, 303, 307, 308)
HEAD_REFUSED = (400, 403, 405, 501)
"""What servers answer that only know GET."""
BUSY_STATUSES = (429, 503)
BUSY_PAUSES = (1, 3, 9)
MOST_CONNECTIONS = 20
LONGEST_REASON = 120
FAILURES = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpx.InvalidURL, OSError)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a short link leads."""

    url: str | None
    """None when it leads nowhere."""
    status: int | None = None
    """Of the last answer; None when there was none."""
    reason: str = ""
    """Why there was none."""

    @property
    def is_unknown(self) -> bool:
        return self.status is None

    def __str__(self) -> str:
        if self.url is not None:
            return self.url
        if self.is_unknown:
            return f"({self.reason})"
        return f"(answers {self.status} and leads nowhere)"


@dataclass(frozen=True)
class Follower:
    """Follows short links over a pool of connections that threads share."""

    timeout: float
    allow_private: bool = False
    server: str | None = None
    """A server that is asked in place of the links' own hosts, before their domains lead to it."""

    @cached_property
    def pool(self) -> httpcore.ConnectionPool:
        backend = httpcore.SyncBackend() if self.allow_private else PublicBackend()
        context = ssl.create_default_context()
        return httpcore.ConnectionPool(context, max_connections=MOST_CONNECTIONS, network_backend=backend)

    def follow(self, link: str) -> Place:
        """Return the first place outside the link's own host, else another path of it where the redirects end."""
        try:
            return self._follow(parse_url(link))
        except FAILURES as error:
            return Place(None, reason=_explain(error))

    def _follow(self, link: httpx.URL) -> Place:
        url = link
        for _ in range(MOST_HOPS):
            status, location = self._ask(url)
            if status not in REDIRECT_STATUSES or not location:
                is_elsewhere = url.path != link.path
                return Place(str(url) if is_elsewhere else None, status)
            url = _checked(url.join(location))
            if url.host != link.host:
                return Place(str(url), status)
        raise httpx.InvalidURL(f"more than {MOST_HOPS} redirects")

    def _ask(self, url: httpx.URL) -> tuple[int, str]:
        """Return the status and the Location of a URL. A busy server is asked again."""
        for pause in (*BUSY_PAUSES, 0):
            status, location = self._request("HEAD", url)
            if status in HEAD_REFUSED:
                status, location = self._request("GET", url)
            if status not in BUSY_STATUSES:
                break
            time.sleep(pause)
        return status, location

    def _request(self, method: str, url: httpx.URL) -> tuple[int, str]:
        target = url
        if self.server:
            target = httpx.URL(self.server).copy_with(raw_path=url.raw_path)
        headers = [("Host", url.netloc.decode()), ("User-Agent", "linkmill"), ("Accept", "*/*")]
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self.timeout)
        with self.pool.stream(method, str(target), headers=headers, extensions={"timeout": timeouts}) as response:
            return response.status, _location(response)


def _location(response: httpcore.Response) -> str:
    for name, value in response.headers:
        if name.lower() == b"location":
            return value.decode("utf-8", "replace")
    return ""


def parse_url(text: str) -> httpx.URL:
    """Read a URL, which may lack its scheme. What browsers regard as the same address becomes the same."""
    text = text.strip()
    if "://" not in text:
        text = f"https://{text}"
    return _checked(httpx.URL(text))


def _checked(url: httpx.URL) -> httpx.URL:
    if url.scheme not in ("http", "https") or not url.host:
        raise httpx.InvalidURL("only http:// and https:// are followed")
    return url.copy_with(raw_path=url.raw_path)  # which is / where the path is empty


def check_server(server: str | None) -> str | None:
    """Return the address of a server, or raise LinkmillError when it is none."""
    if server is None:
        return None
    try:
        return str(parse_url(server))
    except httpx.InvalidURL as error:
        raise LinkmillError(f"--new-server {server}: {error}") from None


def _explain(error: Exception) -> str:
    if isinstance(error, httpcore.TimeoutException):
        return "no answer in time"
    text = str(error) or type(error).__name__
    if text.startswith("[Errno"):
        text = text.partition("] ")[2]
    return text[:LONGEST_REASON]
