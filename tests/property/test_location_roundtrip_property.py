"""What a client asks is what the site reads, what the site writes is what the client reads; other bytes are refused."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmclient.errors import ProtocolError
from cmclient.model.content import (
    BoundaryGroupReference,
    ClientBoundaryGroups,
    ClientPackage,
    ContentHash,
    ContentId,
    ContentKind,
    ContentLocations,
    ContentOptions,
    ContentReference,
    ContentSite,
    ContentUrl,
    LocationRecord,
)
from cmclient.model.endpoints import Audience, Endpoint, ManagementPoint, Scheme
from cmclient.model.facts import Adapter, InterfaceAddress, NetworkFacts
from cmclient.model.messages import (
    EnumeratedMp,
    EnumeratedMps,
    LocalMps,
    MpCategory,
    MpSite,
    SiteDescription,
    SiteDescriptions,
    SiteLocality,
    WsusLocation,
    WsusLocations,
)
from cmclient.model.names import AdSiteName, DnsDomain, HostName, SiteCode
from cmclient.model.questions import AskingAddress, AskingClient, LocationQuestion, QuestionKind
from cmclient.protocol.content_replies import parse_content_location_reply
from cmclient.protocol.location_answers import (
    build_assigned_site_reply,
    build_content_location_reply,
    build_enumerate_mps_reply,
    build_local_mp_reply,
    build_site_information_reply,
    build_wsus_location_reply,
)
from cmclient.protocol.location_questions import parse_location_question
from cmclient.protocol.location_replies import (
    parse_assigned_site_reply,
    parse_enumerate_mps_reply,
    parse_local_mp_reply,
    parse_site_information_reply,
    parse_wsus_location_reply,
)
from cmclient.protocol.location_requests import (
    RequestStyle,
    build_assigned_site_request,
    build_client_package_request,
    build_content_location_request,
    build_enumerate_mps_request,
    build_local_mp_request,
    build_site_information_request,
    build_wsus_location_request,
)
from cmclient.protocol.mplist import protocols_of_ssl_state

# Texts that are kept as they are: printable, and no blank at either end.
told = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=30)
said = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)
codes = st.sampled_from(["ABC", "XYZ", "S01"]).map(SiteCode)
hosts = st.sampled_from(["mp", "mp.corp.test", "dp-1.corp.test", "10.1.2.3"]).map(HostName)
domains = st.sampled_from(["corp.test", "a.b.test"]).map(DnsDomain)
ports = st.none() | st.integers(1, 65535)
numbers = st.none() | st.integers(0, 10**20 - 1)
states = st.none() | st.integers(0, 999_999_999)
maybe = st.none() | st.booleans()
networks = st.ip_addresses().map(str)


def build(kind: Callable[..., Any], *args: Any, **fields: Any) -> st.SearchStrategy[Any]:
    """Build values from the given fields alone; what is not given is left as it is."""

    def make(*drawn: Any, **named: Any) -> Any:
        return kind(*drawn, **named)

    return st.builds(make, *args, **fields)


def some(strategy: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


groups = build(
    ClientBoundaryGroups,
    retrieved=told,
    groups=some(build(BoundaryGroupReference, told, told, told)),
    on_vpn=maybe,
    connected_caches=some(told),
)

# Questions

adapters = build(
    Adapter,
    name=told,
    description=told,
    dns_suffix=told,
    if_type=st.integers(0, 300),
    has_hardware_address=st.booleans(),
    addresses=some(
        build(InterfaceAddress, st.ip_addresses(v=4).map(str), st.integers(0, 32))
        | build(InterfaceAddress, st.ip_addresses(v=6).map(str), st.integers(0, 128))
    ),
)
facts = build(
    NetworkFacts,
    ad_site=st.none() | said.map(AdSiteName),
    forest=st.none() | domains,
    domain=st.none() | domains,
    adapters=some(adapters),
)
contents = st.from_regex(r"[A-Za-z0-9_:.{}-]{1,128}", fullmatch=True).map(ContentId)
references = build(
    ContentReference, contents, st.integers(0, 10**20 - 1), st.sampled_from(ContentKind), deployment_flags=numbers
)
OLD, NEW = {"protected", "caching"}, {"peers", "tokens"}
flags = {name: st.booleans() for name in ContentOptions._fields}


def options(without: set[str]) -> st.SearchStrategy[ContentOptions]:
    return build(ContentOptions, **{name: value for name, value in flags.items() if name not in without})


def client(known: NetworkFacts, **more: Any) -> AskingClient:
    """What a request says of the facts: IPv4 addresses, and connections without them."""
    return AskingClient(
        known.ad_site,
        known.forest,
        known.domain,
        tuple(AskingAddress(one.address, one.network) for one in known.addresses if ":" not in one.address),
        tuple(one._replace(addresses=()) for one in known.adapters),
        **more,
    )


def asked(request: str, question: LocationQuestion) -> None:
    assert parse_location_question(request.encode()) == question


@given(facts, references, codes, st.none() | groups, st.data())
def test_content_that_is_asked_for(
    known: NetworkFacts,
    content: ContentReference,
    site: SiteCode,
    told: ClientBoundaryGroups | None,
    data: st.DataObject,
) -> None:
    style = data.draw(st.sampled_from(RequestStyle))
    wanted, in_operation = (
        data.draw(options(NEW if style is RequestStyle.CLIENT_2012 else OLD)),
        data.draw(st.booleans()),
    )
    request = build_content_location_request(
        known,
        content=content,
        assigned_site=site,
        options=wanted,
        boundary_groups=told,
        style=style,
        in_operation=in_operation,
    )
    asked(
        request,
        LocationQuestion(
            QuestionKind.CONTENT,
            client(known, boundary_groups=told),
            assigned_site=site,
            content=content,
            options=wanted,
            wants_boundary_groups=style is not RequestStyle.CLIENT_2012,
            in_operation=in_operation and style is not RequestStyle.CLIENT_2012,
        ),
    )


@given(facts, codes, options({"microsoft_update", "peers"}), st.booleans())
def test_a_client_package_that_is_asked_for(
    known: NetworkFacts,
    site: SiteCode,
    wanted: ContentOptions,
    latest: bool,  # noqa: FBT001
) -> None:
    request = build_client_package_request(known, assigned_site=site, options=wanted, latest=latest)
    asked(
        request,
        LocationQuestion(
            QuestionKind.CONTENT,
            client(known),
            assigned_site=site,
            client_package=True,
            newest_client=latest,
            options=wanted,
            wants_boundary_groups=True,
        ),
    )


@given(facts, codes, contents, st.integers(0, 10**20 - 1), st.booleans(), st.sampled_from(MpCategory))
def test_everything_else_that_is_asked_for(
    known: NetworkFacts,
    site: SiteCode,
    content: ContentId,
    version: int,
    away: bool,  # noqa: FBT001
    category: MpCategory,
) -> None:
    here, there = client(known), client(known, on_internet=away)
    asked(build_site_information_request(site), LocationQuestion(QuestionKind.SITE_INFORMATION, site=site))
    asked(build_assigned_site_request(known, on_internet=away), LocationQuestion(QuestionKind.ASSIGNED_SITE, there))
    asked(
        build_local_mp_request(known, assigned_site=site),
        LocationQuestion(QuestionKind.LOCAL_MPS, here, assigned_site=site),
    )
    asked(
        build_enumerate_mps_request(known, category=category, site=site),
        LocationQuestion(QuestionKind.ENUMERATE_MPS, here, site=site, category=category),
    )
    asked(
        build_wsus_location_request(known, content=content, version=version, assigned_site=site, on_internet=away),
        LocationQuestion(
            QuestionKind.UPDATE_POINTS, there, assigned_site=site, content=ContentReference(content, version)
        ),
    )


pieces = st.sampled_from(
    [
        *(f"<{kind.value}>" for kind in QuestionKind),
        "<ClientLocationInfo ",
        "OnInternet='",
        "<IPAddress Address='x'/>",
        "<SiteCode Name='&#x202e;'/>",
        "<Package ID='",
        "RequestType='9'",
        "'/>",
        ">",
        "</SiteInformationRequest>",
        "\0",
    ]
)


@given(st.binary(max_size=100) | st.lists(pieces, max_size=10).map(lambda found: "".join(found).encode()))
def test_any_bytes_are_a_question_or_refused(data: bytes) -> None:
    try:
        problems = parse_location_question(data).problems
    except ProtocolError as error:
        problems = (str(error),)
    assert all(one.isprintable() and len(one) < 300 for one in problems)


# Answers

localities = st.sampled_from([(one, one.value.upper()) for one in SiteLocality if one is not SiteLocality.UNKNOWN])
words = localities | st.just((SiteLocality.UNKNOWN, "")) | st.just((SiteLocality.UNKNOWN, "NEARBY"))


def mp_sites(codes: st.SearchStrategy[Any]) -> st.SearchStrategy[MpSite]:
    return st.builds(
        lambda site, master, word, http, https: MpSite(site, master, *word, http, https),
        codes,
        st.none() | codes,
        words,
        ports,
        ports,
    )


endpoints = build(Endpoint, st.sampled_from(Scheme), hosts, st.integers(1, 65535))
paths = st.sampled_from(["", "/", "/SMS_DP_SMSPKG$/ABC00001", '/a?b=c&d="<>'])
descriptions = build(
    SiteDescription,
    codes,
    version=st.sampled_from(["5.00.9106.1000"]),
    build=st.integers(0, 99_999),
    default_mp=st.none() | hosts,
    ssl_state=states,
    operational_settings=st.sampled_from(
        ["", '<ClientOperationalSettings a="&amp;"><B>c</B></ClientOperationalSettings>']
    ),
)
described = build(SiteDescriptions, some(descriptions))


def mps_of(host: HostName, site: SiteCode | None, audience: Audience, build: int | None, state: int | None) -> Any:
    return ManagementPoint(
        host, site, protocols=protocols_of_ssl_state(state), audience=audience, build=build, ssl_state=state
    )


enumerated = build(
    EnumeratedMp,
    st.builds(
        mps_of,
        hosts,
        st.none() | codes,
        st.sampled_from([Audience.INTRANET, Audience.INTERNET, Audience.BOTH]),
        st.none() | st.integers(0, 99_999),
        states,
    ),
    maybe,
)
update_points = build(
    WsusLocation, st.none() | codes, endpoints, st.sampled_from(["", "/a"]), st.none() | hosts, version=told
)
urls = build(ContentUrl, endpoints, paths, st.sampled_from(["", "http://dp/x.tar"]), told)


def sources(state: int | None, method: int | None, **known: Any) -> LocationRecord:
    stated = [(name, str(one)) for name, one in (("SSLState", state), ("AuthMethod", method)) if one is not None]
    return LocationRecord(ssl_state=state, auth_method=method, capabilities=tuple(stated), **known)


records = st.builds(
    sources,
    states,
    states,
    urls=st.lists(urls, max_size=3, unique=True).map(tuple),
    smb_path=told,
    ad_site=st.none() | said.map(AdSiteName),
    ip_subnets=some(networks),
    metric=told,
    build=st.none() | st.integers(0, 99_999),
    server=st.none() | hosts,
    dp_type=told,
    forest_trusted=maybe,
    locality=told,
)
packages = build(ClientPackage, st.none() | contents, *[told] * (len(ClientPackage._fields) - 1))
locations = build(
    ContentLocations,
    sites=some(build(ContentSite, mp_sites(st.none() | codes), some(records, 2)), 2),
    boundary_groups=st.none() | groups,
    client_package=st.none() | packages,
    hashes=st.lists(build(ContentHash, numbers, said, numbers), max_size=3, unique=True).map(tuple),
    package_flags=numbers,
    content_flags=numbers,
    exclude_file_list_hash=told,
    related_content=told,
)


ANSWERS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], str], Callable[[bytes], object]]] = {
    "content": (locations, build_content_location_reply, parse_content_location_reply),
    "update points": (
        build(WsusLocations, some(update_points)),
        build_wsus_location_reply,
        parse_wsus_location_reply,
    ),
    "site information": (described, build_site_information_reply, parse_site_information_reply),
    "assigned site": (described, build_assigned_site_reply, parse_assigned_site_reply),
    "local": (build(LocalMps, some(mp_sites(codes))), build_local_mp_reply, parse_local_mp_reply),
    "enumeration": (build(EnumeratedMps, some(enumerated)), build_enumerate_mps_reply, parse_enumerate_mps_reply),
}


@pytest.mark.parametrize("kind", ANSWERS)
@given(st.data())
def test_an_answer_that_is_written_is_read_back(kind: str, data: st.DataObject) -> None:
    values, write, read = ANSWERS[kind]
    value = data.draw(values)
    assert read(write(value).encode()) == value
