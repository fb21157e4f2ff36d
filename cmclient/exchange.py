"""One attempt at a management point: its ports, how long it wants to be left alone, and what its status means."""

import logging
import threading
from collections.abc import Callable
from typing import NamedTuple

from .errors import HttpStatusError, TransportError
from .model.endpoints import Endpoint, Scheme
from .model.http import Deadline, HttpReply, HttpRequest
from .model.rule import decides
from .ports import Cancellation, Clock, Transport
from .rules.gateway_refusals import explain_gateway_refusal
from .rules.retry import classify_failure, count_attempt, find_retry_after, plan_ports, tries_next_port

__all__ = ["AlternativePorts", "AttemptLimits", "Exchange", "Pause", "pause"]

_log = logging.getLogger(__name__)
_OK = 200
_BUSY = frozenset({429, 503})

_MEANINGS = {
    401: "it asks for Windows authentication here",
    403: "it wants a client certificate, or did not accept ours",
    404: "there is no management point on this host",
    405: "it, or something in between, does not take this kind of request",
    407: "a proxy in between wants to know who asks",
    429: "it is asked too often",
    500: "it cannot reach its database, or does not serve the site asked for",
    501: "it, or something in between, does not take this kind of request",
    502: "something in between cannot reach it",
    503: "it is stopped or busy",
    504: "something in between waited for it in vain",
}
_OVER_HTTP = {
    401: (
        "it asks for Windows authentication, and management points are told who asks over HTTPS alone",
        "let it take HTTPS, or anonymous requests",
    ),
    403: (
        "it refuses HTTP, or this machine",
        "see whether it takes HTTPS alone; then set use_pki_cert and client_certificate",
    ),
}
"""Meanings and hints that are others over HTTP, where neither a certificate nor a login is shown."""

_VERBS = "messages are sent with a verb of their own, CCM_POST; a proxy or firewall in between must let it through"
_HINTS = {
    401: (
        "set http_user, with http_password_file or a Kerberos ticket of that user; in a domain a ticket is"
        " enough; it needs the extra: python -m pip install 'cmclient[negotiate]' (for Kerberos 'cmclient[kerberos]')"
    ),
    403: "see whether the site demands PKI certificates; then set client_certificate and client_key",
    405: _VERBS,
    407: "give the proxy a user in the setting proxy, or turn trust_env off to go around it",
    501: _VERBS,
}

Pause = Callable[[float, Cancellation | None], None]
"""Waits that many seconds, or until it is cancelled."""


class AttemptLimits(NamedTuple):
    """How patient and how wide contacting is.

    Attributes:
        connect_timeout: Seconds to a TCP connection.
        attempt_timeout: Seconds to a whole answer.
        stagger: Seconds after which more equals are tried at the same time.
        width: Most at the same time; 1 for one after the other.
    """

    connect_timeout: float = 5.0
    attempt_timeout: float = 15.0
    stagger: float = 0.1
    width: int = 8


class AlternativePorts(NamedTuple):
    """The second port that a site may have for each protocol.

    Attributes:
        http: For HTTP; None when it has none.
        https: For HTTPS; None likewise.
    """

    http: int | None = None
    https: int | None = None

    def of(self, scheme: Scheme) -> int | None:
        """The one for a protocol."""
        return self.https if scheme is Scheme.HTTPS else self.http


def pause(seconds: float, cancellation: Cancellation | None) -> None:
    """Wait that many seconds, or until it is cancelled."""
    over = threading.Event()
    if cancellation is not None:
        cancellation.on_cancel(over.set)
    over.wait(seconds)


class Exchange:
    """Asks one management point one thing, as one attempt."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        limits: AttemptLimits,
        *,
        alternatives: AlternativePorts,
        pause: Pause,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._limits = limits
        self._alternatives = alternatives
        self._pause = pause

    def ask(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        """Send a request, on the site's second port where the first one fails.

        Whoever is busy and says for how long is asked once more after that, if as much time is left for the answer.

        Args:
            request: What to ask, on the default port.
            deadline: The end of waiting; the limit of an attempt applies to everything together as well.
            cancellation: Gives up when cancelled.

        Returns:
            A reply with status 200.

        Raises:
            TransportError: No whole reply on any port; see ``ports.Transport``.
            HttpStatusError: A reply other than 200.
        """
        limited = deadline.within(self._limits.attempt_timeout)
        request = request._replace(
            connect_timeout=self._limits.connect_timeout, may_log_in=_may_log_in(request.endpoint)
        )
        found, reply = self._try_ports(request, limited, cancellation)
        wait = self._find_wait(reply)
        if wait is not None and wait <= (limited.remaining() or 0.0) / 2:
            _log.info("%s is busy: asked again in %.1f s", found, wait, extra={"event": "mp.busy"})
            self._pause(wait, cancellation)
            reply = self._transport.send(request._replace(endpoint=found), limited, cancellation)
            wait = self._find_wait(reply)
        if reply.status != _OK:
            raise _status_error(found, reply, wait)
        return reply

    def _try_ports(
        self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None
    ) -> tuple[Endpoint, HttpReply]:
        failed: list[TransportError] = []
        for endpoint in plan_ports(request.endpoint, self._alternatives.of(request.endpoint.scheme)):
            if failed and deadline.expired:
                break
            try:
                return endpoint, self._transport.send(request._replace(endpoint=endpoint), deadline, cancellation)
            except TransportError as error:
                _log.debug("%s: %s", endpoint, error.message, extra={"event": "mp.port"})
                failed.append(error)
                if not tries_next_port(classify_failure(error)):
                    break
        raise _one_failure(failed)

    def _find_wait(self, reply: HttpReply) -> float | None:
        """Seconds for which a busy server asks to be left alone."""
        said = reply.headers.get("retry-after")
        return find_retry_after(said, self._clock.now()) if said and reply.status in _BUSY else None


@decides("CF-012")
def _may_log_in(endpoint: Endpoint) -> bool:
    """Whether a management point may learn who asks: only over HTTPS is it known to be one; messages are anonymous.

    A gateway takes certificates and tokens, and knows no Windows login.
    """
    return endpoint.scheme is Scheme.HTTPS and endpoint.gateway is None


def _one_failure(failed: list[TransportError]) -> TransportError:
    """The one failure that those of all ports are; what became of the others is told besides."""
    kinds = [classify_failure(error) for error in failed]
    telling = failed[kinds.index(count_attempt(kinds))]
    others = [f"likewise {error.message}" for error in failed if error is not telling]
    telling.hint = "; ".join(filter(None, (telling.hint.rstrip("."), *others)))
    return telling


def _status_error(endpoint: Endpoint, reply: HttpReply, wait: float | None) -> HttpStatusError:
    status = reply.status
    meaning, hint, answered = _MEANINGS.get(status, ""), _HINTS.get(status, ""), str(status)
    if endpoint.scheme is Scheme.HTTP:
        meaning, hint = _OVER_HTTP.get(status, (meaning, hint))
    refusal = explain_gateway_refusal(status, reply.phrase) if endpoint.gateway else None
    if refusal is not None:
        meaning, hint, answered = refusal.meaning, refusal.hint, f"{status} {reply.phrase}".rstrip()
    message = f"{endpoint} answered {answered}" + (f": {meaning}" if meaning else "")
    if wait is not None:
        message += f", and asks to be left alone for {wait:.0f} seconds"
    return HttpStatusError(message, status=status, retry_after=wait, hint=hint)
