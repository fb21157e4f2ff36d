"""What the management points of a lab answer to location messages: each by the hierarchy and where its sender is."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

from ..errors import InvalidValueError, ProtocolError
from ..model.endpoints import Audience, Locality, SiteKind
from ..model.facts import InterfaceAddress
from ..model.groups import BoundaryGroup
from ..model.messages import (
    EnumeratedMp,
    EnumeratedMps,
    LocalMps,
    Message,
    MessageHeader,
    MessageId,
    MpCategory,
    MpSite,
    SiteDescription,
    SiteDescriptions,
    SiteLocality,
    netbios_name,
)
from ..model.names import HostName, SiteCode
from ..model.questions import LocationQuestion, QuestionKind
from ..model.rule import decides
from ..protocol.capabilities import build_operational_settings
from ..protocol.envelope import build_message, parse_message
from ..protocol.location_answers import (
    build_assigned_site_reply,
    build_content_location_reply,
    build_enumerate_mps_reply,
    build_local_mp_reply,
    build_site_information_reply,
    build_wsus_location_reply,
)
from ..protocol.location_questions import parse_location_question
from ..protocol.mplist import ssl_state_of
from ..rules.groups import find_assigned_sites
from ..rules.mp_localities import ListedMp, list_management_points
from .asking import find_asking_place
from .clock import LabClock
from .content_answers import Asking, find_content, find_update_points, is_trusted
from .description import LabDescription, Site, SiteSystem
from .faults import Role
from .ldap_tree import Ports, operational_settings
from .site import Hierarchy

__all__ = ["MessageAnswer", "MessageAnswers"]

_ENDPOINT = "mp_locationmanager"
_ANOTHER = MessageId("{00000000-0000-0000-0000-00000000FA15}")  # what a lying server says that it answers
_INTERNET = frozenset({Audience.INTERNET, Audience.BOTH})
_WORDS = {
    Locality.CURRENT_GROUP: SiteLocality.LOCAL,
    Locality.NEIGHBOUR_GROUP: SiteLocality.REMOTE,
    Locality.DEFAULT_GROUP: SiteLocality.FALLBACK,
}


class MessageAnswer(NamedTuple):
    """An answer.

    Attributes:
        kind: What was asked, in the word of the request and what else a person may want to know; empty when it was no
            location request.
        body: The multipart body; empty when the message is refused, as a management point refuses one.
    """

    kind: str = ""
    body: bytes = b""


class _Asked(NamedTuple):
    """A question, and what follows from it before it is answered."""

    question: LocationQuestion
    groups: tuple[BoundaryGroup, ...]
    home: Site
    sender: str


class MessageAnswers:
    """The location manager of every management point of a lab."""

    def __init__(
        self, description: LabDescription, hierarchy: Hierarchy, ports: Callable[[], Ports], clock: LabClock
    ) -> None:
        """Put it together.

        Args:
            description: The lab.
            hierarchy: The same, evaluated.
            ports: Says on which ports the web servers are, once they are known.
            clock: The time of fallback times.
        """
        self._description = description
        self._hierarchy = hierarchy
        self._ports = ports
        self._clock = clock
        self._answers: Mapping[QuestionKind, Callable[[_Asked], str]] = {
            QuestionKind.SITE_INFORMATION: self._site_information,
            QuestionKind.ASSIGNED_SITE: self._assigned_site,
            QuestionKind.LOCAL_MPS: self._local_mps,
            QuestionKind.ENUMERATE_MPS: self._enumerate_mps,
            QuestionKind.CONTENT: self._content,
            QuestionKind.UPDATE_POINTS: self._update_points,
        }

    def answer(self, host: HostName, body: bytes, content_type: str, *, lies: bool = False) -> MessageAnswer:
        """Answer a message.

        Args:
            host: The management point.
            body: The multipart body.
            content_type: Its Content-Type.
            lies: Say that it is the answer to another message.
        """
        try:
            received = parse_message(body, content_type)
            is_ours = received.header.target_endpoint.lower() == _ENDPOINT
            if received.document is None or not is_ours:
                return MessageAnswer()
            question = parse_location_question(received.document)
        except ProtocolError:
            return MessageAnswer()
        place = find_asking_place(question.client)
        asked = _Asked(
            question,
            self._hierarchy.current_groups(place),
            self._home(question.assigned_site),
            received.header.source_host.lower(),
        )
        document = self._answers[question.kind](asked)
        what = question.kind.value + (" (the newest client)" if question.newest_client else "")
        return MessageAnswer(what, _written(host, document, received.header, lies=lies))

    # Who is asked about

    def _home(self, code: SiteCode | None) -> Site:
        """The primary site of a client that says its assigned site; that of the lab's own one when it does not."""
        site = self._find_site(code)
        if site is None:
            return self._hierarchy.home
        return site if site.parent is None else self._description.site(site.parent)

    def _find_site(self, code: SiteCode | None) -> Site | None:
        return next((site for site in self._description.sites if site.code == code), None)

    def _mps(self, site: Site | None, *, internet: bool = False) -> list[SiteSystem]:
        """The management points of a site for one side."""
        return [
            system
            for system in self._description.systems_of(Role.MP)
            if site is not None
            and system.site == site.code
            and (system.audience in _INTERNET if internet else system.audience is not Audience.INTERNET)
        ]

    def _near(self, asked: _Asked) -> dict[HostName, ListedMp]:
        listed = list_management_points(self._description.data, asked.groups, assigned_site=asked.home.code)
        return {one.host: one for one in listed}

    # Answers

    def _site_information(self, asked: _Asked) -> str:
        site = self._find_site(asked.question.site)
        return build_site_information_reply(SiteDescriptions(() if site is None else (self._described(site),)))

    @decides("SA-006", "SA-007")
    def _assigned_site(self, asked: _Asked) -> str:
        codes = find_assigned_sites(asked.groups)
        if not codes and self._description.fallback_site is not None:
            codes = (self._description.fallback_site,)
        return build_assigned_site_reply(
            SiteDescriptions(tuple(self._described(self._description.site(code)) for code in codes))
        )

    def _described(self, site: Site) -> SiteDescription:
        mps = self._mps(site) or self._mps(site, internet=True)
        described = SiteDescription(site.code, f"5.00.{site.build}.1000", site.build)
        if not mps:
            return described
        mp = self._hierarchy.management_point(mps[0])
        said = operational_settings(mp, site, self._description, self._hierarchy, self._ports())
        return described._replace(
            default_mp=mp.host,
            ssl_state=ssl_state_of(mp.protocols) if mp.ssl_state is None else mp.ssl_state,
            operational_settings=build_operational_settings(said),
        )

    @decides("ML-039", "ML-040")
    def _local_mps(self, asked: _Asked) -> str:
        """The sites that have a management point near the client; else its assigned one, to fall back to."""
        near, ports = self._near(asked), self._ports()
        sites = []
        for site in self._description.sites:
            best = max((near[mp.host].locality for mp in self._mps(site)), default=Locality.UNKNOWN)
            if best is Locality.UNKNOWN:
                continue
            sites.append(MpSite(site.code, site.parent or site.code, _WORDS[best], "", ports.http, ports.https))
        if not sites:
            home = asked.home.code
            sites = [MpSite(home, home, SiteLocality.FALLBACK, "", ports.http, ports.https)]
        return build_local_mp_reply(LocalMps(tuple(sites)))

    def _enumerate_mps(self, asked: _Asked) -> str:
        site, category = self._find_site(asked.question.site), asked.question.category
        found = self._mps(site, internet=category is MpCategory.INTERNET)
        if category is MpCategory.PROXY and site is not None and site.kind is not SiteKind.SECONDARY:
            below = (one for one in self._description.sites if one.parent == site.code)
            found = [mp for one in below for mp in self._mps(one)]
        if category in {MpCategory.PROXY, MpCategory.LOCAL}:
            near = self._near(asked)
            least = Locality.CURRENT_GROUP if category is MpCategory.LOCAL else Locality.NEIGHBOUR_GROUP
            found = [mp for mp in found if near[mp.host].locality >= least]
        told = (
            EnumeratedMp(self._hierarchy.management_point(mp), is_trusted(asked.question, mp.host, self._description))
            for mp in found
        )
        return build_enumerate_mps_reply(EnumeratedMps(tuple(told)))

    def _content(self, asked: _Asked) -> str:
        question, groups, home, _ = asked
        found = find_content(
            question,
            self._description,
            groups,
            home=home,
            ports=self._ports(),
            now=datetime.now(UTC),
            asking=Asking(self._minutes(asked), self._brought(asked), self._groups_at),
        )
        return build_content_location_reply(found)

    def _groups_at(self, address: InterfaceAddress) -> tuple[BoundaryGroup, ...]:
        place = self._hierarchy.locate(address.address)
        return self._hierarchy.current_groups(place._replace(addresses=(address,)))

    @decides("CL-036", "BG-031")
    def _minutes(self, asked: _Asked) -> float:
        """For how long a client has looked for this content from where it is; of one that does not wait, for ever."""
        question = asked.question
        if not question.in_operation or question.content is None:
            return float("inf")
        groups = tuple(group.id for group in asked.groups)
        return self._clock.since((asked.sender, question.content.id, question.content.version, groups))

    @decides("CL-035")
    def _brought(self, asked: _Asked) -> float:
        """Minutes since the content was first asked for on demand where the client is; -1 when it was not."""
        question = asked.question
        if question.content is None or question.options is None or not question.options.distribute_on_demand:
            return -1.0
        groups = tuple(group.id for group in asked.groups)
        return self._clock.since((question.content.id, question.content.version, groups))

    def _update_points(self, asked: _Asked) -> str:
        question, groups, home, _ = asked
        return build_wsus_location_reply(find_update_points(question, self._description, groups, home=home))


def _written(host: HostName, document: str, asked: MessageHeader, *, lies: bool) -> bytes:
    return build_message(
        Message(
            id=MessageId(str(uuid4())),
            sent=datetime.now(UTC),
            source_host=netbios_name(host),
            target_host=_sender(asked),
            body=document,
            target_endpoint="LS_ReplyLocations",
            reply_mode="Reply",
            correlation=_ANOTHER if lies else asked.id,
        )
    )


def _sender(asked: MessageHeader) -> HostName:
    try:
        return HostName(asked.source_host)
    except InvalidValueError:
        return HostName("client")
