"""A distribution point on loopback that remembers what it was asked, for commands in processes of their own."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from cmclient.lab.content_files import body_of
from cmclient.lab.description_file import built_in_description
from cmclient.lab.distribution_points import ContentQuestion, answer_content
from cmclient.lab.offers import Content
from cmclient.model.content import ContentId
from cmclient.model.download import RelativeName
from cmclient.model.names import HostName

HOST = HostName("127.0.0.1")


class ContentServer:
    """Serves one content.

    Attributes:
        asked: For each file that was asked for, its name and the byte from which on.
    """

    def __init__(self, files: dict[str, int]) -> None:
        named = tuple((RelativeName(name), size) for name, size in files.items())
        self.content = Content(ContentId("ABC00001"), 1, (HOST,), files=named)
        description = built_in_description()._replace(contents=(self.content,))
        self.asked: list[tuple[str, int]] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                self.rfile.read(length)
                headers = {name.lower(): value for name, value in self.headers.items()}
                question = ContentQuestion(self.command, self.path, headers, f"http://{self.headers['Host']}")
                if self.command == "GET":
                    offset = headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-")
                    asked.append((self.path.partition("ABC00001/")[2], int(offset)))
                answer = answer_content(description, HOST, question)
                self.send_response(answer.status)
                size = len(answer.body) if answer.stream is None else answer.stream.length
                for name, value in (*answer.headers, ("Content-Length", str(size))):
                    self.send_header(name, value)
                self.end_headers()
                for piece in (answer.body,) if answer.stream is None else answer.stream.pieces():
                    try:
                        self.wfile.write(piece)
                    except OSError:
                        self.close_connection = True
                        return

            do_PROPFIND = do_GET  # noqa: N815 - http.server wants it

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((str(HOST), 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.server_address[1]}/SMS_DP_SMSPKG$/ABC00001"

    def data(self, name: str) -> bytes:
        """The bytes of a file."""
        size = dict(self.content.files)[RelativeName(name)]
        return b"".join(body_of(self.content, name, size).read(0, size))
