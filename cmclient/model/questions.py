"""Location requests as a site receives them: what is asked, and where the one is who asks."""

from enum import Enum
from typing import NamedTuple

from .content import ClientBoundaryGroups, ContentOptions, ContentReference
from .facts import Adapter
from .messages import MpCategory
from .names import AdSiteName, DnsDomain, SiteCode

__all__ = ["AskingAddress", "AskingClient", "LocationQuestion", "QuestionKind"]


class QuestionKind(Enum):
    """What is asked; the value is the root of the request."""

    CONTENT = "ContentLocationRequest"
    """Where content is, or the client package."""
    UPDATE_POINTS = "WSUSLocationRequest"
    """Where software update points are."""
    SITE_INFORMATION = "SiteInformationRequest"
    """What a site is."""
    ASSIGNED_SITE = "AssignedSiteRequest"
    """To which site a client belongs."""
    LOCAL_MPS = "LocalMPLocationRequest"
    """Which sites serve a client where it is."""
    ENUMERATE_MPS = "EnumerateMPLocationRequest"
    """The management points of a category."""


class AskingAddress(NamedTuple):
    """An address of the client that asks.

    Attributes:
        address: IPv4 or IPv6 address in its usual text form.
        network: Its network id; None when not sent, or not readably.
    """

    address: str
    network: str | None = None


class AskingClient(NamedTuple):
    """What a request says of the client. Unknown stays unknown.

    Attributes:
        ad_site: Its AD site; None when not sent, or not readably.
        forest: Its forest; None likewise.
        domain: Its domain; None likewise.
        addresses: In the order sent; may be empty.
        adapters: Its connections, without addresses, in the order sent; may be empty.
        on_internet: Whether it is on the internet; None when it does not say.
        boundary_groups: Its boundary groups as the site told it before; None when it does not speak of them.
    """

    ad_site: AdSiteName | None = None
    forest: DnsDomain | None = None
    domain: DnsDomain | None = None
    addresses: tuple[AskingAddress, ...] = ()
    adapters: tuple[Adapter, ...] = ()
    on_internet: bool | None = None
    boundary_groups: ClientBoundaryGroups | None = None


class LocationQuestion(NamedTuple):
    """A location request. What belongs to another kind of question is None.

    Attributes:
        kind: What is asked.
        client: Where the client is.
        assigned_site: Its assigned site; None when not sent, or not readably.
        site: The site that is asked about; None likewise.
        category: Which management points are to be enumerated; None likewise.
        content: The content, or update source, that is wanted; None likewise, and for the client package.
        client_package: Whether the client package is wanted.
        newest_client: Whether it is to be the newest one, and not the one in production.
        options: Which sources the client can use; None when no content is asked for.
        wants_boundary_groups: Whether the answer to a content location request is to name the client's boundary groups.
        in_operation: Whether a content location request says for how long the client is in operation, as those of
            clients do that look for content for themselves.
        problems: What could not be used, a sentence each.
        unknown: Paths of elements and attributes that nobody knows, each once.
    """

    kind: QuestionKind
    client: AskingClient = AskingClient()
    assigned_site: SiteCode | None = None
    site: SiteCode | None = None
    category: MpCategory | None = None
    content: ContentReference | None = None
    client_package: bool = False
    newest_client: bool = False
    options: ContentOptions | None = None
    wants_boundary_groups: bool = False
    in_operation: bool = False
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
