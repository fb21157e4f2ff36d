"""What the lab's management points say of content: sources join with time, peers and gateways by group."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from cmclient.errors import LabError
from cmclient.lab import Lab, built_in_description, parse_description
from cmclient.lab.clock import LabClock
from cmclient.lab.description import LabDescription
from cmclient.lab.ldap_tree import Ports
from cmclient.lab.message_answers import MessageAnswers
from cmclient.lab.peers import Peer, find_peers
from cmclient.lab.site import Hierarchy
from cmclient.model.content import ContentId, ContentLocations, ContentOptions, ContentReference
from cmclient.model.endpoints import Audience
from cmclient.model.facts import Adapter, Membership, NetworkFacts, parse_address
from cmclient.model.groups import BoundaryGroup, GroupOptions, SiteServer
from cmclient.model.messages import Message, MessageId
from cmclient.model.names import AdSiteName, DnsDomain, HostName, SiteCode
from cmclient.model.questions import AskingAddress, AskingClient
from cmclient.protocol.content_replies import parse_content_location_reply
from cmclient.protocol.envelope import build_message, parse_message
from cmclient.protocol.location_requests import build_client_package_request, build_content_location_request
from cmclient.protocol.multipart import CONTENT_TYPE

P01 = SiteCode("P01")
EVERYWHERE = ContentReference(ContentId("P0100003"))
NEAR_PEERS = ContentOptions(peers=True)
CMG = HostName("cmg1.corp.contoso.test")
MINUTE = 60.0  # seconds: no time passes by itself in a test


class Site:
    """The location manager of a lab that is not started: no sockets."""

    def __init__(self, description: LabDescription) -> None:
        self.clock = LabClock(description.fallback_minute)
        self._answers = MessageAnswers(description, Hierarchy(description), lambda: Ports(80, 443), self.clock)

    def ask(
        self,
        address: str = "127.45.10.42/24",
        ad_site: str = "Headquarters",
        *,
        content: ContentReference = EVERYWHERE,
        options: ContentOptions | None = None,
        waits: bool = True,
        host: str = "pc042",
    ) -> ContentLocations:
        corp = DnsDomain("corp.contoso.test")
        facts = NetworkFacts(
            membership=Membership.DOMAIN,
            domain=corp,
            forest=corp,
            ad_site=AdSiteName(ad_site),
            adapters=(Adapter("lab0", addresses=(parse_address(address),)),),
        )
        body = build_content_location_request(
            facts, content=content, assigned_site=P01, options=options or ContentOptions(), in_operation=waits
        )
        return self._send(body, host)

    def named_to_setup(self) -> list[str]:
        """The servers that client setup is told of, in order."""
        facts = NetworkFacts(adapters=(Adapter("lab0", addresses=(parse_address("127.45.10.42/24"),)),))
        found = self._send(build_client_package_request(facts, assigned_site=P01, options=ContentOptions()), "pc042")
        return _servers(found)

    def _send(self, body: str, host: str) -> ContentLocations:
        mp = HostName("mp1.corp.contoso.test")
        message = Message(MessageId(str(uuid4())), datetime.now(UTC), HostName(host), mp, body)
        sent = build_message(message)
        answer = self._answers.answer(mp, sent, CONTENT_TYPE)
        received = parse_message(answer.body, CONTENT_TYPE).document
        assert received is not None
        return parse_content_location_reply(received)

    def named(self, *arguments: str, **more: object) -> list[str]:
        """The servers, in the order of the answer."""
        return _servers(self.ask(*arguments, **more))  # type: ignore[arg-type]


def _servers(found: ContentLocations) -> list[str]:
    return [str(one.server).partition(".")[0] for site in found.sites for one in site.records]


@pytest.fixture
def described() -> LabDescription:
    return built_in_description()._replace(fallback_minute=MINUTE)


@pytest.fixture
def site(described: LabDescription) -> Site:
    return Site(described)


BRANCH = ("127.45.20.42/24", "Branch")


# --- with time ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("CL-036", "BG-033")
def test_sources__join_as_fallback_times_pass(site: Site) -> None:
    assert site.named() == ["dp1"]
    site.clock.skip(19.5)
    assert site.named() == ["dp1"]
    site.clock.skip(1)
    assert site.named() == ["dp1", "dp2"]
    site.clock.skip(20)
    assert site.named() == ["dp1", "dp3", "dp2"]  # by site, the nearest first


@pytest.mark.rule("BG-031")
def test_sources__time_counts_for_each_search_and_begins_anew_elsewhere(site: Site) -> None:
    site.named()
    site.clock.skip(30)
    assert site.named() == ["dp1", "dp2"]
    assert site.named(host="pc043") == ["dp1"], "another client begins now"
    assert site.named(*BRANCH) == ["dp2"], "and so does one that has moved"
    site.clock.skip(24 * 60 + 1)
    assert site.named() == ["dp1"], "what nobody asked for in a day is over"


def test_sources__a_client_that_does_not_wait_is_told_of_all(site: Site) -> None:
    assert site.named(waits=False) == ["dp1", "dp3", "dp2"]
    assert Site(built_in_description()._replace(fallback_minute=0.0)).named() == ["dp1", "dp3", "dp2"]


@pytest.mark.rule("CI-011", "CI-012")
def test_setup__is_told_at_once_of_the_group_then_neighbours_then_the_default_group(described: LabDescription) -> None:
    everywhere = next(one.servers for one in described.contents if one.id == EVERYWHERE.id)
    contents = tuple(one._replace(servers=everywhere) if one.is_client_package else one for one in described.contents)
    site = Site(described._replace(contents=contents))
    assert site.named_to_setup() == ["dp1", "dp2", "dp3"]
    assert site.named() == ["dp1"], "others wait"
    assert site.named(waits=False) == ["dp1", "dp3", "dp2"], "and are told by site"


# --- peers ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("CL-025")
def test_peers__of_the_current_group_alone__online_and_with_the_content(described: LabDescription) -> None:
    site = Site(described)
    assert site.named(options=NEAR_PEERS) == ["pc043", "dp1"]
    assert site.named(*BRANCH, options=NEAR_PEERS) == ["pc201", "dp2"]
    site.clock.skip(600)
    assert "pc201" not in site.named(options=NEAR_PEERS), "never of a neighbour, however long it takes"
    assert site.named() == ["dp1", "dp3", "dp2"], "only who asks for peers is told of them"
    another = ContentReference(ContentId("P0100001"), 3)
    assert "pc043" not in site.named(content=another, options=NEAR_PEERS)
    offline = tuple(one._replace(online=False) for one in described.peers)
    assert "pc043" not in Site(described._replace(peers=offline)).named(options=NEAR_PEERS)


@pytest.mark.rule("CL-034")
def test_peers__one_that_moved_is_told_of_where_it_is_now(described: LabDescription) -> None:
    moved = tuple(one._replace(address=parse_address("127.45.20.43/24")) for one in described.peers)
    site = Site(described._replace(peers=moved))
    assert "pc043" not in site.named(options=NEAR_PEERS)
    assert site.named(*BRANCH, options=NEAR_PEERS)[:2] == ["pc043", "pc201"]


GROUP = BoundaryGroup("here", "here")
ASKING = AskingClient(addresses=(AskingAddress("10.1.2.3", "10.1.2.0"),))


def peers_of(number: int, *, most: int = 25, options: GroupOptions | None = None) -> list[str]:
    """What is told of many peers, every second one of which is in the client's subnet."""
    group = GROUP._replace(options=options or GroupOptions())
    content = ContentId("X")
    every = [
        Peer(HostName(f"pc{n}"), parse_address(f"10.1.{2 + n % 2}.{n % 200 + 4}/24"), (content,)) for n in range(number)
    ]
    found = find_peers(every, content, ASKING, [group], groups_at=lambda _address: [group], most=most)
    return [one.locality for one in found]


@pytest.mark.rule("CF-033")
@pytest.mark.parametrize("joined", [True, False])
def test_peers__are_joined_to_a_domain(joined: bool) -> None:  # noqa: FBT001
    peer = Peer(HostName("pc1"), parse_address("10.1.2.9/24"), (ContentId("X"),), domain_joined=joined)
    assert bool(find_peers([peer], ContentId("X"), ASKING, [GROUP], groups_at=lambda _address: [GROUP])) is joined


@pytest.mark.rule("BG-057")
def test_peers__a_tunnel_in_common_is_no_subnet_in_common() -> None:
    def told(address: str, network: str) -> list[str]:
        peer = Peer(HostName("pc1"), parse_address(f"{address}/64"), (ContentId("X"),))
        asking = AskingClient(addresses=(AskingAddress(f"{network}1", network),))
        found = find_peers([peer], ContentId("X"), asking, [GROUP], groups_at=lambda _address: [GROUP])
        return [one.locality for one in found]

    assert told("fd00::9", "fd00::") == ["SUBNETPEER"]
    assert told("2001:0:5ef5:79fb::9", "2001:0:5ef5:79fb::") == ["PEER"]


@pytest.mark.rule("CL-027")
@pytest.mark.parametrize(("most", "told"), [(25, 25), (10, 10), (50, 50), (51, 50), (1000, 50)])
def test_peers__so_many_at_most(most: int, told: int) -> None:
    assert len(peers_of(150, most=most)) == told
    assert len(peers_of(7, most=most)) == 7
    assert len(peers_of(150)) == 25


@pytest.mark.rule("BG-050", "BG-052")
def test_peers__as_the_options_of_the_group_say() -> None:
    assert peers_of(4) == ["SUBNETPEER", "SUBNETPEER", "PEER", "PEER"]
    assert peers_of(4, options=GroupOptions(peers_in_subnet_only=True)) == ["SUBNETPEER", "SUBNETPEER"]
    assert peers_of(4, options=GroupOptions(allow_peers=False)) == []


# --- cloud sources --------------------------------------------------------------------------------------------------


def with_cloud(described: LabDescription, group: str) -> Site:
    """A lab whose gateway holds the content and is in a group."""
    contents = tuple(one._replace(cloud=(CMG,)) for one in described.contents)
    groups = tuple(
        one._replace(servers=(*one.servers, CMG)) if one.name.startswith(group) else one for one in described.groups
    )
    return Site(described._replace(contents=contents, groups=groups))


@pytest.mark.rule("CL-017")
def test_cloud__on_the_intranet_by_group_or_by_fallback(described: LabDescription) -> None:
    wanted = ContentOptions(cloud=True)
    assert "cmg1" in with_cloud(described, "Headquarters").named(options=wanted)
    assert "cmg1" not in with_cloud(described, "Headquarters").named()
    nowhere = with_cloud(described, "none")
    assert "cmg1" not in nowhere.named(options=wanted, waits=False)
    far = with_cloud(described, "Branch")
    assert "cmg1" not in far.named(options=wanted)
    far.clock.skip(20)
    assert "cmg1" in far.named(options=wanted)


@pytest.mark.rule("CL-018")
def test_cloud__on_the_internet_in_no_group_at_all(described: LabDescription) -> None:
    assert with_cloud(described, "none").named(options=ContentOptions(cloud=True, internet=True)) == ["cmg1"]


@pytest.mark.rule("BG-012")
def test_internet__those_that_face_it_whatever_their_group__but_none_in_maintenance(described: LabDescription) -> None:
    facing = tuple(
        one._replace(audience=Audience.BOTH) if one.host.startswith(("dp2.", "dp3.")) else one
        for one in described.systems
    )
    wanted = ContentOptions(internet=True)
    assert Site(described._replace(systems=facing)).named(options=wanted) == ["dp2", "dp3"]
    resting = SiteServer(HostName("dp2.corp.contoso.test"), in_maintenance=True)
    site = Site(described._replace(systems=facing, servers=(*described.servers, resting)))
    assert site.named(options=wanted) == ["dp3"]


# --- on demand ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("CL-035")
def test_on_demand__comes_to_the_distribution_points_of_the_clients_group_after_a_while(
    described: LabDescription,
) -> None:
    contents = tuple(
        one._replace(on_demand=5, servers=(HostName("dp2.corp.contoso.test"),)) for one in described.contents
    )
    site, wanted = Site(described._replace(contents=contents)), ContentOptions(distribute_on_demand=True)
    assert site.named() == []
    site.clock.skip(10)
    assert site.named() == [], "nobody asked for it on demand"
    assert site.named(options=wanted) == []
    site.clock.skip(4)
    assert site.named(options=wanted) == []
    site.clock.skip(1)
    assert site.named(options=wanted) == ["dp1"]
    plain = tuple(one._replace(on_demand=None) for one in contents)
    other = Site(described._replace(contents=plain))
    other.named(options=wanted)
    other.clock.skip(15)
    assert other.named(options=wanted) == []


# --- what is written down -------------------------------------------------------------------------------------------


@contextmanager
def fault() -> Iterator[pytest.ExceptionInfo[LabError]]:
    with pytest.raises(LabError) as caught:
        yield caught


def test_description__peers_and_what_is_wrong_with_them() -> None:
    text = """
        [client]
        host = "pc.a.test"
        domain = "a.test"
        address = "127.46.1.9/24"
        [dns]
        host = "dns.a.test"
        [hierarchy]
        fallback_minute_ms = 250
        peers_named = 3
        [[forests]]
        name = "a.test"
        controller = "dc.a.test"
        [[sites]]
        code = "ABC"
        kind = "primary"
        forest = "a.test"
        [[management_points]]
        host = "mp.a.test"
        site = "ABC"
        [[peers]]
        host = "pc2.a.test"
        address = "127.46.1.10/24"
    """
    read = parse_description(text)
    assert (read.fallback_minute, read.peers_named, [one.host for one in read.peers]) == (0.25, 3, ["pc2.a.test"])
    with fault() as caught:
        parse_description(f"{text}\nsize = 3\n[[content]]\nid = 'A'\ncloud = ['x.a.test']")
    assert "peers[0].size is not known" in str(caught.value)
    assert "content[0].cloud names the unknown server 'x.a.test'" in str(caught.value)


def test_lab__shows_peers_and_tells_its_client_how_often_to_ask() -> None:
    with Lab() as lab:
        assert lab.settings()["content_ask_interval"] == pytest.approx(1.0)
        assert "peer      pc043.corp.contoso.test at 127.45.10.43/24, has P0100003, not run" in lab.describe()
