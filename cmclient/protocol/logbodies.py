"""Documents and lists that stand in log lines: location requests and answers, sources, reports, statistics."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from ..errors import InvalidValueError, ProtocolError
from ..model.content import ContentLocations
from ..model.facts import Adapter, InterfaceAddress, NetworkFacts, parse_address
from ..model.names import AdSiteName, DnsDomain, SiteCode, shown_name
from ..model.story import LoggedSource
from .content_replies import parse_content_location_reply
from .elements import Problems, children, find_attribute, parse_number, plain_attribute
from .location_replies import parse_site_information_reply, parse_wsus_location_reply
from .mplist import parse_ssl_state
from .xmlsafe import find_local, iter_local, parse_xml

__all__ = [
    "Body",
    "read_instance",
    "read_kept",
    "read_reply",
    "read_report",
    "read_request",
    "read_source",
    "read_statistics",
]

_MOST_ADDRESS = 2048  # characters of an address
_MOST_TEXT = 256  # characters of a value that is kept
_MOST_LINE = 16 * 1024  # characters of a line that is no document; real ones have some 500
_MOST_PARTS = 50  # adapters, addresses, groups or hosts of one document that are kept
_MOST_KEPT = 1_000  # sources of one list; a content is on some hundred servers
_ROOT = re.compile(r"<(\w+)[\s/>]")
_PROLOGUE = re.compile(r"^\s*<\?xml[^>]{0,200}\?>\s*")
_PAIR = re.compile(r"(\w+)\s*=\s*'((?:[^']|'(?!\s*(?:,|$)))*)'")  # a value may hold quotes of its own
_INSTANCE = re.compile(r'(\w+) = (?:"([^"]*)"|(\w+));')
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")  # where a word of a name begins
_KEPT = re.compile(r"\(([A-Za-z]\w*)\)\s+(\S+)")
_TOPIC = re.compile(r'<Topic ID="([^"]*)" Type="(\d+)"')
_STATE = re.compile(r'<State ID="(\d+)"')
_FLAGS = ("LocationType", "UseProtected", "UseAzure", "UseInternetDP", "AllowHTTP", "AllowSMB", "AllowMulticast")
_MORE_FLAGS = ("AllowWUMU", "AllowSuperPeer", "AllowCaching", "DistributeOnDemand", "DPTokenAuth")


class Body(NamedTuple):
    """What a document in a log line says.

    Attributes:
        details: Its values by name.
        facts: What it says of the client; None when it says nothing.
        sources: Sources that it names, in its order.
        reply: The whole answer, for an answer to a content location request.
    """

    details: Mapping[str, str] = {}
    facts: NetworkFacts | None = None
    sources: tuple[LoggedSource, ...] = ()
    reply: ContentLocations | None = None


def read_request(text: str, origin: str) -> Body:
    """Read a content location request, or the part of any document that describes the client.

    Args:
        text: The document; text after it is left out.
        origin: Where it stands, for the facts.
    """
    try:
        root = parse_xml(_document(text), where="the request")
    except ProtocolError as error:
        return Body({"unread": error.message})
    details: dict[str, str] = {}
    package, info = find_local(root, "Package"), find_local(root, "ClientLocationInfo")
    details["content"] = plain_attribute(package, "ID")
    details["version"] = plain_attribute(package, "Version")
    details["site"] = plain_attribute(find_local(root, "AssignedSite"), "SiteCode")
    for flag in (*_FLAGS, *_MORE_FLAGS):
        details[_snake(flag)] = plain_attribute(info, flag)
    groups = find_local(root, "BoundaryGroups")
    ids = [plain_attribute(group, "GroupID") for group in children(groups, "BoundaryGroup")][:_MOST_PARTS]
    details["boundary_groups"] = ", ".join(ids)
    details["boundary_groups_told"] = plain_attribute(groups, "BoundaryGroupListRetrieveTime")
    details["on_vpn"] = plain_attribute(groups, "IsOnVPN")
    details["ad_site"] = plain_attribute(find_local(root, "ADSite"), "Name")
    details["forest"] = plain_attribute(find_local(root, "Forest"), "Name")
    details["domain"] = plain_attribute(find_local(root, "Domain"), "Name")
    addresses = [plain_attribute(one, "Address") for one in iter_local(root, "IPAddress")][:_MOST_PARTS]
    subnets = [plain_attribute(one, "SubnetAddress") for one in iter_local(root, "IPAddress")][:_MOST_PARTS]
    details["addresses"], details["subnets"] = ", ".join(addresses), ", ".join(dict.fromkeys(subnets))
    return Body({name: value for name, value in details.items() if value}, _facts(root, details, origin))


def _facts(root: Element, said: Mapping[str, str], origin: str) -> NetworkFacts | None:
    problems = Problems()
    addresses = tuple(
        address
        for one in list(iter_local(root, "IPAddress"))[:_MOST_PARTS]
        if (address := problems.read(_parse_bare_address, find_attribute(one, "Address"), where="the client"))
    )
    adapters = tuple(_adapter(one, said) for one in list(iter_local(root, "Adapter"))[:_MOST_PARTS])
    if addresses and not adapters:
        adapters = (Adapter("as logged"),)
    if adapters:  # which address is whose is not said
        adapters = (adapters[0]._replace(addresses=addresses), *adapters[1:])
    found = {
        "domain": problems.read(DnsDomain, said["domain"], where="the client"),
        "forest": problems.read(DnsDomain, said["forest"], where="the client"),
        "ad_site": problems.read(AdSiteName, said["ad_site"], where="the client"),
        "assigned_site": problems.read(SiteCode, said["site"], where="the client"),
        "adapters": adapters,
    }
    known: dict[str, Any] = {name: value for name, value in found.items() if value}
    return NetworkFacts(**known, origins=dict.fromkeys(known, origin)) if known else None


def _adapter(element: Element, said: Mapping[str, str]) -> Adapter:
    problems = Problems()
    return Adapter(
        name=plain_attribute(element, "Name") or "as logged",
        description=plain_attribute(element, "Description"),
        dns_suffix=plain_attribute(element, "DnsSuffix"),
        is_vpn={"0": False, "1": True}.get(said.get("on_vpn", "")),
        if_type=problems.read(parse_number, find_attribute(element, "IfType"), where="an adapter"),
        has_hardware_address={"0": False, "1": True}.get(find_attribute(element, "PhysicalAddressExists") or ""),
    )


def _parse_bare_address(text: str) -> InterfaceAddress:
    """An address; pages mask some, as in 192.X.X.X. Its prefix is not said: the subnet alone does not tell it."""
    if "/" in text:
        raise InvalidValueError("network address", text, "a log gives it without a prefix")
    return parse_address(text)


def read_reply(text: str) -> Body:
    """Read an answer of a management point; of one that cannot be read, why not."""
    opened = _ROOT.search(text)
    root = opened[1] if opened else ""
    document = _document(text)
    try:
        match root:
            case "ContentLocationReply":
                return _content_body(parse_content_location_reply(document))
            case "WSUSLocationReply":
                found = parse_wsus_location_reply(document).locations
                sources = tuple(LoggedSource(one.endpoint.url(one.path), version=one.version) for one in found)
                return Body({"root": root}, sources=sources)
            case "SiteInfoReply":
                sites = [one.site_code for one in parse_site_information_reply(document).sites if one.site_code]
                return Body({"root": root, "sites": ", ".join(sites)})
            case _:
                return Body({"root": root})
    except ProtocolError as error:
        return Body({"root": root, "unread": error.message})


def _content_body(reply: ContentLocations) -> Body:
    sources = tuple(
        LoggedSource(
            url=url.endpoint.url(url.path),
            locality=record.locality,
            version="" if record.build is None else str(record.build),
            ssl_state=record.ssl_state,
            auth_method=record.auth_method,
            forest_trusted=record.forest_trusted,
            dp_type=record.dp_type,
            signature=url.signature,
        )
        for site in reply.sites
        for record in site.records
        for url in record.urls
    )
    groups = () if reply.boundary_groups is None else reply.boundary_groups.groups
    details = {
        "root": "ContentLocationReply",
        "sites": ", ".join(dict.fromkeys(site.site.site_code or "?" for site in reply.sites)),
        "site_locality": ", ".join(dict.fromkeys(site.site.locality_text for site in reply.sites)),
        "records": str(sum(len(site.records) for site in reply.sites)),
        "boundary_groups": ", ".join(group.id for group in groups),
    }
    return Body({name: value for name, value in details.items() if value}, sources=sources, reply=reply)


def read_source(text: str) -> LoggedSource | None:
    """Read a line ``Distribution Point='...', Locality='...', ...``; None when it names no address."""
    said = {name.lower(): value for name, value in reversed(_PAIR.findall(f"url='{text[:_MOST_LINE]}"))}
    if not said.get("url"):
        return None
    can = said.get("capabilities", "")
    return LoggedSource(
        url=_shown(said["url"], most=_MOST_ADDRESS),
        locality=_shown(said.get("locality", "")),
        version=_shown(said.get("version", "")),
        ssl_state=_property(can, "SSLState"),
        auth_method=_property(can, "AuthMethod"),
        forest_trusted={"TRUE": True, "FALSE": False}.get(said.get("foresttrust", "").upper()),
        dp_type=_shown(said.get("dptype", "")),
        signature=_shown(said.get("signature", ""), most=_MOST_ADDRESS),
    )


def _property(capabilities: str, name: str) -> int | None:
    found = re.search(rf'Name="{name}"\s+Value="([^"]*)"', capabilities)
    return Problems().read(parse_ssl_state, found[1] if found else None, where=name)


def read_kept(text: str) -> tuple[LoggedSource, ...]:
    """Read sources written as ``(LOCALITY) address``, one after the other."""
    found = _KEPT.findall(text)[:_MOST_KEPT]
    return tuple(LoggedSource(_shown(url, most=_MOST_ADDRESS), _shown(locality)) for locality, url in found)


def read_instance(text: str) -> Mapping[str, str]:
    """Read the values of an event of Windows management, written as ``Name = "value";``."""
    pairs = _INSTANCE.findall(" ".join(text[:_MOST_LINE].split()))[:_MOST_PARTS]
    return {_snake(name): _shown(quoted or bare) for name, quoted, bare in pairs}


def read_report(text: str) -> Mapping[str, str]:
    """Read the topic and the state of a report of state messages, damaged or not."""
    details: dict[str, str] = {}
    topic, state = _TOPIC.search(text), _STATE.search(text)
    if topic is not None:
        details["topic_id"], details["topic_type"] = _shown(topic[1]), topic[2]
    if state is not None:
        details["state_id"] = state[1]
    try:
        parse_xml(_document(text), where="the report")
    except ProtocolError as error:
        details["unread"] = error.message
    return details


def read_statistics(text: str) -> Body:
    """Read how many bytes came from whom."""
    try:
        root = parse_xml(_document(text), where="the download statistics")
    except ProtocolError as error:
        return Body({"unread": error.message})
    groups = list(iter_local(root, "BoundaryGroup"))[:_MOST_PARTS]
    caches = [plain_attribute(one, "DOINCServer") for one in iter_local(root, "DOINCServer")][:_MOST_PARTS]
    details = {
        "boundary_groups": ", ".join(plain_attribute(group, "GroupID") for group in groups),
        "boundary_group_guids": ", ".join(plain_attribute(group, "GroupGUID") for group in groups),
        "boundary_group_flags": ", ".join(plain_attribute(group, "GroupFlag") for group in groups),
        "connected_caches": ", ".join(caches),
    }
    for host in list(iter_local(root, "Host"))[:_MOST_PARTS]:
        details[f"bytes from {plain_attribute(host, 'HostName')}"] = " and ".join(_sizes(host))
    return Body({name: value for name, value in details.items() if value})


def _sizes(host: Element) -> Iterator[str]:
    for content in list(iter_local(host, "Content"))[:_MOST_PARTS]:
        yield plain_attribute(content, "BytesDownloaded")


def _document(text: str) -> bytes:
    """The document at the beginning of a text, without what follows it and without a declaration of its encoding."""
    text = _PROLOGUE.sub("", text, count=1).lstrip()
    root = _ROOT.match(text)
    ending = f"</{root[1]}>" if root else ""
    end = text.rfind(ending) if ending else -1
    return (text if end < 0 else text[: end + len(ending)]).encode()


def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower()


def _shown(text: str, most: int = _MOST_TEXT) -> str:
    return shown_name(text.strip(), most=most)
