"""A server on loopback that keeps the path and the unpacked body of each POST."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import brotli

UNPACK: dict[str | None, Callable[[bytes], bytes]] = {None: bytes, "gzip": gzip.decompress, "br": brotli.decompress}


class Collector:
    def __init__(self, port: int, came: list[tuple[str, bytes]]) -> None:
        self.port = port
        self.came = came

    def at(self, path: str) -> list[bytes]:
        return [body for where, body in self.came if where.startswith(path)]


@contextmanager
def collecting() -> Iterator[Collector]:
    came: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((self.path, UNPACK[self.headers.get("Content-Encoding")](body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Collector(server.server_address[1], came)
    finally:
        server.shutdown()
        server.server_close()
