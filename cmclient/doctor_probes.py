"""How a doctor asks: one server, one question, and whatever comes of it is a value."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from .config import ClientConfig
from .contacting import client_of
from .errors import CmClientError
from .model.certificates import CertificateSelection, ServerCertificate
from .model.checkup import ControllerProbe, Lookup, Probe, StoreState
from .model.decision import Origin, SourceKind
from .model.directory import DirectoryServer, SrvRecord
from .model.endpoints import Endpoint
from .model.http import Deadline, HttpReply, HttpRequest
from .model.mplist import MpListQuery
from .model.names import DnsDomain
from .ports import SignatureVerifier
from .protocol.clocktexts import CURRENT_TIME, clock_query, parse_directory_time, parse_http_date
from .protocol.dplisting import parse_folder_page
from .protocol.mplist import mp_list_path, parse_mp_list
from .protocol.statexml import FSP_PATH
from .protocol.webdav import build_propfind, parse_multistatus
from .protocol.webpage import is_web_page, web_page_error
from .world import World

__all__ = ["Instruments", "Prober"]

_log = logging.getLogger(__name__)
_PING_SECONDS = 2.0
_OK, _MULTISTATUS, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _FAULT = 200, 207, 401, 403, 404, 500
_NO_PROPFIND = frozenset({400, 405, 415, 422, 500, 501})  # the page of the folder may do
_NOT_ASKED = "not-asked"
_REFUSED = {
    _UNAUTHORIZED: "it asks who we are, and did not accept the answer",
    _FORBIDDEN: "it does not give the content to us",
    _NOT_FOUND: "it does not have the content there",
}
_NO_FSP = {
    _UNAUTHORIZED: "it asks who we are, and a fallback status point takes reports from anybody",
    _FORBIDDEN: "it refuses us, and a fallback status point takes reports from anybody",
    _NOT_FOUND: "there is a web server, and no fallback status point on it",
}


class Instruments(NamedTuple):
    """What a doctor looks with besides the ports of a client; none of it changes anything.

    Attributes:
        store: Looks at the file that is kept between runs.
        selection: Which client certificate was chosen, and why; None where nowhere could be looked.
        certificate_problem: Why the chosen one cannot be shown all the same; empty when it can.
        seen: The certificate that a server showed and that was accepted; None when none was.
        verifier: Looks at signatures of the site's keys; None to leave them unlooked at.
    """

    store: Callable[[], StoreState]
    selection: CertificateSelection | None = None
    certificate_problem: str = ""
    seen: Callable[[Endpoint], ServerCertificate | None] = lambda _endpoint: None
    verifier: SignatureVerifier | None = None


class Prober:
    """Asks servers one thing each. Safe to use from several threads."""

    def __init__(self, config: ClientConfig, world: World, instruments: Instruments, deadline: Deadline) -> None:
        """Put it together.

        Args:
            config: The settings.
            world: The ports.
            instruments: What else to look with.
            deadline: The end of all of it.
        """
        self._config, self._world, self._deadline = config, world, deadline
        self._seen = instruments.seen
        self._client = client_of(config, world.transport, world.clock)

    def look_up(self, name: str, what: str) -> tuple[Lookup, tuple[SrvRecord, ...]]:
        """Ask DNS for SRV records."""
        _log.info("looking up %s", name, extra={"event": "doctor.name"})
        try:
            records = self._world.names.resolve_srv(name, self._deadline.within(2 * self._config.dns_timeout))
        except CmClientError as error:
            return Lookup(name, what, code=error.code, detail=error.message, hint=error.hint), ()
        return Lookup(name, what, len(records)), records

    def ask_controller(self, server: DirectoryServer, domain: DnsDomain) -> ControllerProbe:
        """Ask a domain controller as a client does: its name, the netlogon ping, a login, its clock."""
        _log.info("asking domain controller %s", server.host, extra={"event": "doctor.controller"})
        world, found = self._world, ControllerProbe(server.host, server.port)
        try:
            addresses = world.names.resolve_host(server.host, self._deadline.within(2 * self._config.dns_timeout))
        except CmClientError as error:
            return found._replace(addresses=("?",), code=error.code, detail=error.message, hint=error.hint)
        found = found._replace(addresses=tuple(addresses))
        if not addresses:
            return found
        try:
            answer = world.controllers.ping(server, domain, self._deadline.within(_PING_SECONDS))
            found = found._replace(ping="" if answer else f"it does not serve {domain}")
        except CmClientError as error:
            found = found._replace(ping=error.message)
        try:
            within = self._deadline.within(self._config.directory_timeout)
            ((root, *_),) = world.directory.search(server, [clock_query()], within)
        except CmClientError as error:
            return found._replace(code=error.code, detail=error.message, hint=error.hint)
        except ValueError:  # no root entry: it does not show it to us
            return found
        values = root.attributes.get(CURRENT_TIME.lower(), ())
        return found._replace(ahead=self._find_ahead(parse_directory_time(values[0]) if values else None))

    def ask_management_point(self, endpoint: Endpoint, query: MpListQuery) -> Probe:
        """Ask a management point for its list, on its second port too where the settings name one."""

        def ask() -> tuple[HttpReply, str]:
            request = HttpRequest(endpoint, mp_list_path(query, self._config.site_code))
            reply = self._client.exchange(request, self._deadline)
            listed = parse_mp_list(reply.body, origin=Origin(SourceKind.MP_LIST, query.value)).candidates
            return reply, f"its list names {len(listed)} management points"

        return self._probe(endpoint, ask)

    def ask_distribution_point(self, endpoint: Endpoint, path: str, what: str) -> Probe:
        """Ask a distribution point for the list of a content, as a download begins."""

        def ask() -> tuple[HttpReply, str]:
            headers, body = build_propfind(deep=False)
            request = HttpRequest(endpoint, path, method="PROPFIND", headers=headers, body=body, may_log_in=True)
            reply = self._send(request)
            if reply.status in _NO_PROPFIND:
                reply = self._send(HttpRequest(endpoint, path, may_log_in=True))
            if reply.status == _MULTISTATUS:
                parse_multistatus([reply.body])
            elif reply.status == _OK:
                parse_folder_page(reply.body, endpoint, path)
            return reply, f"it has {what}"

        return self._probe(endpoint, ask, good={_OK, _MULTISTATUS}, told=_REFUSED, code="source-refused")

    def ask_status_point(self, endpoint: Endpoint) -> Probe:
        """See whether a fallback status point is there, without a report."""

        def ask() -> tuple[HttpReply, str]:
            reply = self._send(HttpRequest(endpoint, FSP_PATH))
            if is_web_page(reply.body) and reply.status == _OK:
                raise web_page_error(reply.body, what="the answer", wanted="that of a status point", where="FSP")
            return reply, ""

        statuses = set(range(_OK, _FAULT)) - set(_NO_FSP)
        return self._probe(endpoint, ask, good=statuses, told=_NO_FSP)

    def _send(self, request: HttpRequest) -> HttpReply:
        limited = self._deadline.within(self._config.attempt_timeout)
        return self._world.transport.send(request._replace(connect_timeout=self._config.connect_timeout), limited)

    def _probe(
        self,
        endpoint: Endpoint,
        ask: Callable[[], tuple[HttpReply, str]],
        *,
        good: "set[int] | None" = None,
        told: "dict[int, str] | None" = None,
        code: str = "http-status",
    ) -> Probe:
        """Ask, and make a value of what comes of it.

        Args:
            endpoint: The server.
            ask: Asks, and says what the answer is.
            good: The statuses of a good answer; None where ``ask`` sees to it.
            told: What other statuses mean.
            code: The code of another status.
        """
        if self._deadline.expired:
            return Probe(endpoint, "", _NOT_ASKED, "the time was up before it was asked; raise --deadline")
        _log.info("asking %s", endpoint, extra={"event": "doctor.server"})
        clock = self._world.clock
        started = clock.monotonic()
        try:
            reply, said = ask()
        except CmClientError as error:
            status, reason = getattr(error, "status", None), getattr(error, "reason", "")
            found = Probe(endpoint, "", error.code, error.message, error.hint, reason, status)
            return found._replace(seconds=clock.monotonic() - started)
        seconds = clock.monotonic() - started
        found = Probe(endpoint, said, status=reply.status, seconds=seconds, certificate=self._seen(endpoint))
        found = found._replace(ahead=self._find_ahead(parse_http_date(reply.headers.get("date", ""))))
        if good is not None and reply.status not in good:
            meaning = (told or {}).get(reply.status, "")
            detail = f"it answered {reply.status}" + (f": {meaning}" if meaning else "")
            return found._replace(code=code, detail=detail)
        return found

    def _find_ahead(self, said: datetime | None) -> float | None:
        return None if said is None else (said - self._world.clock.now()).total_seconds()
