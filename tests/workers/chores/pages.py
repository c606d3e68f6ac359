"""Pages to fetch titles from: a real HTTP server on loopback."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGES = {
    "/plain": ("text/html", b"<html><head><title>  A plain\n page </title></head></html>"),
    "/og": ("text/html", b'<meta property="og:title" content="From og:title">'),
    "/latin": ("text/html; charset=iso-8859-1", b"<title>Caf\xe9</title>"),
    "/json": ("application/json", b'{"title": "no page"}'),
    "/none": ("text/html", b"<p>nothing here"),
    "/late": ("text/html", b"<title>A late page</title>"),
}
LATE_SECONDS = 3.0


@contextmanager
def serving() -> Iterator[tuple[str, list[str]]]:
    """The server's address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            time.sleep(LATE_SECONDS if self.path == "/late" else 0)
            kind, body = PAGES.get(self.path, ("text/html", b""))
            self.send_response(200 if self.path in PAGES else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@contextmanager
def hanging() -> Iterator[int]:
    """A port on which every loopback address takes connections and never says a word."""
    with socket.socket() as silent:
        silent.bind(("0.0.0.0", 0))
        silent.listen(4096)
        yield int(silent.getsockname()[1])
