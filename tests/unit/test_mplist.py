"""The MP list: real samples, the shapes that documents promise, and lists that lie."""

from pathlib import Path

import pytest

from cmclient.errors import InvalidValueError, MalformedReplyError, UnsafeXmlError
from cmclient.model.decision import Discovered, Origin, SourceKind
from cmclient.model.endpoints import Audience, ManagementPoint, Protocols
from cmclient.model.names import HostName, SiteCode
from cmclient.protocol.mplist import (
    MpListQuery,
    build_mp_list,
    mp_list_path,
    parse_build,
    parse_mp_list,
    protocols_of_ssl_state,
    ssl_state_of,
)

ORIGIN = Origin(SourceKind.MP_LIST, "MPLIST of mp.corp.test")
PS1 = ManagementPoint(
    HostName("ps1-mp.mayyhem.com"),
    protocols=Protocols.HTTP,
    audience=Audience.INTRANET,
    build=9106,
    ssl_state=0,
)
SECONDARY = PS1._replace(host=HostName("ps1-sec.mayyhem.com"))


def _parsed(body: str) -> Discovered:
    return parse_mp_list(body.encode(), origin=ORIGIN)


def _only(body: str) -> ManagementPoint:
    found = _parsed(f"<MPList>{body}</MPList>")
    assert not found.unreadable
    return found.candidates[0].mp


# Asking


@pytest.mark.rule("ML-041")
@pytest.mark.parametrize(
    ("query", "site", "path"),
    [
        (MpListQuery.MPLIST, None, "/SMS_MP/.sms_aut?MPLIST"),
        (MpListQuery.MPLIST, "ABC", "/SMS_MP/.sms_aut?MPLIST"),
        (MpListQuery.MPLIST1, "abc", "/SMS_MP/.sms_aut?MPLIST1&ABC"),
        (MpListQuery.MPLIST2, None, "/SMS_MP/.sms_aut?MPLIST2"),
        (MpListQuery.MPLIST2, "ABC", "/SMS_MP/.sms_aut?MPLIST2&ABC"),
    ],
)
def test_the_address_of_a_list(query: MpListQuery, site: str | None, path: str) -> None:
    assert mp_list_path(query, None if site is None else SiteCode(site)) == path


def test_the_list_of_one_site_needs_the_site() -> None:
    with pytest.raises(InvalidValueError, match="needs the code of a site"):
        mp_list_path(MpListQuery.MPLIST1)


# Real samples


@pytest.mark.rule("ML-041")
def test_a_real_list_names_every_management_point_of_the_site(vectors: Path) -> None:
    found = parse_mp_list((vectors / "samples" / "mplist-reply.xml").read_bytes(), origin=ORIGIN)
    assert [candidate.mp for candidate in found.candidates] == [PS1, SECONDARY]
    assert [candidate.origins for candidate in found.candidates] == [(ORIGIN,), (ORIGIN,)]
    assert found.unreadable == ()


def test_a_real_list_of_one_site_has_its_code(vectors: Path) -> None:
    found = parse_mp_list((vectors / "samples" / "mplist1-sitecode-reply.xml").read_bytes(), origin=ORIGIN)
    assert [candidate.mp for candidate in found.candidates] == [PS1._replace(site_code=SiteCode("PS1"))]


def test_a_real_list_that_is_cut_off_is_refused(vectors: Path) -> None:
    body = (vectors / "samples" / "mp-list-lab-2509-fragment.txt").read_bytes()
    with pytest.raises(MalformedReplyError, match="MPList is cut off"):
        parse_mp_list(body, origin=ORIGIN)


def test_the_error_page_of_iis_is_no_list(vectors: Path) -> None:
    body = (vectors / "samples" / "mplist1-unknown-or-cas-500.txt").read_bytes()
    with pytest.raises(MalformedReplyError, match="web page"):
        parse_mp_list(body, origin=ORIGIN)


@pytest.mark.parametrize(
    ("mps", "with_site_code", "sample"),
    [
        ((PS1, SECONDARY), False, "mplist-reply.xml"),
        ((PS1._replace(site_code=SiteCode("PS1")),), True, "mplist1-sitecode-reply.xml"),
    ],
)
def test_what_is_built_is_byte_for_byte_what_a_real_one_sends(
    mps: tuple[ManagementPoint, ...], *, with_site_code: bool, sample: str, vectors: Path
) -> None:
    real = (vectors / "samples" / sample).read_bytes().removesuffix(b"\n")  # the file's own
    assert build_mp_list(mps, with_site_code=with_site_code) == real


# Shapes


def test_an_attribute_goes_before_an_element_and_either_will_do() -> None:
    as_elements = "<MP><Name>MP</Name><FQDN>mp.corp.test</FQDN><SiteCode>abc</SiteCode></MP>"
    assert _only(as_elements)[:2] == ("mp.corp.test", "ABC")
    both = '<MP Name="one.corp.test" SiteCode="ABC"><Name>two.corp.test</Name><SiteCode>XYZ</SiteCode></MP>'
    assert _only(both)[:2] == ("one.corp.test", "ABC")


@pytest.mark.parametrize("fqdn", ["", 'FQDN=""', 'FQDN=" "'])
def test_the_name_is_the_host_when_there_is_no_fqdn(fqdn: str) -> None:
    assert _only(f'<MP Name="MP.CORP.TEST" {fqdn}/>').host == "mp.corp.test"


def test_the_fqdn_goes_before_the_name() -> None:
    assert _only('<MP Name="MP" FQDN="mp.corp.test"/>').host == "mp.corp.test"


def test_case_and_namespaces_make_no_difference() -> None:
    body = '<mplist xmlns="urn:x"><mp name="a.test"><VERSION> 9106 </VERSION></mp><other/></mplist>'
    assert [candidate.mp.build for candidate in _parsed(body).candidates] == [9106]


def test_what_is_not_said_is_unknown() -> None:
    assert _only('<MP Name="a.test"/>') == ManagementPoint(HostName("a.test"), audience=Audience.INTRANET)


def test_an_empty_list_is_an_empty_result() -> None:
    assert _parsed("<MPList/>") == Discovered()


def test_the_audience_is_that_of_the_question() -> None:
    found = parse_mp_list(b'<MPList><MP Name="a.test"/></MPList>', origin=ORIGIN, audience=Audience.INTERNET)
    assert found.candidates[0].mp.audience is Audience.INTERNET


@pytest.mark.parametrize(
    ("properties", "state"),
    [
        ('<Property Name="SSLState" Value="63"/>', 63),
        ('<Property Name="sslstate" Value="63"/>', 63),
        ('<Property Name="SSLState">63</Property>', 63),
        ('<Property Name="SSL" Version="1"/>', 1),
        ('<Property Name="SSL" Version="1"/><Property Name="SSLState" Value="0"/>', 0),
        ('<Property Name="AuthMethod" Value="1024"/>', None),
        ("", None),
    ],
)
def test_the_ssl_state_in_each_of_its_forms(properties: str, state: int | None) -> None:
    mp = _only(f'<MP Name="a.test"><Capabilities>{properties}</Capabilities></MP>')
    assert (mp.ssl_state, mp.protocols) == (state, protocols_of_ssl_state(state))


@pytest.mark.parametrize(
    ("state", "protocols"),
    [
        (None, Protocols.UNKNOWN),
        (0, Protocols.HTTP),
        (1, Protocols.BOTH),  # enabled
        (2, Protocols.HTTPS),  # required
        (31, Protocols.HTTPS),
        (32, Protocols.HTTP),  # a revocation check alone says nothing about HTTPS
        (63, Protocols.HTTPS),
        (63 | 64, Protocols.BOTH),  # required, but going down to HTTP is allowed
        (159, Protocols.BOTH),
        (448, Protocols.BOTH),
    ],
)
def test_what_ssl_state_bits_say(state: int | None, protocols: Protocols) -> None:
    assert protocols_of_ssl_state(state) is protocols


@pytest.mark.parametrize("protocols", Protocols)
def test_the_ssl_state_of_protocols_reads_as_these(protocols: Protocols) -> None:
    assert protocols_of_ssl_state(ssl_state_of(protocols)) is protocols


@pytest.mark.parametrize(
    ("text", "build"), [("9106", 9106), ("5.00.9106.1000", 9106), ("5.0.9141", 9141), ("4.00.6487.2000", 6487)]
)
def test_a_build_in_each_of_its_forms(text: str, build: int) -> None:
    assert parse_build(text) == build


@pytest.mark.parametrize("text", ["", "-1", "9106.0", "1e3", "\u0669", "999999", "5..9106", "5.00.9106.1000.1", "0x10"])
def test_what_is_no_build(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_build(text)


# Lists that lie


GOOD = '<MP Name="good.corp.test"/>'


@pytest.mark.rule("ML-041")
@pytest.mark.parametrize(
    ("entry", "name", "problem"),
    [
        ("<MP/>", "", "host name cannot be used: it is empty"),
        ('<MP Name="-x"/>', "-x", "host name"),
        ('<MP Name="good" FQDN="a..b"/>', "a..b", "host name"),
        ('<MP Name="cmg.test/CCM_Proxy_ServerAuth/72"/>', "cmg.test/CCM_Proxy_ServerAuth/72", "tokens"),
        ('<MP Name="a&#10;b"/>', "a?b", "host name"),
        ('<MP Name="a&#x202e;b"/>', "a?b", "host name"),
        ('<MP Name="mün.test"/>', "mün.test", "non-ASCII"),
        (f'<MP Name="{"x" * 1_000_000}"/>', "x" * 61 + "...", "longer than 253"),
        ('<MP Name="a.test" SiteCode="ABCD"/>', "a.test", "site code"),
        ('<MP Name="a.test"><Version>new</Version></MP>', "a.test", "version"),
        (
            '<MP Name="a.test"><Capabilities><Property Name="SSLState" Value="-1"/></Capabilities></MP>',
            "a.test",
            "SSL state",
        ),
    ],
)
def test_one_bad_entry_leaves_the_others(entry: str, name: str, problem: str) -> None:
    found = _parsed(f"<MPList>{entry}{GOOD}</MPList>")
    assert [candidate.mp.host for candidate in found.candidates] == ["good.corp.test"]
    (bad,) = found.unreadable
    assert (bad.name, bad.origin, bad.rule) == (name, ORIGIN, "ML-041")
    assert problem in bad.problem
    assert len(bad.problem) < 200
    assert bad.problem.isprintable()


def test_two_thousand_entries_are_a_list_and_one_more_is_not() -> None:
    assert len(_parsed(f"<MPList>{GOOD * 2000}</MPList>").candidates) == 2000
    with pytest.raises(MalformedReplyError, match="more than 2000 entries"):
        _parsed(f"<MPList>{GOOD * 2001}</MPList>")


def test_another_document_is_no_list() -> None:
    with pytest.raises(MalformedReplyError, match="its root is 'MPKEYINFORMATION'"):
        _parsed("<MPKEYINFORMATION/>")


def test_a_list_with_a_document_type_is_refused() -> None:
    with pytest.raises(UnsafeXmlError, match="MPList"):
        _parsed('<!DOCTYPE MPList [<!ENTITY a "b">]><MPList><MP Name="&a;"/></MPList>')


def test_what_is_unknown_is_not_written() -> None:
    assert build_mp_list([ManagementPoint(HostName("a.test"))], with_site_code=True) == (
        b'<MPList><MP Name="A.TEST" FQDN="a.test"></MP></MPList>'
    )


def test_a_site_code_is_written_only_when_asked_for() -> None:
    assert b"SiteCode" not in build_mp_list([PS1._replace(site_code=SiteCode("PS1"))])
