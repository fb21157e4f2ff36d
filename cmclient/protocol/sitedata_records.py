"""What files of boundary data say, record by record, before it is put together; with everything that is wrong in it."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

from ..errors import InvalidValueError
from ..model.boundary import Boundary, BoundaryKind
from ..model.groups import BoundaryGroup, DataFault, HierarchySite, Relationship, SiteServer
from ..model.names import HostName, SiteCode
from ..model.rule import decides

__all__ = [
    "MOST_MINUTES",
    "MOST_ROWS",
    "BoundaryCheck",
    "Link",
    "Member",
    "Place",
    "Records",
    "Reference",
    "checked_text",
    "network_id",
    "quoted",
]

MOST_MINUTES = 60 * 24 * 365  # of a fallback time: a year; the product's own limit is not documented
MOST_ROWS = 1_000_000
"""Of one file, or lines of it: a few megabytes of empty rows would take minutes and gigabytes. The largest hierarchies
have a tenth of that."""
_MOST_FAULTS = 10_000  # that are listed, and as many notes: what nobody would read must not fill the memory
_MOST_TEXT = 4096  # characters of one text; the longest that means something has a few hundred
_MOST_QUOTED = 60  # characters of a wrong text that are shown

BoundaryCheck = Callable[[Boundary], None]
"""Raises InvalidValueError for a boundary whose value cannot be one of its kind."""


class Place(NamedTuple):
    """Where a record stands.

    Attributes:
        file: The file.
        row: Where in it, in words.
    """

    file: str
    row: str


class Member(NamedTuple):
    """A boundary that is in a group; field is where that is said."""

    place: Place
    field: str
    group: str
    boundary: str


class Reference(NamedTuple):
    """A server that a group references, and the site that it was said to belong to."""

    place: Place
    field: str
    group: str
    host: HostName
    site: SiteCode | None = None


class Link(NamedTuple):
    """A relationship of a group; one of a default group to itself holds the times of its default behaviour."""

    place: Place
    field: str
    group: str
    relationship: Relationship


class Records:
    """Records of any number of files, and what is wrong in them.

    The second of two with the same identifier is left out at once; whether what a record names is there is for
    whoever puts the records together.

    Attributes:
        boundaries: Every boundary by identifier.
        groups: Every group by identifier; with nothing in it yet.
        lost: What was there and is left out, as ``boundary`` or ``boundary group`` and the identifier.
    """

    def __init__(self, check: BoundaryCheck | None) -> None:
        self.boundaries: dict[str, Boundary] = {}
        self.groups: dict[str, BoundaryGroup] = {}
        self.members: list[Member] = []
        self.references: list[Reference] = []
        self.links: list[Link] = []
        self.servers: list[SiteServer] = []
        self.sites: dict[SiteCode, HierarchySite] = {}
        self.fallback_site: SiteCode | None = None
        self.prefers_group_mps = False
        self.lost: set[tuple[str, str]] = set()
        self.faults: list[DataFault] = []
        self.notes: list[str] = []
        self.unlisted_faults = self.unlisted_notes = 0
        self._check = check
        self._ad_sites: dict[str, str] = {}

    def fault(self, place: Place, field: str, problem: str, left_out: str = "") -> None:
        """Keep a fault."""
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(DataFault(place.file, place.row, field, problem, left_out))
        else:
            self.unlisted_faults += 1

    def note(self, place: Place, field: str, text: str) -> None:
        """Keep something that is no fault, and that a person should know."""
        if len(self.notes) < _MOST_FAULTS:
            self.notes.append(str(DataFault(place.file, place.row, field, text)))
        else:
            self.unlisted_notes += 1

    def add_boundary(self, place: Place, field: str, boundary: Boundary) -> None:
        """Keep a boundary, its value in the form in which it is compared; field is where that value stands."""
        what = f"boundary {quoted(boundary.id)}"
        if boundary.id in self.boundaries:
            self.fault(place, "", f"is the second {what}", f"the second {what}")
            return
        try:
            stored = boundary._replace(value=self._stored(boundary))
            if self._check is not None:
                self._check(stored)
        except InvalidValueError as error:
            self.fault(place, field, error.message, what)
            self.lose("boundary", boundary.id)
            return
        if stored.value != boundary.value:
            self.note(place, field, f"{quoted(boundary.value)} is read as {quoted(stored.value)}")
        self.boundaries[boundary.id] = stored

    def add_group(self, place: Place, group: BoundaryGroup) -> bool:
        """Keep a group, and say whether it is kept: there may be one of that identifier already."""
        earlier = self.groups.setdefault(group.id, group)
        if earlier is group:
            return True
        if earlier != group or group.default_of is None:  # lists of groups and of default groups may overlap
            what = f"boundary group {quoted(group.id)}"
            self.fault(place, "", f"is the second {what}", f"the second {what}")
        return False

    def add_site(self, place: Place, site: HierarchySite) -> None:
        """Keep a site."""
        if site.code in self.sites:
            self.fault(place, "", f"is the second site {site.code}", f"the second site {site.code}")
        self.sites.setdefault(site.code, site)

    def lose(self, what: str, identifier: str) -> None:
        """Remember that a ``boundary`` or ``boundary group`` was there and is left out."""
        self.lost.add((what, identifier))

    def _stored(self, boundary: Boundary) -> str:
        """The value as it is compared; of an AD site that is its name alone, as it was spelled first."""
        value = boundary.value.strip()
        if boundary.kind is BoundaryKind.IP_SUBNET:
            return network_id(value)
        if boundary.kind is BoundaryKind.AD_SITE:
            return self._ad_sites.setdefault(value.casefold(), value)
        return value


@decides("BD-002")
def network_id(entered: str) -> str:
    """What is kept of a subnet boundary: the network id, without the mask with which it may have been entered.

    Raises:
        InvalidValueError: It has a mask and is no network. What has no mask is given back as it is: whether it is the
            id of a network, or of a larger one than was meant, cannot be told without one.
    """
    if "/" not in entered:
        return entered
    try:
        network = IPv4Network(entered, strict=False)
    except ValueError as error:
        reason = "it is an IPv4 network, as in 10.1.2.0 or 10.1.2.0/24"
        raise InvalidValueError("subnet boundary", entered, reason) from error
    if IPv4Address(entered.partition("/")[0]) != network.network_address:
        reason = f"bits are set beyond its mask; the network id is {network.network_address}"
        raise InvalidValueError("subnet boundary", entered, reason)
    return str(network.network_address)


def checked_text(text: str) -> str:
    """The text, if it is fit to be kept.

    Raises:
        InvalidValueError: It is longer than any that means something, or no text that could be written to a file.
    """
    if len(text) > _MOST_TEXT:
        raise InvalidValueError("text", text[:_MOST_QUOTED], f"it has {len(text)} characters, the most is {_MOST_TEXT}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidValueError("text", text[:_MOST_QUOTED], "it has half of a character pair") from error
    return text


def quoted(text: str) -> str:
    """A text as it stands in a message: quoted, and cut short."""
    return repr(text if len(text) <= _MOST_QUOTED else text[: _MOST_QUOTED - 3] + "...")
