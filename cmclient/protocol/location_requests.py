"""What a client asks a management point about sites, management points, content and update servers.

Requests with a sample are byte for byte like it. Of the others only the names of the parts are known (``AssignedSite``,
``LocalMPLocation`` and ``EnumerateMPLocation``); they are put together in the way of the known ones.
"""

from collections.abc import Iterator
from enum import Enum

from ..model.content import ClientBoundaryGroups, ContentId, ContentOptions, ContentReference
from ..model.facts import NetworkFacts
from ..model.messages import MpCategory
from ..model.names import SiteCode
from ..model.rule import decides
from .clientinfo import build_client_info
from .markup import element, flag, quoted

__all__ = [
    "RequestStyle",
    "build_assigned_site_request",
    "build_boundary_groups",
    "build_client_package_request",
    "build_content_location_request",
    "build_enumerate_mps_request",
    "build_local_mp_request",
    "build_site_information_request",
    "build_wsus_location_request",
]

_SCHEMA = 'SchemaVersion="1.00"'
_SETUP_FLAGS = 4098  # deployment flags of the client package; the only ones seen


class RequestStyle(Enum):
    """Which client's content location requests ours look like; the newer one asks for more kinds of source."""

    CLIENT_2012 = "2012"
    CLIENT_2021 = "2021"


_OPTIONS = {
    RequestStyle.CLIENT_2012: (
        "DistributeOnDemand",
        "UseAzure",
        "AllowWUMU",
        "UseProtected",
        "AllowCaching",
        "BranchDPFlags",
        "UseInternetDP",
        "AllowHTTP",
        "AllowSMB",
        "AllowMulticast",
    ),
    RequestStyle.CLIENT_2021: (
        "DistributeOnDemand",
        "UseAzure",
        "AllowWUMU",
        "UseInternetDP",
        "AllowHTTP",
        "AllowSMB",
        "AllowMulticast",
        "AllowSuperPeer",
        "DPTokenAuth",
    ),
}
_SETUP_OPTIONS = (
    "DistributeOnDemand",
    "UseProtected",
    "AllowCaching",
    "BranchDPFlags",
    "AllowHTTP",
    "AllowSMB",
    "AllowMulticast",
    "UseAzure",
    "DPTokenAuth",
    "UseInternetDP",
)
_ONLY_WHEN_SO = frozenset({"AllowSuperPeer", "DPTokenAuth"})  # seen as 1 only


# Sites and management points


def build_site_information_request(site: SiteCode) -> str:
    """Write the question what a site is: version, management point, client operational settings."""
    return f'<SiteInformationRequest {_SCHEMA}><SiteCode Name="{site}"/></SiteInformationRequest>'


def build_assigned_site_request(facts: NetworkFacts, *, on_internet: bool = False) -> str:
    """Write the question to which site a client belongs that is where this one is."""
    info = build_client_info(facts, assigned_site=None, attributes={"OnInternet": flag(on_internet)})
    return f"<AssignedSiteRequest {_SCHEMA}>{info}</AssignedSiteRequest>"


@decides("ML-039")
def build_local_mp_request(facts: NetworkFacts, *, assigned_site: SiteCode | None) -> str:
    """Write the question which sites serve a client where it is, and how they lie to it.

    A package is known to be a part of it as well; what it is for is not, so there is none.
    """
    info = build_client_info(facts, assigned_site=assigned_site)
    return f"<LocalMPLocationRequest {_SCHEMA}>{info}</LocalMPLocationRequest>"


def build_enumerate_mps_request(facts: NetworkFacts, *, category: MpCategory, site: SiteCode) -> str:
    """Write the question for the management points of a category.

    Args:
        facts: What is known of the client.
        category: Which of them.
        site: The site whose they are. Written as a site information request writes it.
    """
    info = build_client_info(facts, assigned_site=None)
    inside = f'<SiteCode Name="{site}"/>{info}'
    return f'<EnumerateMPLocationRequest {_SCHEMA} RequestType="{category}">{inside}</EnumerateMPLocationRequest>'


def build_wsus_location_request(
    facts: NetworkFacts, *, content: ContentId, version: int, assigned_site: SiteCode, on_internet: bool = False
) -> str:
    """Write the question for software update points.

    Args:
        facts: What is known of the client.
        content: The update source, as policy names it.
        version: Its version, from policy too.
        assigned_site: The client's site.
        on_internet: Whether the client is on the internet.
    """
    info = build_client_info(facts, assigned_site=assigned_site, attributes={"OnInternet": flag(on_internet)})
    wanted = f'<Content ID="{content}" Version="{version}"/>'
    return f"<WSUSLocationRequest {_SCHEMA}>{wanted}{info}</WSUSLocationRequest>"


# Content


def build_content_location_request(
    facts: NetworkFacts,
    *,
    content: ContentReference,
    assigned_site: SiteCode,
    options: ContentOptions,
    boundary_groups: ClientBoundaryGroups | None = None,
    style: RequestStyle = RequestStyle.CLIENT_2021,
    in_operation: bool = True,
) -> str:
    """Write the question where content is.

    Args:
        facts: What is known of the client.
        content: The content.
        assigned_site: The client's site.
        options: Which sources the client can use; those that the style has no attribute for are not spoken of.
        boundary_groups: What the site said before, repeated; an empty list says that the client is in none. None when
            it has not said anything yet.
        style: Which client's requests it looks like.
        in_operation: Say that the client has just begun, as newer clients do that look for themselves; a task sequence
            does not look like one, and how its requests look is not known.
    """
    flags = "" if content.deployment_flags is None else f' DeploymentFlags="{content.deployment_flags}"'
    package = f'<Package ID="{content.id}" Version="{content.version}"{flags}/>'
    info = build_client_info(
        facts,
        assigned_site=assigned_site,
        attributes={"LocationType": content.kind.value, **dict(_written_options(options, _OPTIONS[style]))},
        boundary_groups="" if boundary_groups is None else build_boundary_groups(boundary_groups),
    )
    newer = style is RequestStyle.CLIENT_2021
    root = f'{_SCHEMA} BGRVersion="1"' if newer else _SCHEMA
    root += ' ClientInOperation="PT0M"' if newer and in_operation else ""
    return f'<ContentLocationRequest {root} ExcludeFileList="">{package}{info}</ContentLocationRequest>'


def build_client_package_request(
    facts: NetworkFacts, *, assigned_site: SiteCode, options: ContentOptions, latest: bool = False
) -> str:
    """Write the question of client setup: where is the client package?

    Args:
        facts: What is known of the client.
        assigned_site: The site that it is to be assigned to.
        options: Which sources setup can use.
        latest: Ask for the newest client instead of the one in production. Nobody has seen this asked for.
    """
    attributes = {"LocationType": "SMSPACKAGE", **dict(_written_options(options, _SETUP_OPTIONS))}
    info = build_client_info(facts, assigned_site=None, attributes=attributes)
    package = f'<ClientPackage RequestForLatest="{flag(latest)}" DeploymentFlags="{_SETUP_FLAGS}"/>'
    site = f'<AssignedSite SiteCode="{assigned_site}"/>'
    # Two blanks, and a line for each element: setup fills in a template.
    return _indented(
        f'<ContentLocationRequest {_SCHEMA}  BGRVersion="1">{site}{package}{info}</ContentLocationRequest>'
    )


@decides("CL-047")
def _written_options(options: ContentOptions, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The attributes of a style that say which sources the client can use, in their order."""
    said = {
        "DistributeOnDemand": options.distribute_on_demand,
        "UseAzure": options.cloud,
        "AllowWUMU": options.microsoft_update,
        "UseProtected": options.protected,
        "AllowCaching": options.caching,
        "BranchDPFlags": False,
        "UseInternetDP": options.internet,
        "AllowHTTP": options.http,
        "AllowSMB": options.smb,
        "AllowMulticast": options.multicast,
        "AllowSuperPeer": options.peers,
        "DPTokenAuth": options.tokens,
    }
    return ((name, flag(said[name])) for name in names if said[name] or name not in _ONLY_WHEN_SO)


@decides("CF-043")
def build_boundary_groups(known: ClientBoundaryGroups) -> str:
    """Write what a site said of a client's boundary groups; for a client in none the list is empty, and there.

    A request repeats it as the answer before had it.
    """
    groups = "".join(
        element("BoundaryGroup", {"GroupID": group.id, "GroupGUID": group.guid, "GroupFlag": group.flag or None})
        for group in known.groups
    )
    caches = "".join(element("DOINCServer", {"DOINCServer": server}) for server in known.connected_caches)
    vpn = "" if known.on_vpn is None else f' IsOnVPN="{flag(known.on_vpn)}"'
    inside = groups + (element("DOINCServers", inside=caches) if caches else "")
    return f"<BoundaryGroups BoundaryGroupListRetrieveTime={quoted(known.retrieved)}{vpn}>{inside}</BoundaryGroups>"


def _indented(text: str) -> str:
    """An element a line, children two blanks further in. No value has a ``>`` of its own: they are escaped."""
    depth, lines = 0, []
    for line in text.replace("><", ">\n<").split("\n"):
        depth -= line.startswith("</")
        lines.append("  " * depth + line)
        depth += not line.startswith("</") and not line.endswith("/>")
    return "\n".join(lines)
