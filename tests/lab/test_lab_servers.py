"""The running lab, asked by clients that are not ours: requests, dnspython, ldap3, plain sockets."""

import io
import socket
import ssl
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import ldap3
import pytest
import requests
import trustme
from ldap3.core.exceptions import LDAPSocketOpenError, LDAPSocketReceiveError
from requests.adapters import HTTPAdapter

from cmclient.config import load_config
from cmclient.errors import LabError
from cmclient.lab import Lab, Role, built_in_description
from cmclient.model.decision import Origin, SourceKind
from cmclient.model.directory import DirectoryEntry
from cmclient.model.facts import DomainController
from cmclient.model.http import MESSAGE_CAP
from cmclient.model.names import DnsDomain
from cmclient.model.secret import Secret
from cmclient.protocol.directory import read_management_points, read_ranges, read_sites, read_trusted_forests
from cmclient.protocol.mplist import parse_mp_list
from cmclient.protocol.netlogon import build_netlogon_ping, parse_netlogon_reply

pytestmark = pytest.mark.filterwarnings("ignore:ssl.match_hostname:DeprecationWarning")  # ldap3 2.9 on Python 3.11

MPLIST = "/SMS_MP/.sms_aut?MPLIST"
CONTAINER = "CN=System Management,CN=System,DC=corp,DC=contoso,DC=test"
START_TLS = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
ORIGIN = Origin(SourceKind.MP_LIST, "lab")
HEADQUARTERS, BRANCH = "127.45.10.42", "127.45.20.42"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as started:
        yield started


@contextmanager
def fault(lab: Lab, role: str, name: str | None, kind: str) -> Iterator[None]:
    lab.set_fault(role, name, kind)
    try:
        yield
    finally:
        lab.set_fault(role, name, None)


# --- clients ----------------------------------------------------------------------------------------------------------


class Named(HTTPAdapter):
    """Connects to an address from an address, and checks the certificate for a name."""

    def __init__(self, host: str, source: str) -> None:
        self._host, self._source = host, source
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        kwargs["source_address"] = (self._source, 0)
        super().init_poolmanager(*args, **kwargs)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] == "https":
            pool |= {"server_hostname": self._host, "assert_hostname": self._host}
        return host, pool


def ask(
    lab: Lab,
    name: str,
    path: str = MPLIST,
    *,
    tls: bool = False,
    cert: str = "client",
    source: str = HEADQUARTERS,
    method: str = "GET",
    data: bytes | None = None,
    timeout: float = 5.0,
) -> requests.Response:
    host = next(one for one in lab.description.addresses if one.partition(".")[0] == name)
    address = lab.description.addresses[host]
    base = f"https://{address}:{lab.running.web.https}" if tls else f"http://{address}:{lab.running.web.http}"
    running = lab.running
    pairs = {"client": running.client, "expired": running.expired_client, "revoked": running.revoked_client}
    pair = pairs.get(cert)
    with requests.Session() as session:
        session.trust_env = False
        session.mount(base, Named(host, source))
        return session.request(
            method,
            base + path,
            verify=lab.running.ca_file,
            cert=(str(pair.certificate), str(pair.key)) if pair else None,
            data=data,
            timeout=timeout,
            allow_redirects=False,
        )


def listed(reply: requests.Response) -> list[str]:
    found = parse_mp_list(reply.content, origin=ORIGIN)
    assert not found.unreadable
    return [candidate.mp.host.partition(".")[0] for candidate in found.candidates]


def connect(lab: Lab, name: str, port: int) -> socket.socket:
    host = next(one for one in lab.description.addresses if one.partition(".")[0] == name)
    return socket.create_connection((lab.description.addresses[host], port), timeout=5.0)


def read_to_end(connection: socket.socket) -> bytes:
    received = io.BytesIO()
    while piece := connection.recv(65_536):
        received.write(piece)
    return received.getvalue()


def resolver(lab: Lab, *, lifetime: float = 3.0) -> dns.resolver.Resolver:
    made = dns.resolver.Resolver(configure=False)
    made.nameservers, made.port = [lab.running.dns[0]], lab.running.dns[1]
    made.lifetime, made.cache = lifetime, None
    return made


@contextmanager
def directory(
    lab: Lab,
    forest: int = 0,
    *,
    port: str = "ldap",
    tls: bool = True,
    user: str | None = None,
    password: str | None = None,
    timeout: int = 5,
) -> Iterator[ldap3.Connection]:
    """A connection to a domain controller, bound when it could be; closed at the end, which ldap3 forgets."""
    described = lab.description.forests[forest]
    implicit = port in {"ldaps", "catalog_tls"}
    trust = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=lab.running.ca_file, valid_names=[described.controller])
    server = ldap3.Server(
        lab.description.addresses[described.controller],
        port=getattr(lab.running.directory, port),
        use_ssl=implicit,
        tls=trust,
        get_info=ldap3.NONE,
        connect_timeout=timeout,
    )
    login = lab.running.login
    user = login.principal if user is None else user
    connection = ldap3.Connection(
        server,
        user=user or None,
        password=(login.password.reveal() if password is None else password) if user else None,
        receive_timeout=timeout,
        auto_referrals=False,
    )
    try:
        if tls and not implicit:
            connection.start_tls()
        connection.bind()
        yield connection
    finally:
        if connection.socket is not None:
            connection.socket.close()


def ping(lab: Lab, forest: int, source: str, domain: str, *, timeout: float = 3.0) -> DomainController | None:
    controller = lab.description.addresses[lab.description.forests[forest].controller]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.bind((source, 0))
        asker.settimeout(timeout)
        asker.connect((controller, lab.running.directory.ldap))
        asker.send(build_netlogon_ping(DnsDomain(domain), 7))
        return parse_netlogon_reply(asker.recv(65_535), address=controller)


# --- management points ------------------------------------------------------------------------------------------------


@pytest.mark.rule("ML-031")
def test_mplist_is_sorted_for_the_place_of_a_client_that_is_registered(lab: Lab) -> None:
    assert listed(ask(lab, "mp1")) == ["mp1", "mp2", "mp3", "mp-s01", "mp4", "mp5"]


@pytest.mark.rule("ML-029")
def test_mplist_is_in_no_order_for_a_client_that_is_not_registered() -> None:
    described = built_in_description()
    stranger = described.client._replace(registered=False, address=described.client.address._replace(address=BRANCH))
    with Lab(described._replace(client=stranger)) as other:
        in_order = [host.partition(".")[0] for host in described.servers_of(Role.MP)]
        assert listed(ask(other, "mp1", source=BRANCH)) == in_order


@pytest.mark.rule("ML-014")
def test_every_management_point_that_answers_tells_of_all(lab: Lab) -> None:
    everyone = {"mp1", "mp2", "mp3", "mp4", "mp5", "mp-s01"}
    for name, tls in (("mp1", False), ("mp2", True), ("mp4", False), ("mp5", True), ("mp-s01", False)):
        assert set(listed(ask(lab, name, tls=tls))) == everyone


def test_mplist1_has_the_site_code_and_only_the_sites_own(lab: Lab) -> None:
    found = parse_mp_list(ask(lab, "mp1", "/sms_mp/.SMS_AUT?mplist1&p01").content, origin=ORIGIN)
    assert {candidate.mp.site_code for candidate in found.candidates} == {"P01"}
    assert "mp-s01.corp.contoso.test" not in {candidate.mp.host for candidate in found.candidates}


@pytest.mark.parametrize("query", ["MPLIST1&CAS", "MPLIST1&S01", "MPLIST1", "MPLIST1&nonsense", "NONSENSE"])
def test_a_list_that_there_is_not_is_a_server_error_with_a_page(lab: Lab, query: str) -> None:
    reply = ask(lab, "mp1", f"/SMS_MP/.sms_aut?{query}")
    assert reply.status_code == 500
    assert "<title>500" in reply.text


@pytest.mark.rule("NET-014")
def test_mplist2_has_the_internets_management_points_only(lab: Lab) -> None:
    assert listed(ask(lab, "mp1", "/SMS_MP/.sms_aut?MPLIST2")) == ["mp2", "gw1"]
    assert "mp2" in listed(ask(lab, "mp1"))


def test_https_wants_a_client_certificate(lab: Lab) -> None:
    assert ask(lab, "mp2", tls=True, cert="none").status_code == 403
    assert ask(lab, "mp2", tls=True).status_code == 200
    assert not lab.journal.entries("GET", server="mp2", protocol="HTTP")


@pytest.mark.parametrize("cert", ["expired", pytest.param("revoked", marks=pytest.mark.rule("TR-036"))])
def test_a_client_certificate_that_does_not_count_is_refused_in_the_handshake(lab: Lab, cert: str) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        ask(lab, "mp2", tls=True, cert=cert)
    assert lab.journal.wait_for(cert, server="mp2", protocol="TLS")


@pytest.mark.rule("TR-024")
def test_a_client_certificate_of_another_authority_is_refused_in_the_handshake(lab: Lab, tmp_path: Path) -> None:
    pair = trustme.CA().issue_cert("pc042.corp.contoso.test")
    pair.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "other.pem"))
    context = ssl.create_default_context(cafile=lab.running.ca_file)
    context.load_cert_chain(tmp_path / "other.pem")
    host = next(one for one in lab.description.addresses if one.startswith("mp2."))
    address = (lab.description.addresses[host], lab.running.web.https)
    with (
        socket.create_connection(address, 5) as plain,
        pytest.raises(OSError, match=r"(?i)unknown ca|reset|eof"),
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        secure.recv(1)
    assert lab.journal.wait_for("certificate verify failed", server="mp2", protocol="TLS")


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("mp1", "/CCM_System_WindowsAuth/request", 401),
        ("mp1", "/elsewhere", 404),
        ("mp1", "/SMS_DP_SMSPKG$", 404),
        ("dp1", MPLIST, 404),
        ("dp1", "/SMS_DP_SMSPKG$/", 200),
        ("dp1", "/sms_dp_smspkg$/P0100001", 200),
        ("dp1", "/sms_dp_smspkg$/P0100099", 404),
        ("fsp1", "/SMS_FSP/.sms_fsp", 405),
    ],
)
def test_a_host_answers_for_its_own_role(lab: Lab, name: str, path: str, status: int) -> None:
    assert ask(lab, name, path).status_code == status


def test_a_server_with_two_roles_answers_for_both() -> None:
    described = built_in_description()
    dp = described.systems_of(Role.DP)[0]._replace(host=described.servers_of(Role.MP)[0])
    with Lab(described._replace(systems=(*described.systems, dp))) as other:
        assert ask(other, "mp1").status_code == 200
        assert ask(other, "mp1", "/SMS_DP_SMSPKG$").status_code == 200
        with fault(other, "dp", "mp1", "503"):
            assert ask(other, "mp1").status_code == 200
            assert ask(other, "mp1", "/SMS_DP_SMSPKG$").status_code == 503


def test_a_connection_serves_several_requests(lab: Lab) -> None:
    address = lab.description.addresses[lab.description.systems[0].host]
    with closing(HTTPConnection(address, lab.running.web.http, timeout=5)) as connection:
        ends = set()
        for _ in range(3):
            connection.request("GET", MPLIST)
            reply = connection.getresponse()
            assert reply.status == 200
            assert reply.read().endswith(b"</MPList>")
            ends.add(connection.sock.getsockname())
    assert len(ends) == 1


@pytest.mark.parametrize("headers", ["Content-Length: 9999999999", "Content-Length: -1", "Transfer-Encoding: chunked"])
def test_a_body_that_cannot_be_taken_is_refused(lab: Lab, headers: str) -> None:
    with closing(connect(lab, "fsp1", lab.running.web.http)) as connection:
        connection.sendall(f"POST /SMS_FSP/.sms_fsp HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode())
        assert read_to_end(connection).split()[1] in {b"411", b"413"}


# --- faults of web servers --------------------------------------------------------------------------------------------


def test_the_dead_management_point_refuses(lab: Lab) -> None:
    with pytest.raises(ConnectionRefusedError):
        connect(lab, "mp3", lab.running.web.http)


def test_a_fault_comes_and_goes_while_the_lab_runs(lab: Lab) -> None:
    for _ in range(2):
        assert ask(lab, "mp1").status_code == 200
        with fault(lab, "mp", "mp1", "refuse"), pytest.raises(ConnectionRefusedError):
            connect(lab, "mp1", lab.running.web.http)
    assert ask(lab, "mp1").status_code == 200


def test_a_fault_is_for_every_server_of_a_role_or_for_one(lab: Lab) -> None:
    with fault(lab, "mp", None, "500"):
        assert [ask(lab, name).status_code for name in ("mp1", "mp4", "dp1")] == [500, 500, 404]
    lab.set_fault("mp", "mp3", "refuse")  # as it was
    with fault(lab, "mp", "mp4.outside.test", "500"):
        assert [ask(lab, name).status_code for name in ("mp1", "mp4")] == [200, 500]


@pytest.mark.skipif("sys.platform != 'linux'", reason="elsewhere a blackhole is only silent")
def test_blackhole_makes_no_connection(lab: Lab) -> None:
    with fault(lab, "mp", "mp1", "blackhole"), pytest.raises(requests.exceptions.ConnectTimeout):
        ask(lab, "mp1", timeout=0.3)
    assert ask(lab, "mp1").status_code == 200


def test_silent_takes_the_request_and_says_nothing(lab: Lab) -> None:
    lab.journal.clear()
    with fault(lab, "mp", "mp1", "silent"), pytest.raises(requests.exceptions.ReadTimeout):
        ask(lab, "mp1", timeout=0.3)
    assert lab.journal.entries(f"GET {MPLIST}", server="mp1")


def test_slow_answers_late(lab: Lab) -> None:
    with fault(lab, "mp", "mp1", "slow:0.4"):
        begun = time.monotonic()
        assert listed(ask(lab, "mp1"))
        assert time.monotonic() - begun >= 0.4
        with pytest.raises(requests.exceptions.ReadTimeout):
            ask(lab, "mp1", timeout=0.1)


@pytest.mark.parametrize("count", [0, 40])
def test_reset_breaks_the_answer_after_so_many_bytes(lab: Lab, count: int) -> None:
    with fault(lab, "mp", "mp1", f"reset:{count}"), closing(connect(lab, "mp1", lab.running.web.http)) as connection:
        connection.sendall(f"GET {MPLIST} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            read_to_end(connection)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("wrong-certificate", ("Hostname mismatch", "doesn't match")),
        ("expired-certificate", ("certificate has expired",)),
    ],
)
def test_a_certificate_can_be_wrong(lab: Lab, kind: str, words: tuple[str, ...]) -> None:
    with fault(lab, "mp", "mp2", kind), pytest.raises(requests.exceptions.SSLError) as caught:
        ask(lab, "mp2", tls=True)
    assert any(word in str(caught.value) for word in words)
    assert ask(lab, "mp2", tls=True).status_code == 200


@pytest.mark.parametrize("kind", ["http-401", "http-403", "http-404", "http-500", "http-503", "503"])
def test_a_status_can_be_wrong(lab: Lab, kind: str) -> None:
    with fault(lab, "dp", "dp1", kind):
        reply = ask(lab, "dp1", "/SMS_DP_SMSPKG$")
    assert str(reply.status_code) == kind[-3:]
    assert str(reply.status_code) in reply.text


def test_truncated_ends_before_its_length(lab: Lab) -> None:
    with (
        fault(lab, "mp", "mp1", "truncated"),
        pytest.raises(requests.exceptions.ChunkedEncodingError, match="Incomplete"),
    ):
        ask(lab, "mp1")


def test_oversized_is_more_than_any_client_takes(lab: Lab) -> None:
    with fault(lab, "mp", "mp1", "oversized"):
        reply = ask(lab, "mp1")
    assert len(reply.content) > MESSAGE_CAP
    assert "Content-Length" not in reply.headers


def test_malformed_is_whole_as_http_and_broken_as_xml(lab: Lab) -> None:
    whole = ask(lab, "mp1").content
    with fault(lab, "mp", "mp1", "malformed"):
        reply = ask(lab, "mp1")
    assert reply.status_code == 200
    assert reply.content == whole[: len(whole) // 2]


def test_stale_lacks_some_and_never_the_one_that_was_asked(lab: Lab) -> None:
    with fault(lab, "mp", None, "stale"):
        for name, tls in (("mp1", False), ("mp5", True)):
            old = set(listed(ask(lab, name, tls=tls)))
            assert name in old
            assert old < {"mp1", "mp2", "mp3", "mp4", "mp5", "mp-s01"}
    lab.set_fault("mp", "mp3", "refuse")


def test_lying_names_hosts_that_do_not_exist(lab: Lab) -> None:
    with fault(lab, "mp", "mp1", "lying"):
        found = parse_mp_list(ask(lab, "mp1").content, origin=ORIGIN)
    assert found.candidates
    for candidate in found.candidates:
        with pytest.raises(dns.resolver.NXDOMAIN):
            resolver(lab).resolve(candidate.mp.host, "A")


def test_html_is_a_page_with_status_200(lab: Lab) -> None:
    with fault(lab, "mp", "mp1", "html"):
        reply = ask(lab, "mp1")
    assert (reply.status_code, reply.headers["Content-Type"].partition(";")[0]) == (200, "text/html")
    assert "accept our terms" in reply.text


def test_redirect_points_to_another_host(lab: Lab) -> None:
    with fault(lab, "mp", "mp1", "redirect"):
        reply = ask(lab, "mp1")
    assert (reply.status_code, reply.headers["Location"]) == (302, "http://portal.invalid/login")


def test_faults_that_cannot_be_are_refused_and_change_nothing(lab: Lab) -> None:
    for role, name, kind in (("mp", "mp9", "refuse"), ("mp", "mp1", "explode"), ("sup", None, "refuse")):
        with pytest.raises(LabError):
            lab.set_fault(role, name, kind)
    assert ask(lab, "mp1").status_code == 200


# --- DNS --------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("DN-003", "DN-007", "ML-042")
def test_published_management_points_are_in_dns(lab: Lab) -> None:
    answer = resolver(lab).resolve("_mssms_mp_p01._tcp.corp.contoso.test", "SRV")
    assert answer.rrset is not None
    assert answer.rrset.ttl == 14400
    web = lab.running.web
    found = {record.target.to_text().partition(".")[0]: record.port for record in answer}
    assert found == {"mp1": web.http, "mp2": web.https, "mp3": web.http}
    with pytest.raises(dns.resolver.NXDOMAIN):  # mp5 is there and is not selected
        resolver(lab).resolve("_mssms_mp_p01._tcp.partner.test", "SRV")
    with pytest.raises(dns.resolver.NXDOMAIN):  # a secondary site publishes nothing
        resolver(lab).resolve("_mssms_mp_s01._tcp.corp.contoso.test", "SRV")


@pytest.mark.parametrize(
    ("name", "port"),
    [
        ("_ldap._tcp.dc._msdcs.corp.contoso.test", "ldap"),
        ("_ldap._tcp.Headquarters._sites.dc._msdcs.corp.contoso.test", "ldap"),
        ("_gc._tcp.corp.contoso.test", "catalog"),
    ],
)
def test_domain_controllers_are_in_dns(lab: Lab, name: str, port: str) -> None:
    (record,) = resolver(lab).resolve(name, "SRV")
    assert record.target.to_text() == "dc1.corp.contoso.test."
    assert record.port == getattr(lab.running.directory, port)


def test_every_server_and_the_client_have_an_address(lab: Lab) -> None:
    for host, address in {**lab.description.addresses, lab.description.client.host: HEADQUARTERS}.items():
        assert [record.address for record in resolver(lab).resolve(host, "A")] == [address]


def test_other_names_and_types_are_told_apart(lab: Lab) -> None:
    with pytest.raises(dns.resolver.NXDOMAIN):
        resolver(lab).resolve("www.contoso.test", "A")
    with pytest.raises(dns.resolver.NoAnswer):
        resolver(lab).resolve("mp1.corp.contoso.test", "AAAA")


def test_dns_answers_over_tcp_as_well(lab: Lab) -> None:
    address, port = lab.running.dns
    query = dns.message.make_query("mp1.corp.contoso.test", "A")
    assert dns.query.tcp(query, address, port=port, timeout=3).answer
    assert lab.journal.entries("A mp1.corp.contoso.test", protocol="DNS/TCP")


def test_an_answer_that_does_not_fit_a_datagram_is_cut_and_whole_over_tcp() -> None:
    described = built_in_description()
    pattern = described.systems[0]
    many = tuple(pattern._replace(host=pattern.host.__class__(f"many{n}.corp.contoso.test")) for n in range(20))
    addresses = {**described.addresses, **{one.host: f"127.45.9.{n + 1}" for n, one in enumerate(many)}}
    with Lab(described._replace(systems=many, addresses=addresses, faults=())) as other:
        address, port = other.running.dns
        query = dns.message.make_query("_mssms_mp_p01._tcp.corp.contoso.test", "SRV")
        cut = dns.query.udp(query, address, port=port, timeout=3)
        assert cut.flags & dns.flags.TC
        assert not cut.answer
        whole, used_tcp = dns.query.udp_with_fallback(query, address, port=port, timeout=3)
        assert used_tcp
        assert len(whole.answer[0]) == 20


def test_dns_faults(lab: Lab) -> None:
    address, port = lab.running.dns
    query = dns.message.make_query("mp1.corp.contoso.test", "A")
    with fault(lab, "dns", None, "servfail"):
        assert dns.query.udp(query, address, port=port, timeout=3).rcode() == dns.rcode.SERVFAIL
    with fault(lab, "dns", None, "silent"), pytest.raises(dns.exception.Timeout):
        dns.query.udp(query, address, port=port, timeout=0.2)
    with fault(lab, "dns", None, "blackhole"), pytest.raises(dns.exception.Timeout):
        dns.query.udp(query, address, port=port, timeout=0.2)
    with fault(lab, "dns", None, "slow:0.3"):
        assert dns.query.udp(query, address, port=port, timeout=3).time >= 0.3
    with fault(lab, "dns", None, "malformed"), pytest.raises(dns.exception.DNSException):
        dns.query.udp(query, address, port=port, timeout=0.2, ignore_errors=False)
    with fault(lab, "dns", None, "refuse"), pytest.raises(ConnectionRefusedError):
        dns.query.tcp(query, address, port=port, timeout=3)
    assert dns.query.udp(query, address, port=port, timeout=3).answer


def test_what_is_no_dns_is_not_answered(lab: Lab) -> None:
    address, port = lab.running.dns
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.2)
        asker.connect((address, port))
        for junk in (b"", b"\0", b"\xff" * 600, dns.message.make_response(dns.message.make_query("x", "A")).to_wire()):
            asker.send(junk)
        with pytest.raises(TimeoutError):
            asker.recv(100)
    assert resolver(lab).resolve("mp1.corp.contoso.test", "A")


# --- the directory ----------------------------------------------------------------------------------------------------


@pytest.mark.rule("AD-005", "ML-042")
@pytest.mark.parametrize(
    ("port", "base"), [("ldap", CONTAINER), ("ldaps", CONTAINER), ("catalog", ""), ("catalog_tls", "")]
)
def test_the_directory_has_what_sites_publish(lab: Lab, port: str, base: str) -> None:
    with directory(lab, port=port) as connection:
        assert connection.bound
        entries = {}
        for name in ("ManagementPoint", "Site", "RoamingBoundaryRange"):
            connection.search(base, f"(objectClass=mSSMS{name})", attributes=["*"])
            entries[name] = [entry["dn"] for entry in connection.response if entry["type"] == "searchResEntry"]
    assert {dn.lower().partition("-p01-")[2].partition(".")[0] for dn in entries["ManagementPoint"]} == {
        "mp1",
        "mp2",
        "mp3",
        "mp4",
    }
    assert len(entries["Site"]) == len(entries["RoamingBoundaryRange"]) == 1
    assert all(dn.endswith(CONTAINER) for dns_ in entries.values() for dn in dns_)


@pytest.mark.rule("AD-005")
def test_a_domain_without_a_publishing_site_has_no_container(lab: Lab) -> None:
    with directory(lab, 1) as connection:
        connection.search("DC=partner,DC=test", "(cn=System)", attributes=["cn"])
        assert [entry["dn"] for entry in connection.response if "dn" in entry] == ["CN=System,DC=partner,DC=test"]
        assert not connection.search("CN=System Management,CN=System,DC=partner,DC=test", "(cn=*)", ldap3.BASE)
        assert connection.result["description"] == "noSuchObject"


def test_what_is_published_can_be_read_by_a_client(lab: Lab) -> None:
    with directory(lab, port="catalog") as connection:

        def entries(filter_: str, base: str = "") -> list[DirectoryEntry]:
            connection.search(base, filter_, attributes=["*"])
            return [
                DirectoryEntry(one["dn"], {k.lower(): tuple(v) for k, v in one["raw_attributes"].items()})
                for one in connection.response
                if one["type"] == "searchResEntry"
            ]

        found = read_management_points(entries("(objectClass=mSSMSManagementPoint)"))
        assert not found.unreadable
        assert {candidate.mp.site_code for candidate in found.candidates} == {"P01"}
        (site,), broken_sites = read_sites(entries("(objectClass=mSSMSSite)"))
        (span,), broken_ranges = read_ranges(entries("(objectClass=mSSMSRoamingBoundaryRange)"))
        assert not broken_sites
        assert not broken_ranges
        assert set(site.boundaries) == {"Headquarters", "127.45.20.0"}
        assert (span.low, span.high) == (0x7F2D0A01, 0x7F2D0AFE)
        trusts = entries("(objectClass=trustedDomain)", "CN=System,DC=corp,DC=contoso,DC=test")
        assert read_trusted_forests(trusts) == ("partner.test",)


@pytest.mark.parametrize(
    ("filter_", "count"),
    [
        ("(mSSMSSiteCode=p01)", 6),
        ("(mSSMSSiteCode=P02)", 0),
        ("(&(objectClass=mSSMSManagementPoint)(dNSHostName=mp1.*))", 1),
        ("(&(objectClass=mSSMSManagementPoint)(dNSHostName=*.contoso.*))", 3),
        ("(&(objectClass=mSSMSManagementPoint)(dNSHostName=*outside.test))", 1),
        ("(&(objectClass=mSSMSManagementPoint)(!(dNSHostName=*outside.test)))", 3),
        ("(|(dNSHostName=mp1.corp.contoso.test)(dNSHostName=mp2.corp.contoso.test))", 2),
        ("(&(mSSMSRoamingBoundaries=headquarters)(objectClass=mSSMSSite))", 1),
        ("(&(objectCategory=MSSMSManagementPoint)(mSSMSDefaultMP=TRUE)(mSSMSSiteCode=P01))", 4),
        ("(objectCategory=connectionPoint)", 0),
        ("(mSSMSRangedIPLow<=2133658113)", 1),
        ("(mSSMSRangedIPLow<=2133658112)", 0),
        ("(mSSMSRangedIPHigh>=2133658366)", 1),
        ("(mSSMSRangedIPHigh>=2133658367)", 0),
        ("(mSSMSMPName=*)", 4),
    ],
)
def test_filters(lab: Lab, filter_: str, count: int) -> None:
    with directory(lab) as connection:
        connection.search(CONTAINER, filter_, attributes=["cn"])
        assert len([one for one in connection.response if one["type"] == "searchResEntry"]) == count


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (ldap3.BASE, {"System Management"}),
        (ldap3.LEVEL, {"children"}),
        (ldap3.SUBTREE, {"System Management", "children"}),
    ],
)
def test_scopes(lab: Lab, scope: Any, names: set[str]) -> None:
    with directory(lab) as connection:
        connection.search(CONTAINER, "(objectClass=*)", scope, attributes=["cn"])
        found = {"System Management" if one["dn"] == CONTAINER else "children" for one in connection.response}
        assert found == names


def test_a_domain_controller_points_elsewhere_for_the_rest_and_a_catalog_does_not(lab: Lab) -> None:
    found = {}
    for port in ("ldap", "catalog"):
        with directory(lab, port=port) as connection:
            connection.search("DC=corp,DC=contoso,DC=test", "(objectClass=*)", attributes=["cn"])
            found[port] = [one for one in connection.response if one["type"] == "searchResRef"]
            assert any("CN=Configuration" in one.get("dn", "") for one in connection.response) is (port == "catalog")
    assert len(found["ldap"]) == 2
    assert found["catalog"] == []


def test_only_a_catalog_searches_the_whole_forest_by_the_empty_name(lab: Lab) -> None:
    for port, result in (("ldap", "noSuchObject"), ("catalog", "success")):
        with directory(lab, port=port) as connection:
            connection.search("", "(objectClass=mSSMSSite)", attributes=["cn"])
            assert connection.result["description"] == result


def test_pages(lab: Lab) -> None:
    with directory(lab) as connection:
        sizes, cookie = [], None
        while cookie != b"":
            connection.search(CONTAINER, "(objectClass=*)", attributes=["cn"], paged_size=3, paged_cookie=cookie)
            sizes.append(len(connection.response))
            cookie = connection.result["controls"]["1.2.840.113556.1.4.319"]["value"]["cookie"]
        assert sizes == [3, 3, 1]


def test_anonymous_reads_the_root_entry_and_nothing_else(lab: Lab) -> None:
    with directory(lab, tls=False, user="") as connection:
        connection.search("", "(objectClass=*)", ldap3.BASE, attributes=["defaultNamingContext", "dnsHostName"])
        assert connection.response[0]["attributes"]["dnsHostName"] == ["dc1.corp.contoso.test"]
        assert connection.response[0]["attributes"]["defaultNamingContext"] == ["DC=corp,DC=contoso,DC=test"]
        connection.search(CONTAINER, "(objectClass=*)", attributes=["cn"])
        assert connection.result["description"] == "operationsError"


@pytest.mark.parametrize(
    ("tls", "password", "result"),
    [
        (False, None, "strongerAuthRequired"),
        (True, "wrong", "invalidCredentials"),
        (True, None, "success"),
    ],
)
def test_a_simple_bind_needs_tls_and_the_password(lab: Lab, password: str | None, result: str, *, tls: bool) -> None:
    with directory(lab, tls=tls, password=password) as connection:
        assert connection.result["description"] == result
        assert connection.bound is (result == "success")


def test_the_old_way_to_write_a_user_is_known(lab: Lab) -> None:
    with directory(lab, user="CORP\\reader") as connection:
        assert connection.bound


def test_a_forest_lets_in_its_own_users_and_those_of_forests_that_it_trusts(lab: Lab) -> None:
    bound = []
    for forest in range(3):
        with directory(lab, forest) as connection:
            bound.append(connection.bound)
    assert bound == [True, True, False]


def test_nothing_can_be_changed(lab: Lab) -> None:
    with directory(lab) as connection:
        connection.modify(CONTAINER, {"cn": [(ldap3.MODIFY_REPLACE, ["x"])]})
        assert connection.result["description"] == "unwillingToPerform"
        connection.delete(CONTAINER)
        assert connection.result["description"] == "unwillingToPerform"


@pytest.mark.parametrize(
    "junk", [b"GET / HTTP/1.1\r\n\r\n", b"\x30\x84\xff\xff\xff\xff", b"\x30\x00" * 9, b"\xff" * 99]
)
def test_what_is_no_ldap_ends_the_connection(lab: Lab, junk: bytes) -> None:
    with closing(connect(lab, "dc1", lab.running.directory.ldap)) as connection:
        connection.sendall(junk)
        assert read_to_end(connection) == b""
    assert lab.journal.wait_for("cannot be read", role=Role.AD)


@pytest.mark.parametrize(
    ("forest", "source", "domain", "site"),
    [
        (0, HEADQUARTERS, "corp.contoso.test", "Headquarters"),
        (0, "127.45.1.200", "corp.contoso.test", "Headquarters"),
        (0, BRANCH, "corp.contoso.test", "Branch"),
        (0, "127.99.0.1", "corp.contoso.test", None),
        (1, "127.45.2.99", "partner.test", "Partner"),
        (1, HEADQUARTERS, "partner.test", None),
    ],
)
def test_a_ping_tells_the_ad_site_of_the_source_address(
    lab: Lab, forest: int, source: str, domain: str, site: str | None
) -> None:
    answer = ping(lab, forest, source, domain)
    assert answer is not None
    assert answer.client_site == site
    assert answer.forest == answer.domain == domain
    assert answer.is_global_catalog


def test_a_ping_for_another_domain_has_no_answer_in_it(lab: Lab) -> None:
    assert ping(lab, 0, HEADQUARTERS, "partner.test") is None


def bind(lab: Lab, **how: Any) -> bool:
    with directory(lab, **how) as connection:
        return connection.bound


def test_a_domain_controller_can_refuse(lab: Lab) -> None:
    with fault(lab, "ad", "dc1", "refuse"):
        with pytest.raises(LDAPSocketOpenError):
            bind(lab)
        with pytest.raises(ConnectionRefusedError):
            ping(lab, 0, HEADQUARTERS, "corp.contoso.test")
    assert bind(lab)
    assert ping(lab, 0, HEADQUARTERS, "corp.contoso.test") is not None


@pytest.mark.slow
def test_a_domain_controller_can_be_silent(lab: Lab) -> None:
    with fault(lab, "ad", "dc1", "silent"):
        with pytest.raises(LDAPSocketReceiveError):
            bind(lab, tls=False, timeout=1)
        with pytest.raises(TimeoutError):
            ping(lab, 0, HEADQUARTERS, "corp.contoso.test", timeout=0.2)
    assert lab.journal.entries("LDAP bind", server="dc1")


def test_a_domain_controller_can_be_slow(lab: Lab) -> None:
    with fault(lab, "ad", "dc1", "slow:0.1"):
        begun = time.monotonic()
        assert bind(lab)  # StartTLS and the bind
        assert ping(lab, 0, HEADQUARTERS, "corp.contoso.test") is not None
        assert time.monotonic() - begun >= 0.3


def test_a_domain_controller_can_reset_and_talk_nonsense(lab: Lab) -> None:
    for kind, broken in (("reset:5", ConnectionResetError), ("malformed", None)):
        with fault(lab, "ad", "dc1", kind), closing(connect(lab, "dc1", lab.running.directory.ldap)) as connection:
            connection.sendall(build_netlogon_ping(DnsDomain("corp.contoso.test")))  # a search of the root entry
            if broken is None:
                assert b"this is no LDAP" in connection.recv(1000)
            else:
                with pytest.raises(broken):
                    read_to_end(connection)


@pytest.mark.slow
def test_hang_after_bind_binds_and_then_hangs(lab: Lab) -> None:
    with fault(lab, "ad", "dc1", "hang-after-bind"), directory(lab, timeout=1) as connection:
        assert connection.bound
        assert ping(lab, 0, HEADQUARTERS, "corp.contoso.test") is not None
        with pytest.raises(LDAPSocketReceiveError):
            connection.search(CONTAINER, "(objectClass=*)")


@pytest.mark.parametrize("kind", ["wrong-certificate", "expired-certificate"])
@pytest.mark.parametrize("port", ["ldap", "ldaps"])
def test_a_domain_controllers_certificate_can_be_wrong(lab: Lab, kind: str, port: str) -> None:
    described = lab.description.forests[0]
    context = ssl.create_default_context(cafile=lab.running.ca_file)
    with fault(lab, "ad", "dc1", kind), closing(connect(lab, "dc1", getattr(lab.running.directory, port))) as plain:
        if port == "ldap":
            plain.sendall(START_TLS)
            assert plain.recv(1000)
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            context.wrap_socket(plain, server_hostname=described.controller)
    assert caught.value.verify_code == {"wrong-certificate": 62, "expired-certificate": 10}[kind]


# --- the lab as a whole -----------------------------------------------------------------------------------------------


def test_the_journal_tells_who_asked_what(lab: Lab) -> None:
    lab.journal.clear()
    ask(lab, "mp1", source=BRANCH)
    ask(lab, "mp2", tls=True)
    resolver(lab).resolve("_mssms_mp_p01._tcp.corp.contoso.test", "SRV")
    ping(lab, 0, HEADQUARTERS, "corp.contoso.test")
    with directory(lab, port="catalog") as connection:
        connection.search("", "(objectClass=mSSMSSite)", attributes=["cn"])
    (plain,) = lab.journal.entries(server="mp1")
    assert (plain.what, plain.client, plain.tls, plain.role) == (f"GET {MPLIST}", BRANCH, False, Role.MP)
    (secure,) = lab.journal.entries(server="mp2.corp.contoso.test")
    assert (secure.protocol, secure.tls) == ("HTTPS", True)
    (name,) = lab.journal.entries(role=Role.DNS)
    assert name.what == "SRV _mssms_mp_p01._tcp.corp.contoso.test"
    assert lab.journal.entries("CLDAP ping", protocol="CLDAP")[0].client == HEADQUARTERS
    (search,) = lab.journal.entries("LDAP search")
    assert search.tls
    assert f"(objectClass=mSSMSSite) (port {lab.running.directory.catalog}, global catalog)" in search.what
    times = [entry.time for entry in lab.journal.entries()]
    assert times == sorted(times)
    assert not lab.journal.wait_for("never asked", seconds=0)


def test_settings_are_settings_of_a_client(lab: Lab) -> None:
    settings = lab.settings()
    config = load_config(overrides=settings)
    assert config.site_code == "P01"
    assert config.bind_address == HEADQUARTERS
    assert config.http_port == lab.running.web.http
    assert isinstance(settings["directory_password"], Secret)
    assert lab.running.login.password.reveal() not in repr(settings)


def test_the_client_knows_itself_and_not_its_place(lab: Lab) -> None:
    facts = lab.client_facts()
    assert (facts.host, facts.domain) == ("pc042.corp.contoso.test", "corp.contoso.test")
    assert str(facts.addresses[0]) == "127.45.10.42/24"
    assert (facts.forest, facts.ad_site, facts.domain_controllers) == (None, None, ())
    assert set(facts.origins.values()) == {"lab"}


def test_a_workgroup_client_has_the_suffix_of_its_network() -> None:
    described = built_in_description()
    facts = Lab(described._replace(client=described.client._replace(domain=None))).client_facts()
    assert (facts.domain, facts.dns_suffixes) == (None, ("corp.contoso.test",))


def test_private_keys_are_for_their_owner_only_and_go_with_the_lab() -> None:
    with Lab() as other:
        folder = Path(other.running.ca_file).parent
        keys = list(folder.glob("*.key"))
        assert keys
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in keys)
    assert not folder.exists()


def test_two_labs_run_side_by_side(lab: Lab) -> None:
    with Lab() as other:
        assert other.running.web.http != lab.running.web.http
        assert ask(other, "mp1").status_code == ask(lab, "mp1").status_code == 200


def test_stop_ends_every_thread_and_socket_at_once() -> None:
    before = set(threading.enumerate())
    lab = Lab()
    lab.start()
    lab.start()  # does nothing
    ports = {*lab.running.web, *lab.running.directory, lab.running.dns[1]}
    lab.set_fault("mp", "mp1", "slow:60")
    lab.set_fault("mp", "mp4", "silent")
    lab.set_fault("dp", "dp1", "blackhole")
    idle = [connect(lab, "dc1", lab.running.directory.ldap), connect(lab, "mp2", lab.running.web.https)]
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(ask, lab, name) for name in ("mp1", "mp4")]
        for name in ("mp1", "mp4"):
            assert lab.journal.wait_for(f"GET {MPLIST}", server=name)
        begun = time.monotonic()
        lab.stop()
        assert time.monotonic() - begun < 1.0
        for one in waiting:
            assert isinstance(one.exception(), requests.exceptions.ConnectionError)
    for connection in idle:
        connection.close()
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("lab")]
    for address in set(lab.description.addresses.values()):
        for port in ports:
            with socket.socket() as probe:
                assert probe.connect_ex((address, port)) != 0
    lab.stop()  # does nothing
    with pytest.raises(LabError):
        lab.settings()


def test_a_lab_can_be_started_again() -> None:
    lab = Lab()
    for _ in range(2):
        with lab:
            assert ask(lab, "mp1").status_code == 200


def test_an_error_inside_stops_it() -> None:
    lab = Lab()
    with pytest.raises(KeyboardInterrupt), lab:
        raise KeyboardInterrupt
    with pytest.raises(LabError):
        _ = lab.running


def test_start_is_quick() -> None:
    begun = time.monotonic()
    with Lab():
        assert time.monotonic() - begun < 1.0  # it takes a tenth; machines that test are busy
