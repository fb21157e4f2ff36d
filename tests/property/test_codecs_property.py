"""Anything gives a value or one of our protocol errors, shown safely; what is built is read back."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from cmclient.errors import ProtocolError
from cmclient.model.decision import Candidate, Discovered, Origin, SourceKind
from cmclient.model.directory import DirectoryEntry, PublishedRange, PublishedSite, SrvRecord
from cmclient.model.endpoints import Audience, ManagementPoint, Protocols, SiteKind
from cmclient.model.names import DnsDomain, HostName, SiteCode, shown_name
from cmclient.protocol.capabilities import (
    OperationalSettings,
    build_operational_settings,
    parse_operational_settings,
)
from cmclient.protocol.directory import (
    escape_filter,
    management_point_query,
    range_query,
    read_management_points,
    read_ranges,
    read_sites,
    read_trusted_forests,
    site_query,
    trust_query,
)
from cmclient.protocol.directory_entries import management_point_entry, range_entry, site_entry, trust_entry
from cmclient.protocol.mplist import build_mp_list, parse_mp_list, protocols_of_ssl_state, ssl_state_of
from cmclient.protocol.srv import read_directory_servers, read_srv_records
from cmclient.protocol.xmlsafe import find_local, parse_xml

ORIGIN = Origin(SourceKind.MP_LIST, "test")
DOMAIN = DnsDomain("corp.test")

labels = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,10}[a-z0-9_])?", fullmatch=True)
names = st.lists(labels, min_size=1, max_size=5).map(".".join)
hosts, domains = names.map(HostName), names.map(DnsDomain)
sites = st.from_regex(r"[A-Z0-9]{3}", fullmatch=True).map(SiteCode)
ports = st.integers(1, 65535)
builds = st.integers(0, 99_999)
states = st.integers(0, 511)
texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40)

# Text that is nearly right goes deeper than bytes that are nothing.
tags = [
    "<MPList>",
    "</MPList>",
    "<MP ",
    "/>",
    ">",
    "</MP>",
    "<Version>",
    "</Version>",
    "<FSPServer>",
    'xmlns:x="u"',
    "x:",
]
parts = ["Name=", "FQDN=", "SiteCode=", '"a.test"', '"ABC"', '""', "9106", " ", "ä", "\0", "\ufeff", "\ud800"]
oddities = ["&", "&amp;", "&#0;", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "<!DOCTYPE ", "<!ENTITY ", "[", "]"]
nearly_xml = st.lists(st.sampled_from([*tags, *parts, *oddities]), max_size=30).map("".join)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "utf-32"])
documents = (
    st.binary(max_size=200)
    | st.builds(lambda text, encoding: text.encode(encoding, "ignore"), nearly_xml, encodings)
    | st.builds(lambda text, cut: build_mp_list([ManagementPoint(HostName(text))])[:cut], names, st.integers(0, 100))
)


def _require_safe(found: Discovered) -> None:
    for bad in found.unreadable:
        assert len(bad.name) <= 64
        assert bad.name.isprintable()
        assert bad.origin.detail.isprintable()
        assert bad.problem.isprintable()
        assert bad.rule


@given(documents)
def test_any_bytes_are_a_document_or_refused(data: bytes) -> None:
    said = ""
    try:
        assert find_local(parse_xml(data, where="test"), "none") is None
    except ProtocolError as error:
        said = str(error)
    assert said.isprintable()
    assert len(said) < 160


@given(documents)
def test_any_bytes_are_a_list_or_refused(data: bytes) -> None:
    with suppress(ProtocolError):
        _require_safe(parse_mp_list(data, origin=ORIGIN))


@given(documents | nearly_xml | st.text())
def test_anything_is_settings_or_refused(data: bytes | str) -> None:
    with suppress(ProtocolError):
        assert isinstance(parse_operational_settings(data), OperationalSettings)


def _listed(
    host: HostName, site: SiteCode | None, build: int | None, state: int | None, audience: Audience
) -> ManagementPoint:
    protocols = protocols_of_ssl_state(state)
    return ManagementPoint(host, site, protocols=protocols, audience=audience, build=build, ssl_state=state)


@given(
    st.lists(st.tuples(hosts, st.none() | sites, st.none() | builds, st.none() | states), max_size=5),
    st.sampled_from(Audience),
)
def test_a_list_that_is_built_is_read_back(
    said: list[tuple[HostName, SiteCode | None, int | None, int | None]], audience: Audience
) -> None:
    mps = [_listed(*one, audience) for one in said]
    found = parse_mp_list(build_mp_list(mps, with_site_code=True), origin=ORIGIN, audience=audience)
    assert found == Discovered(tuple(Candidate(mp, (ORIGIN,)) for mp in mps))


@given(
    st.builds(
        OperationalSettings,
        version=st.none() | texts,
        http_port=st.none() | ports,
        https_port=st.none() | ports,
        security_mode_mask=st.none() | states,
        security_mode_mask_ex=st.none() | states,
        certificate_store=st.none() | st.just("") | texts,
        certificate_criteria=st.none() | st.just("") | texts,
        certificate_select_first=st.none() | st.booleans(),
        site_signing_certificate=st.none() | st.binary(min_size=1, max_size=20).map(bytes.hex),
        command_line=st.none() | texts,
        root_site=st.none() | sites,
        fallback_status_points=st.lists(hosts, max_size=3, unique=True).map(tuple),
        forest=st.none() | domains,
        ssl_state=st.none() | states,
    )
)
def test_settings_that_are_built_are_read_back(settings: OperationalSettings) -> None:
    assert parse_operational_settings(build_operational_settings(settings)) == settings


attribute_names = [
    name.lower()
    for query in (management_point_query(""), site_query(""), range_query(""), trust_query(DOMAIN))
    for name in query.attributes
]
values = (
    st.binary(max_size=20)
    | st.sampled_from([b"ABC", b"mp.corp.test", b"TRUE", b"9106", b"-1", b"2147483648", b"8", b"3", b"<S/>"])
    | nearly_xml.map(lambda text: text.encode("utf-8", "ignore"))
)
entries = st.builds(
    DirectoryEntry,
    dn=st.text(max_size=100),
    attributes=st.dictionaries(st.sampled_from(attribute_names), st.lists(values, max_size=2).map(tuple)),
)


@given(st.lists(entries, max_size=3))
def test_any_entries_are_values_or_shown_safely(found: list[DirectoryEntry]) -> None:
    points = read_management_points(found)
    _require_safe(points)
    assert len(points.candidates) + len(points.unreadable) == len(found)
    for values_, unreadable in (read_sites(found), read_ranges(found)):
        _require_safe(Discovered((), unreadable))
        assert len(values_) + len(unreadable) == len(found)
    assert all(one.low <= one.high < 2**32 for one in read_ranges(found)[0])
    assert all(isinstance(forest, DnsDomain) for forest in read_trusted_forests(found))


@given(
    hosts,
    st.none() | sites,
    st.sampled_from(Protocols),
    st.none() | ports,
    st.none() | ports,
    st.none() | domains,
    st.none() | builds,
    st.none() | st.booleans(),
)
def test_a_management_point_that_is_published_is_read_back(
    host: HostName,
    site: SiteCode | None,
    protocols: Protocols,
    http_port: int | None,
    https_port: int | None,
    forest: DnsDomain | None,
    build: int | None,
    flag: bool | None,  # noqa: FBT001
) -> None:
    mp = ManagementPoint(
        host,
        site_code=site,
        site_kind=SiteKind.PRIMARY,
        protocols=protocols,
        http_port=http_port,
        https_port=https_port,
        audience=Audience.INTRANET,
        forest=forest,
        build=build,
        is_default=flag,
        supports_devices=flag,
        ssl_state=ssl_state_of(protocols),
    )
    found = read_management_points([management_point_entry(mp, domain=DOMAIN)])
    assert [candidate.mp for candidate in found.candidates] == [mp]


@given(sites, st.none() | sites, st.lists(texts, max_size=4), st.none() | domains)
def test_a_site_that_is_published_is_read_back(
    site: SiteCode, assigned: SiteCode | None, boundaries: list[str], forest: DnsDomain | None
) -> None:
    published = PublishedSite(site, assigned, tuple(boundaries), forest)
    assert read_sites([site_entry(published, domain=DOMAIN)]) == ((published,), ())


@given(sites, st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)), st.none() | sites)
def test_a_range_that_is_published_is_read_back(
    site: SiteCode, bounds: tuple[int, int], assigned: SiteCode | None
) -> None:
    published = PublishedRange(site, min(bounds), max(bounds), assigned)
    assert read_ranges([range_entry(published, domain=DOMAIN)]) == ((published,), ())


@given(st.lists(domains))
def test_trusts_that_are_published_are_read_back(forests: list[DnsDomain]) -> None:
    entries_ = [trust_entry(forest, domain=DOMAIN) for forest in forests]
    assert read_trusted_forests(entries_) == tuple(sorted(set(forests)))


records = st.lists(
    st.builds(SrvRecord, names | st.text(max_size=300), st.sampled_from([0, 80, 443, 8080, 65535, 65536])), max_size=120
)


@given(records)
def test_any_records_are_candidates_or_shown_safely(found: list[SrvRecord]) -> None:
    discovered = read_srv_records("_x._tcp.corp.test", found, site=SiteCode("ABC"), http_port=80, https_port=443)
    _require_safe(discovered)
    used = [candidate.mp.host for candidate in discovered.candidates]
    assert len(used) == len(set(used))
    assert bool(used or discovered.unreadable) is bool(found)
    assert len(read_directory_servers(found, is_global_catalog=False)) <= 20


@given(st.text(), st.integers(8, 100))
def test_a_name_is_shown_in_one_printable_line(raw: str, most: int) -> None:
    shown = shown_name(raw, most=most)
    assert shown.isprintable()
    assert len(shown) <= most
    assert shown == raw or len(raw) > most or not raw.isprintable()
    assert shown_name(raw.encode("utf-8", "surrogatepass"), most=most).isprintable()


@given(st.text())
def test_no_filter_gets_out_of_its_value(value: str) -> None:
    escaped = escape_filter(value)
    assert not {"*", "(", ")", "\0"} & set(escaped)
    assert escaped.count("\\") == sum(value.count(one) for one in "\\*()\0")
