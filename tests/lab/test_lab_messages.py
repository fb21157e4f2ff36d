"""Location messages to the lab, sent by the client over sockets: what it answers depends on where the client is."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from uuid import uuid4

import pytest

from cmclient.adapters.clock import SystemClock
from cmclient.adapters.http import RequestsTransport
from cmclient.errors import (
    CmClientError,
    HttpStatusError,
    MalformedReplyError,
    NoAnswerError,
    RedirectRefusedError,
    ReplyTooLargeError,
    TransportError,
    TransportTimeoutError,
)
from cmclient.lab import Lab, Role, built_in_description, parse_description
from cmclient.messaging import LocationMessenger
from cmclient.model.content import ContentId, ContentKind, ContentLocations, ContentOptions, ContentReference
from cmclient.model.endpoints import Audience, Endpoint, Protocols, Scheme
from cmclient.model.facts import Adapter, Membership, NetworkFacts, NetworkLocation, parse_address
from cmclient.model.http import Deadline, HttpRequest
from cmclient.model.messages import Message, MessageId, MpCategory, SiteLocality
from cmclient.model.names import AdSiteName, DnsDomain, HostName, SiteCode
from cmclient.mpclient import AttemptLimits, ManagementPointClient
from cmclient.protocol.capabilities import parse_operational_settings
from cmclient.protocol.envelope import MESSAGE_PATH, message_request
from cmclient.protocol.location_requests import build_site_information_request

CORP = DnsDomain("corp.contoso.test")
P01, S01 = SiteCode("P01"), SiteCode("S01")
PACKAGE = ContentReference(ContentId("P0100001"), 3)
IN_BRANCH_ONLY = ContentReference(ContentId("Content_0d90cc80-19c6-465c-936d-ac74a23b9c46"))


def client_at(address: str, ad_site: str | None) -> NetworkFacts:
    return NetworkFacts(
        host=HostName("pc042.corp.contoso.test"),
        membership=Membership.DOMAIN,
        domain=CORP,
        forest=CORP,
        ad_site=None if ad_site is None else AdSiteName(ad_site),
        adapters=(Adapter("lab0", addresses=(parse_address(address),)),),
    )


# All of them ask from the same socket address: where a client is, its request says.
HEADQUARTERS = client_at("127.45.10.42/24", "Headquarters")
BRANCH = client_at("127.45.20.42/24", "Branch")
NOWHERE = client_at("127.99.0.1/24", None)


class Client:
    """Asks a management point of a lab over its sockets.

    Attributes:
        lab: The lab.
        mp: The management point.
    """

    def __init__(self, lab: Lab, *, patience: float = 5.0) -> None:
        self.lab = lab
        self.mp = Endpoint(Scheme.HTTP, HostName("mp1.corp.contoso.test"), lab.running.web.http)
        pair = lab.running.client
        self.transport = RequestsTransport(
            ca_file=lab.running.ca_file,
            client_certificate=(str(pair.certificate), str(pair.key)),
            resolve=lambda host, _: (lab.description.addresses[host],),
            source_address=lab.description.client.address.address,
        )
        self.clock = SystemClock()
        limits = AttemptLimits(connect_timeout=1.0, attempt_timeout=patience)
        self.client = ManagementPointClient(self.transport, self.clock, limits)
        self.patience = patience

    @property
    def messenger(self) -> LocationMessenger:
        """One that remembers no failure."""
        return LocationMessenger(self.client, self.clock, host=HEADQUARTERS.host, chooser=_Half())

    @property
    def deadline(self) -> Deadline:
        return Deadline.after(self.patience, self.clock.monotonic)

    def content(
        self,
        facts: NetworkFacts,
        content: ContentReference = PACKAGE,
        options: ContentOptions | None = None,
        site: SiteCode = P01,
    ) -> ContentLocations:
        return self.messenger.fetch_content_locations(
            self.mp,
            facts,
            self.deadline,
            content=content,
            assigned_site=site,
            options=options or ContentOptions(),
            in_operation=False,
        )


class _Half:
    seed = 0

    def draw(self, label: str) -> float:
        return 0.5


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Lab() as lab:
        asking = Client(lab)
        yield asking
        asking.transport.close()


def sources(found: ContentLocations) -> list[tuple[str, str, str]]:
    """Site, server and locality of each source."""
    return [
        (site.site.site_code or "", (one.server or "").partition(".")[0], one.locality)
        for site in found.sites
        for one in site.records
    ]


# --- sites --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("AD-014")
def test_site_information__is_what_the_site_publishes(client: Client) -> None:
    (site,) = client.messenger.fetch_site_information(client.mp, P01, client.deadline).sites
    assert (site.site_code, site.version, site.build) == (P01, "5.00.9141.1000", 9141)
    assert site.default_mp == "mp1.corp.contoso.test"
    said = parse_operational_settings(site.operational_settings)
    web = client.lab.running.web
    assert (said.http_port, said.https_port) == (web.http, web.https)
    assert said.fallback_status_points == ("fsp1.corp.contoso.test",)
    assert client.messenger.fetch_site_information(client.mp, SiteCode("XYZ"), client.deadline).sites == ()


@pytest.mark.rule("SA-006", "SA-007")
def test_assigned_site__by_the_groups_that_hold_the_client_else_the_fallback_site(client: Client) -> None:
    def ask(asking: Client, facts: NetworkFacts) -> list[SiteCode]:
        found = asking.messenger.fetch_assigned_site(asking.mp, facts, asking.deadline)
        return [site.site_code for site in found.sites]

    assert ask(client, HEADQUARTERS) == [P01]
    assert ask(client, NOWHERE) == []
    described = built_in_description()._replace(fallback_site=P01)
    with Lab(described) as lab:
        other = Client(lab)
        assert ask(other, NOWHERE) == [P01]
        other.transport.close()


# --- management points --------------------------------------------------------------------------------------------


@pytest.mark.rule("ML-039", "ML-040", "MP-034")
@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (HEADQUARTERS, {P01: SiteLocality.LOCAL, S01: SiteLocality.REMOTE}),
        (BRANCH, {P01: SiteLocality.LOCAL, S01: SiteLocality.LOCAL}),
        (NOWHERE, {P01: SiteLocality.FALLBACK}),
    ],
    ids=["headquarters", "branch", "in no group"],
)
def test_local_mps__are_the_sites_that_serve_a_client_where_it_is(
    client: Client, facts: NetworkFacts, said: dict[SiteCode, SiteLocality]
) -> None:
    found = client.messenger.fetch_local_mps(client.mp, facts, client.deadline, assigned_site=P01)
    assert {site.site_code: site.locality for site in found.sites} == said
    assert {site.master_site for site in found.sites} == {P01}
    web = client.lab.running.web
    assert {(site.http_port, site.https_port) for site in found.sites} == {(web.http, web.https)}


@pytest.mark.parametrize(
    ("category", "facts", "site", "hosts"),
    [
        (MpCategory.ASSIGNED, NOWHERE, P01, {"mp1", "mp2", "mp3", "mp4", "mp5"}),
        (MpCategory.PROXY, BRANCH, P01, {"mp-s01"}),
        (MpCategory.PROXY, BRANCH, S01, {"mp-s01"}),
        (MpCategory.PROXY, NOWHERE, P01, set()),
        (MpCategory.LOCAL, HEADQUARTERS, P01, {"mp1", "mp2"}),
        (MpCategory.LOCAL, BRANCH, P01, {"mp3"}),
        (MpCategory.INTERNET, NOWHERE, P01, {"mp2"}),
        (MpCategory.ASSIGNED, HEADQUARTERS, SiteCode("XYZ"), set()),
    ],
)
def test_enumerated__by_category_and_by_where_the_client_is(
    client: Client, category: MpCategory, facts: NetworkFacts, site: SiteCode, hosts: set[str]
) -> None:
    found = client.messenger.enumerate_mps(client.mp, facts, client.deadline, category=category, site=site)
    assert {one.mp.host.partition(".")[0] for one in found.mps} == hosts


def test_enumerated__with_what_each_takes_and_whether_its_forest_is_trusted(client: Client) -> None:
    ask = client.messenger.enumerate_mps
    found = {
        one.mp.host.partition(".")[0]: one
        for one in ask(client.mp, BRANCH, client.deadline, category=MpCategory.ASSIGNED, site=P01).mps
    }
    assert found["mp1"].mp.protocols is Protocols.HTTP
    assert found["mp2"].mp.protocols is Protocols.HTTPS
    assert found["mp2"].mp.audience is Audience.BOTH
    assert {name: one.forest_trusted for name, one in found.items() if name in {"mp1", "mp4", "mp5"}} == {
        "mp1": True,
        "mp4": False,
        "mp5": True,
    }


# --- content ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("BG-009", "BG-007")
@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (HEADQUARTERS, [("P01", "dp1", "LOCAL"), ("S01", "dp2", "REMOTE")]),
        (BRANCH, [("S01", "dp2", "LOCAL"), ("P01", "dp1", "REMOTE")]),
        (NOWHERE, []),
    ],
    ids=["headquarters", "branch", "in no group"],
)
def test_content__a_roaming_client_is_told_of_what_is_near(
    client: Client, facts: NetworkFacts, told: list[tuple[str, str, str]]
) -> None:
    assert sources(client.content(facts)) == told


@pytest.mark.rule("BG-009")
def test_content__is_told_of_where_it_is_and_nowhere_else(client: Client) -> None:
    assert sources(client.content(HEADQUARTERS, IN_BRANCH_ONLY)) == [("S01", "dp2", "REMOTE")]
    assert sources(client.content(HEADQUARTERS, PACKAGE._replace(version=4))) == []
    assert client.content(HEADQUARTERS, PACKAGE._replace(id=ContentId("P0109999"))).sites == ()
    update = ContentReference(ContentId(f"UID:{IN_BRANCH_ONLY.id}"), kind=ContentKind.UPDATE)
    assert sources(client.content(BRANCH, update)) == [("S01", "dp2", "LOCAL")]


@pytest.mark.rule("BG-012")
def test_content__a_distribution_point_in_maintenance_is_not_told_of() -> None:
    described = built_in_description()
    resting = tuple(one._replace(in_maintenance=True) for one in described.servers if one.host.startswith("dp1."))
    with Lab(described._replace(servers=resting)) as lab:
        other = Client(lab)
        assert sources(other.content(HEADQUARTERS)) == [("S01", "dp2", "REMOTE")]
        other.transport.close()


@pytest.mark.rule("BG-042", "CF-043")
def test_content__in_no_group__the_default_group_serves_and_the_list_of_groups_is_empty() -> None:
    described = built_in_description()
    dp1 = HostName("dp1.corp.contoso.test")
    groups = tuple(
        one._replace(servers=(*one.servers, dp1)) if one.default_of is not None else one for one in described.groups
    )
    with Lab(described._replace(groups=groups)) as lab:
        other = Client(lab)
        found = other.content(NOWHERE)
        assert sources(found) == [("P01", "dp1", "FALLBACK")]
        assert found.boundary_groups is not None
        assert found.boundary_groups.groups == ()
        near = other.content(HEADQUARTERS).boundary_groups
        assert near is not None
        assert [(group.id, len(group.guid)) for group in near.groups] == [("1", 36)]
        other.transport.close()


def test_content__what_a_record_says(client: Client) -> None:
    near, far = (site.records[0] for site in client.content(HEADQUARTERS).sites)
    (url,) = near.urls
    web = client.lab.running.web
    assert url.endpoint == Endpoint(Scheme.HTTP, HostName("dp1.corp.contoso.test"), web.http)
    assert url.path == "/SMS_DP_SMSPKG$/P0100001"
    assert url.signature.endswith("/SMS_DP_SMSSIG$/P0100001.3.tar")
    assert (near.ad_site, near.build, near.dp_type) == ("Headquarters", 9141, "SERVER")
    assert "127.45.0.0" in near.ip_subnets
    assert (near.ssl_state, far.ssl_state) == (0, 63)
    assert (near.forest_trusted, far.urls[0].endpoint.scheme) == (True, Scheme.HTTPS)


def test_content__a_client_that_takes_no_http_is_told_of_https_alone(client: Client) -> None:
    assert sources(client.content(HEADQUARTERS, options=ContentOptions(http=False))) == [("S01", "dp2", "REMOTE")]
    assert sources(client.content(HEADQUARTERS, options=ContentOptions(internet=True))) == []


def test_client_package__by_its_own_question(client: Client) -> None:
    found = client.messenger.fetch_client_package(client.mp, HEADQUARTERS, client.deadline, assigned_site=P01)
    assert found.client_package is not None
    assert (found.client_package.id, found.client_package.version) == ("P0100002", "1")
    assert sources(found) == [("P01", "dp1", "LOCAL")]


def test_subnet__counts_by_the_id_that_the_request_says(client: Client) -> None:
    """The branch is a subnet boundary: the address alone is in none."""
    without = BRANCH._replace(adapters=(Adapter("lab0", addresses=(parse_address("127.45.20.42/16"),)),), ad_site=None)
    assert sources(client.content(without)) == []
    within = BRANCH._replace(ad_site=None)
    assert sources(client.content(within))[0] == ("S01", "dp2", "LOCAL")


def test_vpn__counts_by_the_connection_that_the_request_says() -> None:
    with Lab(parse_description(VPN_LAB)) as lab:
        other = Client(lab)
        adapter = Adapter("Company VPN", if_type=131, has_hardware_address=False)
        on_vpn = client_at("127.99.0.1/24", None)._replace(adapters=(adapter, *NOWHERE.adapters))
        content = ContentReference(ContentId("P0100001"))
        assert sources(other.content(on_vpn, content)) == [("P01", "dp1", "LOCAL")]
        assert sources(other.content(NOWHERE, content)) == []
        other.transport.close()


VPN_LAB = """
[client]
host = "pc1.corp.contoso.test"
domain = "corp.contoso.test"
address = "127.45.10.42/24"
[dns]
host = "dns1.corp.contoso.test"
[[forests]]
name = "corp.contoso.test"
controller = "dc1.corp.contoso.test"
[[sites]]
code = "P01"
kind = "primary"
forest = "corp.contoso.test"
[[management_points]]
host = "mp1.corp.contoso.test"
site = "P01"
[[distribution_points]]
host = "dp1.corp.contoso.test"
site = "P01"
[[content]]
id = "P0100001"
servers = ["dp1.corp.contoso.test"]
[[boundaries]]
name = "vpn"
type = "vpn"
value = "Name:Company VPN"
[[boundary_groups]]
name = "vpn"
boundaries = ["vpn"]
servers = ["dp1.corp.contoso.test"]
"""


# --- software update points ---------------------------------------------------------------------------------------


def update_points(client: Client, facts: NetworkFacts, source: str | None = None) -> list[str]:
    assert client.lab.description.update_source is not None
    known, version = client.lab.description.update_source
    found = client.messenger.fetch_wsus_locations(
        client.mp,
        facts,
        client.deadline,
        content=ContentId(source) if source else known,
        version=version,
        assigned_site=P01,
    )
    return [one.endpoint.url(one.path) for one in found.locations]


@pytest.mark.rule("SU-008", "SU-018")
def test_update_points__of_the_groups_that_hold_the_client(client: Client) -> None:
    assert update_points(client, HEADQUARTERS) == ["http://sup1.corp.contoso.test:8530"]
    assert update_points(client, BRANCH) == ["https://sup2.corp.contoso.test:8531"]
    assert update_points(client, NOWHERE) == []
    assert update_points(client, HEADQUARTERS, "{ContentID}") == []


def test_update_points__where_the_own_group_has_none__those_it_leads_to() -> None:
    described = built_in_description()
    sup1 = HostName("sup1.corp.contoso.test")
    groups = tuple(one._replace(servers=tuple(s for s in one.servers if s != sup1)) for one in described.groups)
    with Lab(described._replace(groups=groups)) as lab:
        other = Client(lab)
        assert update_points(other, HEADQUARTERS) == ["https://sup2.corp.contoso.test:8531"]
        other.transport.close()


@pytest.mark.rule("NET-024")
def test_update_points__on_the_internet__those_that_face_it_when_there_is_one() -> None:
    described = built_in_description()
    on_internet = HEADQUARTERS._replace(network_location=NetworkLocation.INTERNET)
    facing = tuple(one._replace(audience=Audience.BOTH) for one in described.update_points[1:])
    for points, told in ((described.update_points, "sup1"), ((described.update_points[0], *facing), "sup2")):
        with Lab(described._replace(update_points=points)) as lab:
            other = Client(lab)
            (address,) = update_points(other, on_internet)
            assert f"{told}." in address
            other.transport.close()


# --- what goes wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("http-500", HttpStatusError),
        ("malformed", MalformedReplyError),
        ("truncated", TransportError),
        ("oversized", ReplyTooLargeError),
        ("slow:2", TransportTimeoutError),
        ("silent", TransportTimeoutError),
        ("lying", MalformedReplyError),
        ("html", MalformedReplyError),
        ("redirect", RedirectRefusedError),
    ],
)
def test_fault__gives_a_typed_error(client: Client, kind: str, error: type[CmClientError]) -> None:
    hurried = Client(client.lab, patience=1.0)
    client.lab.set_fault("mp", "mp1", kind)
    try:
        with pytest.raises(error) as caught:
            hurried.content(HEADQUARTERS)
        assert kind != "lying" or "FA15" in caught.value.message
    finally:
        client.lab.set_fault("mp", "mp1", None)
        hurried.transport.close()
    assert sources(client.content(HEADQUARTERS))


def test_message_that_is_no_location_request__is_refused_as_real_ones_refuse(client: Client) -> None:
    for body in ("<RegistrationRequest/>", "<ContentLocationRequest"):
        with pytest.raises(NoAnswerError):
            client.messenger.send(client.mp, body, bytes, client.deadline)
    request = HttpRequest(client.mp, MESSAGE_PATH, "CCM_POST", {}, b"no parts")
    assert client.transport.send(request, client.deadline).body == b""
    for method, status in (("GET", 405), ("POST", 405)):
        assert client.transport.send(request._replace(method=method), client.deadline).status == status


def test_message_to_another_endpoint__is_refused(client: Client) -> None:
    """Policy and registration are no business of a lab."""
    message = Message(
        id=MessageId(str(uuid4())),
        sent=client.clock.now(),
        source_host="PC042",
        target_host=client.mp.host,
        body=build_site_information_request(P01),
        target_endpoint="MP_PolicyManager",
    )
    assert client.transport.send(message_request(client.mp, message), client.deadline).body == b""
    located = message._replace(target_endpoint="mp_locationmanager")
    assert client.transport.send(message_request(client.mp, located), client.deadline).body != b""


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda c: c.content(HEADQUARTERS), "ContentLocationRequest"),
        (lambda c: c.messenger.fetch_site_information(c.mp, P01, c.deadline), "SiteInformationRequest"),
        (lambda c: update_points(c, BRANCH), "WSUSLocationRequest"),
    ],
    ids=["content", "site", "update points"],
)
def test_journal__says_what_was_asked(client: Client, ask: Callable[[Client], object], kind: str) -> None:
    client.lab.journal.clear()
    ask(client)
    entries = client.lab.journal.entries(role=Role.MP)
    assert [entry.what for entry in entries] == ["CCM_POST /ccm_system/request", kind]
    assert {ip_address(entry.client) for entry in entries} == {ip_address("127.45.10.42")}
