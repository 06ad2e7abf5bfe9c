"""A company's page on an origin of its own, with the chat button: deploy/widget-example.html as it is shipped."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.stage.servers import ROOT, Server

EXAMPLE = ROOT / "deploy" / "widget-example.html"


class CompanyPage:
    """Served under 127.0.0.1, where Gapless is under localhost: another site, so that all of Gapless is of a third party."""

    def __init__(self) -> None:
        self.body = b""
        #: A Content-Security-Policy of the company's own.
        self.policy = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._answering())
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def shows(self, gapless: str, key: str, *, script: str = "") -> None:
        """`script`: of the company's own page, at its end."""
        page = EXAMPLE.read_text().replace("http://localhost:8000", gapless).replace('"KEY"', f'"{key}"')
        self.body = page.replace("</body>", f"<script>{script}</script></body>" if script else "</body>").encode()

    def _answering(self) -> type[BaseHTTPRequestHandler]:
        company = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                if company.policy:
                    self.send_header("Content-Security-Policy", company.policy)
                self.end_headers()
                self.wfile.write(company.body)

            def log_message(self, format: str, *args: object) -> None:
                return

        return Answering

    @contextmanager
    def served(self) -> Iterator["CompanyPage"]:
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


@contextmanager
def company_of(server: Server, key: str) -> Iterator[CompanyPage]:
    with CompanyPage().served() as company:
        company.shows(server.url, key)
        yield company
