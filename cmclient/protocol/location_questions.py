"""What a client asks, read by a site: the counterpart of ``location_requests``, for the lab and for servers of tests.

Of what comes, more forms are taken than real clients send: domain and forest may stand beside the client's location,
as the vendor's library writes them.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar
from xml.etree.ElementTree import Element

from ..errors import InvalidValueError, MalformedReplyError
from ..model.content import ContentId, ContentKind, ContentOptions, ContentReference
from ..model.facts import Adapter
from ..model.messages import MpCategory
from ..model.names import AdSiteName, DnsDomain, SiteCode, shown_name
from ..model.questions import AskingAddress, AskingClient, LocationQuestion, QuestionKind
from .elements import (
    Problems,
    children,
    find_attribute,
    find_child,
    find_part,
    find_unknown,
    known_parts,
    parse_ip,
    parse_number,
    plain_attribute,
)
from .location_parts import MOST_PARTS, read_boundary_groups, read_flag
from .xmlsafe import local_name, parse_xml

__all__ = ["parse_location_question"]

_T = TypeVar("_T")
_WHERE = "location request"
_KINDS = {kind.value.lower(): kind for kind in QuestionKind}
_CONTENT_KINDS = {kind.value.lower(): kind for kind in ContentKind}

# The options of a content location request, by the attribute that says each.
_OPTIONS = {
    "DistributeOnDemand": "distribute_on_demand",
    "UseAzure": "cloud",
    "AllowWUMU": "microsoft_update",
    "UseInternetDP": "internet",
    "AllowHTTP": "http",
    "AllowSMB": "smb",
    "AllowMulticast": "multicast",
    "AllowSuperPeer": "peers",
    "DPTokenAuth": "tokens",
    "UseProtected": "protected",
    "AllowCaching": "caching",
}
_INFO = "ClientLocationInfo"
_KNOWN = known_parts(
    ". SchemaVersion ExcludeFileList BGRVersion ClientInOperation RequestType",
    "Package ID Version DeploymentFlags",
    "ClientPackage RequestForLatest DeploymentFlags PackageID Version",
    "Content ID Version",
    "AssignedSite SiteCode",
    "SiteCode Name Value",
    "Domain Name",
    "Forest Name",
    f"{_INFO} LocationType OnInternet BranchDPFlags AllowFileStreaming AllowRTSP {' '.join(_OPTIONS)}",
    *(f"{_INFO}/{name} Name" for name in ("ADSite", "Forest", "Domain")),
    f"{_INFO}/IPAddresses/IPAddress SubnetAddress Address",
    f"{_INFO}/Adapters/Adapter Name IfType PhysicalAddressExists DnsSuffix Description",
    f"{_INFO}/BoundaryGroups BoundaryGroupListRetrieveTime IsOnVPN",
    f"{_INFO}/BoundaryGroups/BoundaryGroup GroupID GroupGUID GroupFlag",
    f"{_INFO}/BoundaryGroups/DOINCServers/DOINCServer DOINCServer",
)


def parse_location_question(document: bytes) -> LocationQuestion:
    """Read a location request of any kind.

    What cannot be used is left out and told in ``problems``, and so is what the kind of question needs and does not
    have.

    Args:
        document: The body of a message: UTF-8 or UTF-16.

    Raises:
        MalformedReplyError: It is no location request that anyone has seen.
        UnsafeXmlError: It is refused for what it could do.
    """
    root, problems = parse_xml(document, where=_WHERE), Problems()
    kind = _KINDS.get(local_name(root.tag).lower())
    if kind is None:
        found = shown_name(local_name(root.tag))
        raise MalformedReplyError(f"the message is no {_WHERE}: its root is '{found}'", where=_WHERE)
    info = find_child(root, _INFO)
    asked = LocationQuestion(
        kind,
        client=_client(root, info, problems),
        assigned_site=problems.read(SiteCode, _stated(root, "AssignedSite", "SiteCode"), where="AssignedSite"),
    )
    asked = _ASKED[kind](asked, root, info, problems)
    return asked._replace(problems=problems.found, unknown=find_unknown(root, _KNOWN))


# Who asks


def _client(root: Element, info: Element | None, problems: Problems) -> AskingClient:
    addresses = children(find_child(info, "IPAddresses"), "IPAddress")
    adapters = children(find_child(info, "Adapters"), "Adapter")
    read = (_address(one, problems) for one in problems.first(addresses, MOST_PARTS, where="addresses"))
    domain, forest = (_stated(info, name, "Name") or _stated(root, name, "Name") for name in ("Domain", "Forest"))
    return AskingClient(
        ad_site=problems.read(AdSiteName, _stated(info, "ADSite", "Name"), where="ADSite"),
        forest=problems.read(DnsDomain, forest, where="Forest"),
        domain=problems.read(DnsDomain, domain, where="Domain"),
        addresses=tuple(one for one in read if one is not None),
        adapters=tuple(_adapter(one, problems) for one in problems.first(adapters, MOST_PARTS, where="adapters")),
        on_internet=read_flag(find_attribute(info, "OnInternet"), problems, where=_INFO),
        boundary_groups=read_boundary_groups(find_child(info, "BoundaryGroups"), problems),
    )


def _address(holder: Element, problems: Problems) -> AskingAddress | None:
    address = problems.read(parse_ip, find_attribute(holder, "Address"), where="IPAddress")
    network = problems.read(parse_ip, find_attribute(holder, "SubnetAddress"), where="IPAddress")
    return None if address is None else AskingAddress(address, network)


def _adapter(holder: Element, problems: Problems) -> Adapter:
    return Adapter(
        plain_attribute(holder, "Name"),
        description=plain_attribute(holder, "Description"),
        dns_suffix=plain_attribute(holder, "DnsSuffix"),
        if_type=problems.read(parse_number, find_attribute(holder, "IfType"), where="Adapter"),
        has_hardware_address=read_flag(find_attribute(holder, "PhysicalAddressExists"), problems, where="Adapter"),
    )


# What is asked

_Ask = Callable[[LocationQuestion, Element, Element | None, Problems], LocationQuestion]


def _content(asked: LocationQuestion, root: Element, info: Element | None, problems: Problems) -> LocationQuestion:
    options = {
        name: read_flag(find_attribute(info, attribute), problems, where=attribute)
        for attribute, name in _OPTIONS.items()
    }
    said = ContentOptions(**{name: value for name, value in options.items() if value is not None})
    aware = find_attribute(root, "BGRVersion") is not None
    in_operation = find_attribute(root, "ClientInOperation") is not None
    asked = asked._replace(options=said, wants_boundary_groups=aware, in_operation=in_operation)
    if (package := find_child(root, "ClientPackage")) is not None:
        newest = read_flag(find_attribute(package, "RequestForLatest"), problems, where="ClientPackage")
        return asked._replace(client_package=True, newest_client=bool(newest))
    kind = problems.read(_parse_content_kind, find_attribute(info, "LocationType"), where=_INFO)
    reference = _reference(root, "Package", problems)
    return asked._replace(content=reference and reference._replace(kind=kind or ContentKind.PACKAGE))


def _update_points(
    asked: LocationQuestion, root: Element, _info: Element | None, problems: Problems
) -> LocationQuestion:
    return asked._replace(content=_reference(root, "Content", problems))


def _site(asked: LocationQuestion, root: Element, _info: Element | None, problems: Problems) -> LocationQuestion:
    return asked._replace(site=_needed(SiteCode, find_part(root, "SiteCode"), problems, where="SiteCode"))


def _category(asked: LocationQuestion, root: Element, info: Element | None, problems: Problems) -> LocationQuestion:
    category = _needed(_parse_category, find_attribute(root, "RequestType"), problems, where="RequestType")
    return _site(asked, root, info, problems)._replace(category=category)


def _nothing_more(
    asked: LocationQuestion, _root: Element, _info: Element | None, _problems: Problems
) -> LocationQuestion:
    return asked


_ASKED: Mapping[QuestionKind, _Ask] = {
    QuestionKind.CONTENT: _content,
    QuestionKind.UPDATE_POINTS: _update_points,
    QuestionKind.SITE_INFORMATION: _site,
    QuestionKind.ASSIGNED_SITE: _nothing_more,
    QuestionKind.LOCAL_MPS: _nothing_more,
    QuestionKind.ENUMERATE_MPS: _category,
}


def _reference(root: Element, name: str, problems: Problems) -> ContentReference | None:
    holder = find_child(root, name)
    content = _needed(ContentId, find_attribute(holder, "ID"), problems, where=name)
    if content is None:
        return None
    version = problems.read(parse_number, find_attribute(holder, "Version"), where=name)
    return ContentReference(
        content,
        version=1 if version is None else version,
        deployment_flags=problems.read(parse_number, find_attribute(holder, "DeploymentFlags"), where=name),
    )


def _parse_content_kind(text: str) -> ContentKind:
    if text.lower() not in _CONTENT_KINDS:
        raise InvalidValueError("location type", text, "it is SMSPackage or SMSUpdate")
    return _CONTENT_KINDS[text.lower()]


def _parse_category(text: str) -> MpCategory:
    try:
        return MpCategory(parse_number(text))
    except ValueError as error:
        raise InvalidValueError("request type", text, "it is a number from 0 to 3") from error


def _stated(holder: Element | None, name: str, attribute: str) -> str | None:
    """The attribute of a child that is there for it alone."""
    return find_attribute(find_child(holder, name), attribute)


def _needed(read: Callable[[str], _T], text: str | None, problems: Problems, *, where: str) -> _T | None:
    """A value without which the question is none; that it is missing is told."""
    if not text:
        problems.note(f"{where} is missing")
    return problems.read(read, text, where=where)
