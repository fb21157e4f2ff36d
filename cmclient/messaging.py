"""Location messages: what a client asks management points about sites, content and update points, and their answers."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import uuid4

from .circuits import Circuits
from .errors import NoAnswerError
from .model.content import ClientBoundaryGroups, ContentId, ContentLocations, ContentOptions, ContentReference
from .model.endpoints import Endpoint
from .model.facts import NetworkFacts, NetworkLocation
from .model.http import Attempt, Deadline
from .model.messages import (
    EnumeratedMps,
    LocalMps,
    Message,
    MessageId,
    MessageStyle,
    MpCategory,
    SiteDescriptions,
    WsusLocations,
    netbios_name,
)
from .model.names import HostName, SiteCode
from .model.rule import decides
from .mpclient import ContactResult, ManagementPointClient
from .ports import Cancellation, Chooser, Clock
from .protocol.content_replies import parse_content_location_reply
from .protocol.envelope import MESSAGE_PATH, message_request, parse_reply
from .protocol.location_replies import (
    parse_assigned_site_reply,
    parse_enumerate_mps_reply,
    parse_local_mp_reply,
    parse_site_information_reply,
    parse_wsus_location_reply,
)
from .protocol.location_requests import (
    RequestStyle,
    build_assigned_site_request,
    build_client_package_request,
    build_content_location_request,
    build_enumerate_mps_request,
    build_local_mp_request,
    build_site_information_request,
    build_wsus_location_request,
)
from .rules.retry import backoff_delay

__all__ = ["LocationMessenger", "fresh_message_id"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_NAMELESS = HostName("client")  # the sender of a message from a machine that does not know its name
_NO_OPTIONS = ContentOptions()


def fresh_message_id() -> MessageId:
    """An id that no other message has."""
    return MessageId(str(uuid4()))


class _OwnChance:
    """The chance of one machine: many that were set to the same seed must not come back together."""

    def __init__(self, chooser: Chooser, host: str) -> None:
        self.seed = chooser.seed
        self._chooser = chooser
        self._host = host

    def draw(self, label: str) -> float:
        return self._chooser.draw(f"{self._host}: {label}")


class LocationMessenger:
    """Sends location messages, one to one management point or the same to several until one answers.

    It remembers for each endpoint whether it failed, and asks none again before its time; this memory is its own, and
    is gone with it. Safe to use from several threads.

    Every ``fetch_`` method and ``enumerate_mps`` sends one message to one management point, and raises what ``send``
    raises. To ask several in order, hand them to ``contact``::

        messenger.contact(groups, "SiteInformationRequest",
            lambda endpoint, cancellation: messenger.fetch_site_information(
                endpoint, site, deadline, cancellation=cancellation), deadline)
    """

    def __init__(
        self,
        client: ManagementPointClient,
        clock: Clock,
        *,
        host: HostName | None,
        chooser: Chooser,
        new_id: Callable[[], MessageId] = fresh_message_id,
        style: MessageStyle = MessageStyle.SDK,
        path: str = MESSAGE_PATH,
    ) -> None:
        """Put a messenger together.

        Args:
            client: Reaches management points, and records what happens.
            clock: The time.
            host: This machine's name (``NetworkFacts.host``); None when it is not known.
            chooser: Chance, so that many clients do not come back together; with another name it draws otherwise.
            new_id: Gives the id of a new message, another one each time; called from several threads.
            style: How message headers look.
            path: Where messages go; the usual one needs no proof of who sends them.
        """
        self._client = client
        self._clock = clock
        self._source_host = netbios_name(host or _NAMELESS)
        self._new_id = new_id
        self._chooser = _OwnChance(chooser, host or _NAMELESS)
        self._style = style
        self._path = path
        self._circuits = Circuits(clock, self._chooser)

    # --- sending ---

    @decides("CF-012")
    def send(
        self,
        endpoint: Endpoint,
        body: str,
        parse: Callable[[bytes], _T],
        deadline: Deadline,
        *,
        cancellation: Cancellation | None = None,
    ) -> _T:
        """Send a message to a management point and read its answer. The message does not say who sends it.

        Args:
            endpoint: The management point, on its default port.
            body: What to ask (``protocol.location_requests``).
            parse: Reads the document of the answer; raises ProtocolError when it is none.
            deadline: The end of waiting; the limit of an attempt applies as well.
            cancellation: Gives up when cancelled.

        Raises:
            NotAskedError: It failed a moment ago, and its time has not come.
            TransportError: No whole reply on any port; see ``ports.Transport``.
            HttpStatusError: A reply other than 200.
            NoAnswerError: The message was taken, and not answered.
            MalformedReplyError: The reply is no message, answers another one, or its document is another one.
            UnsafeXmlError: The reply was refused for what it could do.
            InvalidValueError: The message cannot be written.
        """
        _log.info("sending a location message to %s", endpoint, extra={"event": "mp.message"})

        def ask() -> _T:
            return self._exchange(endpoint, body, parse, deadline, cancellation)

        return self._circuits.ask(endpoint, ask, deadline)

    def contact(
        self,
        groups: Sequence[Sequence[Endpoint]],
        purpose: str,
        ask: Callable[[Endpoint, Cancellation], _T],
        deadline: Deadline,
        *,
        rounds: int = 1,
    ) -> ContactResult[_T]:
        """Contact groups in order until one management point answers; if none does, again after a while.

        Args:
            groups: Endpoints, best group first, as ``ManagementPointClient.contact`` takes them.
            purpose: What is asked, for the record.
            ask: Asks one endpoint; raises CmClientError when it failed.
            deadline: The end of it all, waits included.
            rounds: How often to go through all groups, at least once. Each wait between two rounds is drawn from a
                longer time than the one before.

        Returns:
            The first answer and every attempt of every round.
        """
        run, number = self._client.begin_run(), 1
        attempts: list[Attempt] = []
        while True:
            result = self._client.contact(groups, purpose, ask, deadline, run=run)
            attempts += result.attempts
            wait = backoff_delay(number, self._chooser.draw(f"round {number} of {run}"))
            left = deadline.remaining()
            has_time = left is None or wait < left
            if result.endpoint is not None or result.is_final or number >= rounds or not has_time:
                return result._replace(attempts=tuple(attempts))
            _log.info("nobody answered: again in %.1f s", wait, extra={"event": "mp.round"})
            self._client.pause(wait, None)
            number += 1

    def _exchange(
        self,
        endpoint: Endpoint,
        body: str,
        parse: Callable[[bytes], _T],
        deadline: Deadline,
        cancellation: Cancellation | None,
    ) -> _T:
        message = Message(
            id=self._new_id(),
            sent=self._clock.now(),
            source_host=self._source_host,
            target_host=endpoint.host,
            body=body,
            style=self._style,
        )
        request = message_request(endpoint, message, path=self._path)
        reply = self._client.exchange(request, deadline, cancellation)
        received = parse_reply(reply.body, reply.headers.get("content-type", ""), request=message.id)
        if received.document is None:
            raise NoAnswerError(f"{endpoint} took the message for later work, and did not answer it")
        return parse(received.document)

    # --- what can be asked ---

    def fetch_site_information(
        self, endpoint: Endpoint, site: SiteCode, deadline: Deadline, *, cancellation: Cancellation | None = None
    ) -> SiteDescriptions:
        """Ask what a site is: version, default management point, client operational settings."""
        body = build_site_information_request(site)
        return self.send(endpoint, body, parse_site_information_reply, deadline, cancellation=cancellation)

    def fetch_assigned_site(
        self, endpoint: Endpoint, facts: NetworkFacts, deadline: Deadline, *, cancellation: Cancellation | None = None
    ) -> SiteDescriptions:
        """Ask to which site a client belongs that is where this one is; no site is an answer too."""
        body = build_assigned_site_request(facts, on_internet=_is_on_internet(facts))
        return self.send(endpoint, body, parse_assigned_site_reply, deadline, cancellation=cancellation)

    def fetch_local_mps(
        self,
        endpoint: Endpoint,
        facts: NetworkFacts,
        deadline: Deadline,
        *,
        assigned_site: SiteCode | None,
        cancellation: Cancellation | None = None,
    ) -> LocalMps:
        """Ask which sites serve the client where it is, and how they lie to it."""
        body = build_local_mp_request(facts, assigned_site=assigned_site)
        return self.send(endpoint, body, parse_local_mp_reply, deadline, cancellation=cancellation)

    def enumerate_mps(
        self,
        endpoint: Endpoint,
        facts: NetworkFacts,
        deadline: Deadline,
        *,
        category: MpCategory,
        site: SiteCode,
        cancellation: Cancellation | None = None,
    ) -> EnumeratedMps:
        """Ask for the management points of a site that are of a category."""
        body = build_enumerate_mps_request(facts, category=category, site=site)
        return self.send(endpoint, body, parse_enumerate_mps_reply, deadline, cancellation=cancellation)

    def fetch_content_locations(  # noqa: PLR0913 - what a request says
        self,
        endpoint: Endpoint,
        facts: NetworkFacts,
        deadline: Deadline,
        *,
        content: ContentReference,
        assigned_site: SiteCode,
        options: ContentOptions = _NO_OPTIONS,
        boundary_groups: ClientBoundaryGroups | None = None,
        style: RequestStyle = RequestStyle.CLIENT_2021,
        in_operation: bool = True,
        cancellation: Cancellation | None = None,
    ) -> ContentLocations:
        """Ask where content is.

        Args:
            endpoint: The management point.
            facts: What is known of the client.
            deadline: The end of waiting; the limit of an attempt applies as well.
            content: The content.
            assigned_site: The client's site.
            options: Which sources the client can use.
            boundary_groups: What the answer before said of the client's boundary groups; None before the first one.
            style: Which client's requests it looks like.
            in_operation: Whether it looks like one of a client that looks for itself.
            cancellation: Gives up when cancelled.
        """
        body = build_content_location_request(
            facts,
            content=content,
            assigned_site=assigned_site,
            options=options,
            boundary_groups=boundary_groups,
            style=style,
            in_operation=in_operation,
        )
        return self.send(endpoint, body, parse_content_location_reply, deadline, cancellation=cancellation)

    def fetch_client_package(
        self,
        endpoint: Endpoint,
        facts: NetworkFacts,
        deadline: Deadline,
        *,
        assigned_site: SiteCode,
        options: ContentOptions = _NO_OPTIONS,
        newest: bool = False,
        cancellation: Cancellation | None = None,
    ) -> ContentLocations:
        """Ask where the client package is, as client setup does: the one in production, or the newest."""
        body = build_client_package_request(facts, assigned_site=assigned_site, options=options, latest=newest)
        return self.send(endpoint, body, parse_content_location_reply, deadline, cancellation=cancellation)

    def fetch_wsus_locations(
        self,
        endpoint: Endpoint,
        facts: NetworkFacts,
        deadline: Deadline,
        *,
        content: ContentId,
        version: int,
        assigned_site: SiteCode,
        cancellation: Cancellation | None = None,
    ) -> WsusLocations:
        """Ask for software update points.

        Args:
            endpoint: The management point.
            facts: What is known of the client.
            deadline: The end of waiting; the limit of an attempt applies as well.
            content: The update source, as policy names it; an unknown one gives an empty answer.
            version: Its version, from policy too.
            assigned_site: The client's site.
            cancellation: Gives up when cancelled.
        """
        body = build_wsus_location_request(
            facts,
            content=content,
            version=version,
            assigned_site=assigned_site,
            on_internet=_is_on_internet(facts),
        )
        return self.send(endpoint, body, parse_wsus_location_reply, deadline, cancellation=cancellation)


def _is_on_internet(facts: NetworkFacts) -> bool:
    return facts.network_location is NetworkLocation.INTERNET
