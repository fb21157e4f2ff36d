"""Five dead management points before the live one, beside trying them in sequence with time-outs of 2 s and 5 s.

Blackholed means that nothing answers the first packet: a listening socket whose queue is full. The race is over whole
answers; each run has a transport of its own. With the first one alive there is exactly one connection.
"""

import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests
from harness import Goal, Measured, Race, call, finish, folder, has_module, options_of, race

from cmclient.adapters.clock import SystemClock
from cmclient.adapters.http import RequestsTransport
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import Deadline
from cmclient.model.mplist import MpListQuery
from cmclient.model.names import HostName
from cmclient.mpclient import ManagementPointClient

HOST = "127.0.0.1"
LIST = b'<MPList><MP Name="MP1" FQDN="mp1.corp.test"><Version>9141</Version><Capabilities/></MP></MPList>'
RACE, TWO, FIVE, FIRST = "cmclient", "in sequence, 2 s", "in sequence, 5 s", "cmclient, the first is alive"


@contextmanager
def live(delay: float = 0.0, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[int]]]:
    """A server that answers with a list; gives its port and a list that grows with every connection."""
    seen: list[int] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            stopped.wait(delay)
            self.send_response(200)
            self.send_header("Content-Length", str(len(LIST)))
            self.end_headers()
            self.wfile.write(LIST)

        def log_message(self, *_: object) -> None:
            return

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads, request_queue_size = True, 50

        def get_request(self) -> tuple[socket.socket, object]:
            connection, address = super().get_request()
            seen.append(1)
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            return connection, address

        def handle_error(self, *_: object) -> None:
            return

    stopped = threading.Event()
    with Server((HOST, 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server.server_address[1], seen
        finally:
            stopped.set()
            server.shutdown()


@contextmanager
def blackholed() -> Iterator[int]:
    """A port on which no connection comes about."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind((HOST, 0))
        listening.listen(0)
        for _ in range(4):  # the queue is full after one or two, by the system
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)  # noqa: FBT003
            filling.connect_ex(listening.getsockname())
        time.sleep(0.05)
        yield listening.getsockname()[1]


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        listening.listen(50)
        yield listening.getsockname()[1]


@contextmanager
def refusing() -> Iterator[int]:
    """A port that nobody listens on."""
    with socket.socket() as held:
        held.bind((HOST, 0))  # bound and not listening: nobody else gets it
        yield held.getsockname()[1]


def distrusted(place: Path) -> ssl.SSLContext:
    """TLS with a certificate that nobody trusts."""
    import trustme  # noqa: PLC0415 - only where it is installed

    issued = trustme.CA().issue_cert(HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    return context


def contact(points: list[Endpoint]) -> Measured:
    """Let ours find the one that answers."""
    clock = SystemClock()

    def work() -> None:
        with RequestsTransport() as transport:
            client = ManagementPointClient(transport, clock)
            deadline = Deadline.after(30.0, clock.monotonic)

            def ask(endpoint: Endpoint, cancellation: object) -> object:
                return client.fetch_list(endpoint, MpListQuery.MPLIST, deadline, site=None, cancellation=cancellation)  # type: ignore[arg-type]

            result = client.contact([points], "MPLIST", ask, deadline)
            if result.endpoint is None:
                raise SystemExit(f"nobody answered: {result.attempts}")

    return call(work)


def in_sequence(points: list[Endpoint], seconds: float) -> Measured:
    """Try one after another, as scripts do."""

    def work() -> None:
        for endpoint in points:
            try:
                reply = requests.get(endpoint.url("/sms_mp/.sms_aut?mplist"), timeout=seconds)
            except requests.RequestException:
                continue
            if reply.ok:
                return
        raise SystemExit("nobody answered in sequence")

    return call(work)


def measure(rounds: int) -> list[Race]:
    """All blackholed, mixed, and the first alive."""
    with ExitStack() as stack, folder() as place:
        good, seen = stack.enter_context(live())
        holes = [stack.enter_context(blackholed()) for _ in range(5)]
        slow, _ = stack.enter_context(live(20.0))
        mixed = [
            _http(port) for port in (stack.enter_context(refusing()), holes[0], stack.enter_context(silent()), slow)
        ]
        notes = []
        if has_module("trustme"):
            bad, _ = stack.enter_context(live(context=distrusted(place)))
            mixed.append(Endpoint(Scheme.HTTPS, HostName(HOST), bad))
        else:
            notes.append("without trustme there is none with a bad certificate: a second one is blackholed")
            mixed.append(_http(holes[1]))
        dead = [_http(port) for port in holes]
        alive = _http(good)
        contact([alive])  # everything is loaded
        races = []
        for name, points, two, five in (
            ("all blackholed", [*dead, alive], 30, 75),
            ("refusing, blackholed, silent, after 20 s, bad certificate", [*mixed, alive], 15, 40),
        ):
            contestants: dict[str, Callable[[], Measured]] = {
                RACE: lambda points=points: contact(points),  # type: ignore[misc]
                TWO: lambda points=points: in_sequence(points, 2.0),  # type: ignore[misc]
                FIVE: lambda points=points: in_sequence(points, 5.0),  # type: ignore[misc]
            }
            goals = [Goal(RACE, TWO, 1 / two), Goal(RACE, FIVE, 1 / five)]
            done = race(f"Five dead: {name}", contestants, rounds=rounds, goals=goals, warm_up=False, notes=notes)
            races.append(done)
        before = len(seen)
        first = race("The first is alive", {FIRST: lambda: contact([alive, *dead])}, rounds=5, warm_up=False)
        time.sleep(0.2)
        note = f"{(len(seen) - before) / 5:g} connections to it a time, and no other attempt"
        return [*races, first._replace(notes=(note,))]


def _http(port: int) -> Endpoint:
    return Endpoint(Scheme.HTTP, HostName(HOST), port)


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__)
    finish(measure(options.rounds or 2), options.json)


if __name__ == "__main__":
    main()
