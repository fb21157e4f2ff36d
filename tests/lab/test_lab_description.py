"""Labs described in TOML: what is read, and that every fault is told with its place."""

import pytest

from cmclient.errors import LabError
from cmclient.lab import Fault, FaultKind, Hierarchy, Lab, Role, built_in_description, parse_description, parse_fault
from cmclient.model.endpoints import Access, Audience, Protocols, SiteKind
from cmclient.model.facts import InterfaceAddress, Membership
from cmclient.model.groups import FallbackTimes, GroupOptions, Relationship, SiteServer
from cmclient.model.groups import Role as GroupRole
from cmclient.model.names import HostName, SiteCode

SMALL = """
[client]
host = "pc.a.test"
domain = "a.test"
address = "127.46.1.9/24"

[dns]
host = "dns.a.test"

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
"""


def fault_text(toml: str) -> str:
    with pytest.raises(LabError) as caught:
        parse_description(toml)
    return str(caught.value)


def test_the_built_in_lab_has_what_its_users_count_on() -> None:
    lab = built_in_description()
    assert [forest.name for forest in lab.forests] == ["corp.contoso.test", "partner.test", "outside.test"]
    assert lab.forests[0].trusts == ("partner.test",)
    assert [(site.code, site.kind) for site in lab.sites] == [("P01", SiteKind.PRIMARY), ("S01", SiteKind.SECONDARY)]
    mps = {system.host.partition(".")[0]: system for system in lab.systems_of(Role.MP)}
    assert mps["mp1"].protocols is Protocols.HTTP
    assert mps["mp2"].protocols is Protocols.HTTPS
    assert mps["mp4"].host.endswith(".outside.test")
    assert lab.site(mps["mp-s01"].site).parent == "P01"
    assert len(lab.systems_of(Role.DP)) == 3
    assert len(lab.systems_of(Role.FSP)) == 1
    assert lab.faults == (Fault(Role.MP, FaultKind.REFUSE, "mp3"),)


def test_what_is_left_out_takes_its_default() -> None:
    lab = parse_description(SMALL)
    assert lab.client.membership is Membership.DOMAIN
    assert lab.client.address == InterfaceAddress("127.46.1.9", 24)
    assert lab.client.site_code is None
    assert not lab.preferred_mps
    assert lab.groups == ()
    (mp,) = lab.systems_of(Role.MP)
    assert (mp.protocols, mp.published) == (Protocols.HTTP, True)


def test_servers_without_an_address_get_different_ones() -> None:
    given = SMALL.replace('host = "dns.a.test"', 'host = "dns.a.test"\naddress = "127.45.0.1"')
    addresses = parse_description(given).addresses
    assert set(addresses) == {"dns.a.test", "dc.a.test", "mp.a.test"}
    assert len(set(addresses.values())) == 3
    assert addresses["dns.a.test"] == "127.45.0.1"


def test_a_client_without_a_domain_is_in_a_workgroup() -> None:
    assert parse_description(SMALL.replace('domain = "a.test"', "")).client.membership is Membership.WORKGROUP


def test_a_server_with_two_roles_is_one_server() -> None:
    lab = parse_description(SMALL + '[[distribution_points]]\nhost = "mp.a.test"\nsite = "ABC"\n')
    assert lab.servers_of(Role.MP) == lab.servers_of(Role.DP) == ("mp.a.test",)


def test_every_fault_is_told_at_once_with_its_place() -> None:
    text = fault_text(
        SMALL.replace('site = "ABC"', 'site = "XYZ"\nprotocols = "ftp"\nprotocol = "http"')
        .replace('code = "ABC"', 'code = "ABCD"')
        .replace("127.46.1.9/24", "10.0.0.9/24")
    )
    assert "client.address is wrong: '10.0.0.9' is not a loopback address" in text
    assert "sites[0].code is wrong: 'ABCD' is not a site code" in text
    assert "management_points[0].protocols is 'ftp' and should be one of http, https, both" in text
    assert "management_points[0].protocol is not known here; did you mean 'protocols'?" in text
    assert "management_points[0].site names the unknown site 'XYZ'" in text
    assert "has 5 faults" in text


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param(('domain = "a.test"', 'domain = "b.test"'), "client.domain names the unknown forest", id="forest"),
        pytest.param(("127.46.1.9/24", "127.46.1.9"), "client.address is wrong", id="no prefix"),
        pytest.param(('"dc.a.test"', '"dc.b.test"'), "which lies in no forest of the lab", id="outside every forest"),
        pytest.param(('"primary"', '"secondary"'), "sites[0].parent is missing", id="no parent"),
        pytest.param(('"primary"', '"unknown"'), "should be one of primary, secondary", id="a lab knows"),
        pytest.param(('kind = "primary"', ""), "sites[0].kind is missing", id="no kind"),
        pytest.param(('site = "ABC"', 'site = "ABC"\npublished = 1'), "published is not true or false", id="flag"),
        pytest.param(
            ('site = "ABC"', 'site = "ABC"\nwithheld = ["name"]'), "it is one of mSSMSSiteCode", id="attribute"
        ),
        pytest.param(
            ('site = "ABC"', 'site = "ABC"\naddress = "127.46.1.9"'),
            "to the client and to mp.a.test",
            id="address taken",
        ),
        pytest.param(('host = "dns.a.test"', "host = 7"), "dns.host is not text", id="text"),
        pytest.param(("[client]", 'faults = ["mp:mp9=refuse"]\n[client]'), "no server of role mp", id="fault's server"),
        pytest.param(
            ("[client]", 'faults = ["mp=explode"]\n[client]'), "faults is wrong: 'explode'", id="fault's kind"
        ),
        pytest.param(("[client]", "sites = 3\n[client]"), "is no TOML", id="not TOML: key twice"),
    ],
)
def test_one_fault_is_told_by_its_place(change: tuple[str, str], fault: str) -> None:
    assert fault in fault_text(SMALL.replace(*change))


GROUPS = """
[[boundaries]]
name = "one"
type = "ip-range"
value = "127.46.1.1-127.46.1.9"

[[boundary_groups]]
name = "G"
boundaries = ["one"]
servers = ["mp.a.test"]
neighbours = [{ group = "N" }]

[[boundary_groups]]
name = "N"
"""


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param(("127.46.1.1-127.46.1.9", "127.46.1.9-127.46.1.1"), "boundaries[0].value", id="turned"),
        pytest.param(("127.46.1.1-127.46.1.9", "127.46.1.1"), "boundaries[0].value", id="no range"),
        pytest.param(('"ip-range"', '"subnet"'), "boundaries[0].value", id="range as subnet"),
        pytest.param(('"ip-range"', '"ip-rang"'), "boundaries[0].type", id="no type"),
        pytest.param(
            ('"ip-range"\nvalue = "127.46.1.1-127.46.1.9"', '"ad-site"\nvalue = "Nowhere"'),
            "boundaries[0].value names the unknown AD site 'Nowhere'",
            id="AD site",
        ),
        pytest.param(('["one"]', '["two"]'), "boundary_groups[0].boundaries names the unknown boundary", id="boundary"),
        pytest.param(
            ('["mp.a.test"]', '["dc.a.test"]'), "boundary_groups[0].servers names the unknown server", id="server"
        ),
        pytest.param(('group = "N"', 'group = "M"'), "neighbours[0].group names the unknown", id="neighbour"),
        pytest.param(('group = "N"', 'group = "G"'), "neighbours[0].group", id="its own neighbour"),
        pytest.param(
            ('name = "G"', 'name = "G"\ndefault_of = "ABC"'), "cannot be given for a default group", id="default"
        ),
        pytest.param(('name = "G"', 'name = "G"\nnever_fallback = ["mp"]'), "never_fallback stands at a", id="never"),
        pytest.param(('name = "G"', 'name = "G"\ndp = 10'), "boundary_groups[0].dp stands at a", id="times"),
        pytest.param(
            ('name = "G"', 'name = "G"\nassigned_site = "XYZ"'),
            "boundary_groups[0].assigned_site names the unknown primary site 'XYZ'",
            id="assigned site",
        ),
        pytest.param(
            ('name = "N"', 'name = "N"\ndefault_of = "XYZ"'),
            "boundary_groups[1].default_of names the unknown primary site 'XYZ'",
            id="default of a site that is not there",
        ),
    ],
)
def test_a_fault_of_boundaries_is_told_by_its_place(change: tuple[str, str], fault: str) -> None:
    parse_description(SMALL + GROUPS)
    assert fault in fault_text(SMALL + GROUPS.replace(*change))


def test_the_fallback_site_is_a_primary_one_of_the_lab() -> None:
    assert parse_description('fallback_site = "ABC"\n' + SMALL).data.fallback_site == "ABC"
    assert "fallback_site names the unknown primary site 'XYZ'" in fault_text('fallback_site = "XYZ"\n' + SMALL)


EVERY_KIND = """
[[boundaries]]
name = "range"
type = "ip-range"
value = "127.46.1.9-127.46.1.9"

[[boundaries]]
name = "subnet"
type = "subnet"
value = "127.46.1.0"

[[boundaries]]
name = "site"
type = "ad-site"
value = "Here"

[[boundaries]]
name = "prefix"
type = "ipv6-prefix"
value = "2001:db8:1:2"

[[boundaries]]
name = "vpn"
type = "vpn"
value = "Name:corp"
starts_with = true

[[boundaries]]
name = "pptp"
type = "vpn"
value = "Auto:On"
"""


@pytest.mark.parametrize(
    ("boundary", "change"),
    [
        ("range", ("127.46.1.9/24", "127.46.1.8/24")),
        ("subnet", ("127.46.1.9/24", "127.46.1.9/16")),
        ("site", ("127.46.0.0/16", "127.47.0.0/16")),
        ("prefix", ("2001:db8:1:2::9", "2001:db8:1:3::9")),
        ("vpn", ("Corp VPN", "Home VPN")),
        ("pptp", ("WAN (PPTP)", "WAN")),
    ],
)
def test_boundaries_of_every_kind_hold_the_client_or_not(boundary: str, change: tuple[str, str]) -> None:
    client = (
        'connection = "Corp VPN"\nconnection_description = "WAN (PPTP)"\nother_addresses = ["2001:db8:1:2::9/64"]\n'
    )
    site = '\nad_sites = [{ name = "Here", subnets = ["127.46.0.0/16"] }]'
    given = SMALL.replace("[dns]", f"{client}[dns]").replace('name = "a.test"\ncont', f'name = "a.test"{site}\ncont')
    group = f'[[boundary_groups]]\nname = "G"\nboundaries = ["{boundary}"]\n'

    def held(text: str) -> bool:
        hierarchy = Hierarchy(parse_description(text + EVERY_KIND + group))
        return bool(hierarchy.current_groups(hierarchy.locate(hierarchy.client_facts().addresses[0].address)))

    assert held(given)
    assert not held(given.replace(*change))


def test_options_and_times_of_groups_are_read() -> None:
    more = """allow_peers = false
peers_in_subnet_only = true
prefer_dps_over_peers = true
prefer_cloud = true
"""
    cloud = "include_cloud_mps = true\nprefer_cloud_mps = true\n"
    default = f'[[boundary_groups]]\nname = "D"\ndefault_of = "ABC"\nsup = 5\n{cloud}'
    times = '{ group = "N", dp = 10, never = ["sup"] }'
    groups = GROUPS.replace('name = "G"\n', f'name = "G"\n{more}').replace('{ group = "N" }', times) + default
    first, _, last = parse_description(SMALL + groups).data.groups
    assert first.options == GroupOptions(
        allow_peers=False, peers_in_subnet_only=True, prefer_dps_over_peers=True, prefer_cloud=True
    )
    assert first.relationships == (Relationship("N", FallbackTimes(dp=10, sup=None)),)
    assert (last.default_of, last.default_times) == ("ABC", FallbackTimes(sup=5))
    assert (last.options.include_cloud_mps, last.options.prefer_cloud_mps) == (True, True)


def test_servers_that_do_not_run_can_be_in_groups() -> None:
    servers = """
[[distribution_points]]
host = "mp.a.test"
site = "ABC"

[[servers]]
host = "mp.a.test"
roles = ["smp"]
maintenance = true

[[servers]]
host = "sup.a.test"
roles = ["sup"]
"""
    groups = GROUPS.replace('["mp.a.test"]', '["mp.a.test", "sup.a.test"]')
    lab = parse_description(SMALL + groups + servers)
    both, sup = lab.data.servers
    assert both == SiteServer(
        HostName("mp.a.test"),
        frozenset({GroupRole.MANAGEMENT_POINT, GroupRole.DISTRIBUTION_POINT, GroupRole.STATE_MIGRATION_POINT}),
        in_maintenance=True,
        site=SiteCode("ABC"),
        access=Access(Protocols.HTTP, Audience.INTRANET, devices=False, replica=False),
    )
    assert (sup.host, sup.roles) == ("sup.a.test", {GroupRole.SOFTWARE_UPDATE_POINT})
    assert "sup.a.test" not in lab.addresses
    assert "not run   sup.a.test, sup" in Lab(lab).describe()
    wrong = servers.replace('["sup"]', '["sup", "mp"]')
    assert "servers[1].host names the unknown management point 'sup.a.test'" in fault_text(SMALL + groups + wrong)


CENTRAL = '[[sites]]\ncode = "CAS"\nkind = "central"\nforest = "a.test"\n'


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        (CENTRAL + 'parent = "ABC"\n', "sites[1].parent is for secondary sites only"),
        (CENTRAL + CENTRAL.replace("CAS", "CAT"), "sites has more than one central administration site"),
        (
            CENTRAL + '[[management_points]]\nhost = "m2.a.test"\nsite = "CAS"\n',
            "gives the central administration site CAS servers",
        ),
        (
            CENTRAL + '[[boundary_groups]]\nname = "G"\nassigned_site = "CAS"\n',
            "assigned_site names the unknown primary site 'CAS'",
        ),
        ('fallback_site = "CAS"\n', "fallback_site names the unknown primary site 'CAS'"),
    ],
)
def test_a_central_site_has_no_servers_and_no_clients(more: str, fault: str) -> None:
    if more.startswith("fallback_site"):
        assert fault in fault_text(more + SMALL + CENTRAL)
        return
    parse_description(SMALL + CENTRAL)
    assert fault in fault_text(SMALL + more)


def test_a_secondary_site_has_at_most_one_management_point() -> None:
    site = '[[sites]]\ncode = "SEC"\nkind = "secondary"\nparent = "ABC"\nforest = "a.test"\n'
    one = '[[management_points]]\nhost = "s1.a.test"\nsite = "SEC"\n'
    parse_description(SMALL + site + one)
    assert "the secondary site SEC more than one" in fault_text(SMALL + site + one + one.replace("s1", "s2"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("mp=refuse", Fault(Role.MP, FaultKind.REFUSE)),
        ("mp:mp1=slow:3", Fault(Role.MP, FaultKind.SLOW, "mp1", 3.0)),
        ("mp:mp1=slow", Fault(Role.MP, FaultKind.SLOW, "mp1", 2.0)),
        ("dp=reset:10", Fault(Role.DP, FaultKind.RESET, None, 10.0)),
        ("dp=http-404", Fault(Role.DP, FaultKind.HTTP_404)),
        ("fsp=404", Fault(Role.FSP, FaultKind.HTTP_404)),
        ("ad=hang-after-bind", Fault(Role.AD, FaultKind.HANG_AFTER_BIND)),
        (" DNS : Dns1 = SERVFAIL ", Fault(Role.DNS, FaultKind.SERVFAIL, "dns1")),
    ],
)
def test_a_fault_is_read_and_written(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault
    assert parse_fault(str(fault)) == fault


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("refuse", "ROLE=KIND"),
        ("sup=refuse", "roles are mp, dp, fsp, enrollment, cmg, ad, dns"),
        ("mp:=refuse", "leave the colon out"),
        ("dns=stale", "faults are refuse, blackhole, silent, slow, malformed, servfail"),
        ("dp=stale", "faults are refuse"),
        ("mp=410", "http-404"),
        ("mp=refuse:1", "write refuse alone"),
        ("mp=slow:soon", "slow:NUMBER"),
        ("mp=slow:nan", "slow:NUMBER"),
        ("mp=reset:1.5", "reset:NUMBER"),
        ("mp=slow:-1", "slow:NUMBER"),
    ],
)
def test_a_fault_that_is_none_is_refused_with_the_valid_ones(text: str, hint: str) -> None:
    with pytest.raises(LabError) as caught:
        parse_fault(text)
    assert hint in caught.value.hint


def test_a_lab_refuses_faults_for_servers_that_it_does_not_have() -> None:
    with pytest.raises(LabError, match="no server of role mp named 'mp9'") as caught:
        Lab(faults=[parse_fault("mp:mp9=refuse")])
    assert "mp1.corp.contoso.test" in caught.value.hint


def test_a_server_without_a_certificate_cannot_show_a_wrong_one() -> None:
    Lab(faults=[parse_fault("mp:mp2=wrong-certificate")])
    with pytest.raises(LabError, match="plain HTTP only"):
        Lab(faults=[parse_fault("mp:mp1=wrong-certificate")])


def test_a_lab_is_described_without_being_started() -> None:
    text = Lab().describe()
    assert "mp3.corp.contoso.test" in text
    assert "[refuse]" in text
    assert "boundary groups: Headquarters" in text
    assert "in the default group, not published" in text
