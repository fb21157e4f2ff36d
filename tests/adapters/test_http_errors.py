"""No error of the libraries gets past the transport, and each comes out as the kind that it is."""

import http.client
import socket
import ssl
import sys
from collections.abc import Iterator

import pytest
import requests
import urllib3
from adapters.scripted_http import PROMPT, ask, within
from requests.adapters import HTTPAdapter
from urllib3.util.ssl_match_hostname import CertificateError

from cmclient.adapters.http import RequestsTransport
from cmclient.adapters.http_errors import translate
from cmclient.adapters.http_watch import Phase
from cmclient.errors import (
    ConnectError,
    ConnectionLostError,
    NameResolutionError,
    ProxyError,
    ServerCertificateError,
    TlsError,
    TransportError,
    TransportTimeoutError,
)
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName

ENDPOINT = Endpoint(Scheme.HTTP, HostName("mp.test"), 80)


def _exceptions() -> list[type[Exception]]:
    """Find every exception that requests and urllib3 define, or lend from elsewhere; warnings apart."""
    homes = ("requests", "urllib3", "http.client", "ssl", "socket")
    found: set[type[Exception]] = {
        value
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in {"requests", "urllib3"}
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Exception) and not issubclass(value, Warning)
    }
    bases: list[type[Exception]] = [http.client.HTTPException, ssl.SSLError, *found]
    found |= {kind for base in bases for kind in _below(base)}
    ours = (kind for kind in found if kind.__module__.startswith(homes))
    return sorted(ours, key=lambda kind: (kind.__qualname__, kind.__module__))  # every process finds the same order


def _below(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        if not issubclass(child, Warning):
            yield child
            yield from _below(child)


KINDS = _exceptions()


def _make(kind: type[Exception]) -> Exception:
    answer = urllib3.HTTPResponse(b"", preload_content=False)
    tries: tuple[tuple[object, ...], ...] = (
        ("mp.test", None, socket.gaierror("no name")),
        (answer, b"zz"),
        (None, "/", "words"),
        (None, "words"),
        ("words", "document", 0),
        (3, 7),
        ([], b""),
        ("words",),
        (),
    )
    for arguments in tries:
        try:
            error = kind(*arguments)
            str(error)
        except (TypeError, AttributeError):
            continue
        return error
    raise AssertionError(f"make one of {kind}")


def test_the_trees_are_walked() -> None:
    """A list that is empty by mistake would prove nothing."""
    known = {
        requests.exceptions.ChunkedEncodingError,
        urllib3.exceptions.InvalidChunkLength,
        urllib3.exceptions.ProxySchemeUnsupported,
        http.client.LineTooLong,
        ssl.SSLEOFError,
        CertificateError,
    }
    assert known <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_no_error_of_the_libraries_gets_out(monkeypatch: pytest.MonkeyPatch, kind: type[Exception]) -> None:
    error = _make(kind)

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(HTTPAdapter, "send", fail)
    with RequestsTransport() as transport, pytest.raises(TransportError) as caught:
        transport.send(ask(ENDPOINT), within(PROMPT))
    assert caught.value.__cause__ is error
    assert caught.value.endpoint == "http://mp.test"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_no_error_gets_out_while_a_body_is_read(monkeypatch: pytest.MonkeyPatch, kind: type[Exception]) -> None:
    error = _make(kind)

    class Body:
        closed = False
        parts = [b"first"]  # noqa: RUF012 - one test

        def read1(self, *_: object) -> bytes:
            if self.parts:
                return self.parts.pop()
            raise error

        def read(self, *_: object) -> bytes:
            return b""

        def close(self) -> None:
            self.closed = True

    def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **_: object) -> requests.Response:
        raw = urllib3.HTTPResponse(Body(), status=200, preload_content=False)  # type: ignore[arg-type]
        return adapter.build_response(request, raw)

    monkeypatch.setattr(HTTPAdapter, "send", send)
    with RequestsTransport() as transport, pytest.raises(TransportError):
        transport.send(ask(ENDPOINT), within(PROMPT))


WRAPPED = urllib3.exceptions
POOL = urllib3.HTTPConnectionPool("mp.test")
LINE = urllib3.connection.HTTPConnection("mp.test")


@pytest.mark.parametrize(
    ("error", "phase", "kind"),
    [
        (
            requests.ConnectionError(WRAPPED.ProtocolError("x", ConnectionRefusedError(111, "no"))),
            Phase.CONNECT,
            ConnectError,
        ),
        (
            requests.ConnectionError(WRAPPED.ProtocolError("x", ConnectionResetError(104, "no"))),
            Phase.REPLY,
            ConnectionLostError,
        ),
        (requests.ConnectionError(WRAPPED.ProtocolError("x", ConnectionResetError(104, "no"))), Phase.TLS, TlsError),
        (requests.ConnectionError(WRAPPED.ProtocolError("x", OSError(113, "no route"))), Phase.CONNECT, ConnectError),
        (
            requests.ConnectionError(WRAPPED.ProtocolError("x", TimeoutError(110, "slow"))),
            Phase.CONNECT,
            TransportTimeoutError,
        ),
        (
            requests.ConnectionError(WRAPPED.ProtocolError("x", socket.gaierror(-2, "who"))),
            Phase.CONNECT,
            NameResolutionError,
        ),
        (
            requests.exceptions.SSLError(WRAPPED.MaxRetryError(POOL, "/", WRAPPED.SSLError(ssl.SSLError(1, "odd")))),
            Phase.TLS,
            TlsError,
        ),
        (
            requests.exceptions.SSLError(WRAPPED.SSLError(CertificateError("other name"))),
            Phase.TLS,
            ServerCertificateError,
        ),
        (requests.exceptions.SSLError(WRAPPED.SSLError(ssl.SSLEOFError(8, "EOF"))), Phase.REPLY, ConnectionLostError),
        (requests.exceptions.SSLError(WRAPPED.SSLError(ssl.SSLEOFError(8, "EOF"))), Phase.TLS, TlsError),
        (
            requests.exceptions.ProxyError(WRAPPED.ProxyError("x", socket.gaierror(-2, "who"))),
            Phase.CONNECT,
            ProxyError,
        ),
        (requests.ReadTimeout(WRAPPED.ReadTimeoutError(POOL, "/", "slow")), Phase.REPLY, TransportTimeoutError),
        (requests.ConnectionError(WRAPPED.NewConnectionError(LINE, "no")), Phase.CONNECT, ConnectError),
        (UnicodeError("odd"), Phase.REPLY, ConnectionLostError),
    ],
)
def test_what_is_wrapped_decides(error: Exception, phase: Phase, kind: type[TransportError]) -> None:
    assert type(translate(error, ENDPOINT, phase, has_certificate=False)) is kind


def test_what_the_caller_was_doing_before_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller tries the next server while it still handles the failure of the first."""

    def fail(*_: object, **__: object) -> None:
        raise requests.ConnectionError(WRAPPED.ProtocolError("x", ConnectionRefusedError(111, "refused")))

    monkeypatch.setattr(HTTPAdapter, "send", fail)
    with RequestsTransport() as transport:
        try:
            raise ssl.SSLCertVerificationError(1, "expired")
        except ssl.SSLError:
            with pytest.raises(ConnectError):
                transport.send(ask(ENDPOINT), within(PROMPT))


def test_an_error_that_wraps_itself_is_looked_at_once() -> None:
    error, other = OSError("round"), OSError("and round")
    error.__cause__, other.__cause__ = other, error
    assert isinstance(translate(error, ENDPOINT, Phase.REPLY, has_certificate=False), ConnectionLostError)


def test_what_a_server_wrote_is_fit_for_a_terminal() -> None:
    said = translate(
        http.client.BadStatusLine("\x1b]0;owned\x07" + "A" * 9999), ENDPOINT, Phase.REPLY, has_certificate=False
    )
    assert str(said).isprintable()
    assert len(str(said)) < 400
