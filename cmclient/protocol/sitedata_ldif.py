"""Boundaries as sites publish them in Active Directory, in LDIF as ``ldapsearch`` prints it."""

import base64
import binascii
import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from ..model.boundary import Boundary, BoundaryKind
from ..model.directory import DirectoryEntry, PublishedRange, PublishedSite
from ..model.groups import BoundaryGroup
from ..model.names import SiteCode
from .directory import read_ranges, read_sites
from .sitedata_records import MOST_ROWS, Member, Place, Records, quoted

__all__ = ["read_ldif"]

_SITE, _RANGE = b"mssmssite", b"mssmsroamingboundaryrange"
_BOUNDARIES = "mssmsroamingboundaries"
_PART = re.compile(r";range=\d+-(\d+)$")  # a directory server gives long lists in parts; the last one ends with *
_LIKE_ADDRESS = re.compile(r"[\d./-]*[./][\d./-]*")  # as the name of no AD site is, which is that of a DNS label
_MOST_LINES = 5 * MOST_ROWS  # a file of line ends alone would take minutes; an entry has up to thirty lines
_MOST_LINE = 1024 * 1024  # characters of one value


def read_ldif(text: str, name: str, records: Records) -> None:
    """Read a file: entries of mSSMSSite and mSSMSRoamingBoundaryRange; others are passed over.

    Every published boundary becomes one, and every site a group for the assignment of the clients in its boundaries.
    """
    if text.count("\n") > _MOST_LINES:
        problem = f"has more than {_MOST_LINES} lines; give it in several files"
        records.fault(Place(name, ""), "", problem, "the whole file")
        return
    count = 0
    for place, entry in _entries(text, name, records):
        classes = {one.lower() for one in entry.attributes.get("objectclass", ())}
        if _SITE in classes:
            sites, unreadable = read_sites([entry])
            for site in sites:
                _add_site(place, site, entry, records)
        elif _RANGE in classes:
            ranges, unreadable = read_ranges([entry])
            for one in ranges:
                _add_range(place, one, records)
        else:
            continue
        count += 1
        for broken in unreadable:
            records.fault(place, "", f"{broken.name} cannot be used: {broken.problem}", "the entry")
    if not count:
        problem = "has no entry with objectClass mSSMSSite or mSSMSRoamingBoundaryRange"
        records.fault(Place(name, ""), "", problem, "the whole file")


# From what is published to boundaries


def _add_site(place: Place, site: PublishedSite, entry: DirectoryEntry, records: Records) -> None:
    group = _group(place, site.site_code, site.assignment_site, records)
    values = entry.attributes.get(_BOUNDARIES, ())
    if len(site.boundaries) < len(values):
        count = len(values) - len(site.boundaries)
        problem = f"has {count} values that are no text, or too long for a boundary"
        records.fault(place, "mSSMSRoamingBoundaries", problem, f"{count} boundaries of site {site.site_code}")
    for value in site.boundaries:
        is_address = _LIKE_ADDRESS.fullmatch(value.strip()) is not None
        if ":" in value:
            problem = f"{quoted(value)} is left out: how IPv6 boundaries are published is not known"
            records.note(place, "mSSMSRoamingBoundaries", problem)
        elif is_address and not _is_network(value):
            problem = f"has {quoted(value)}, which looks like an address and is no network id, as 10.1.2.0 is"
            records.fault(place, "mSSMSRoamingBoundaries", problem, f"this boundary of site {site.site_code}")
        else:
            kind = BoundaryKind.IP_SUBNET if is_address else BoundaryKind.AD_SITE
            _add(place, "mSSMSRoamingBoundaries", group, kind, value, records)


def _add_range(place: Place, one: PublishedRange, records: Records) -> None:
    group = _group(place, one.site_code, one.assignment_site, records)
    value = f"{IPv4Address(one.low)}-{IPv4Address(one.high)}"
    _add(place, "mSSMSRangedIPLow", group, BoundaryKind.IP_RANGE, value, records)


def _add(place: Place, field: str, group: str, kind: BoundaryKind, value: str, records: Records) -> None:
    identifier = f"{value.strip()}, {group}"
    records.add_boundary(place, field, Boundary(identifier, kind, value))
    records.members.append(Member(place, field, group, identifier))


def _group(place: Place, site: SiteCode, assignment_site: SiteCode | None, records: Records) -> str:
    """The group that stands for the boundaries of a site; a site that names no other is assigned to itself."""
    assigned = assignment_site or site
    name = f"published by site {site}" + (f" for {assigned}" if assigned != site else "")
    if name not in records.groups:
        records.add_group(place, BoundaryGroup(name, name, assigned_site=assigned))
    return name


def _is_network(value: str) -> bool:
    """Whether it is a network id, perhaps with its mask."""
    try:
        IPv4Network(value.strip() if "/" in value else f"{value.strip()}/32")
    except ValueError:
        return False
    return True


# LDIF


def _entries(text: str, name: str, records: Records) -> Iterator[tuple[Place, DirectoryEntry]]:
    """The entries; what stands between them (a version, what ldapsearch says of the search) is passed over."""
    dn, start = "", 0
    attributes: dict[str, list[bytes]] = {}
    for number, line in _lines(text):
        place = Place(name, f"line {number}")
        if not line:
            if attributes:
                yield Place(name, f"line {start}"), _entry(dn, attributes)
            dn, start, attributes = "", 0, {}
            continue
        start = start or number
        attribute, value = _value(place, line, records)
        if attribute == "dn":
            dn = (value or b"").decode("utf-8", "replace")
        elif attribute and value is not None:
            part = _PART.search(attribute)
            if part:
                problem = f"has only the values up to number {part[1]}; ask the directory for the others"
                records.fault(place, attribute.partition(";")[0], problem, "the other values")
            attributes.setdefault(attribute.partition(";")[0], []).append(value)


def _entry(dn: str, attributes: dict[str, list[bytes]]) -> DirectoryEntry:
    return DirectoryEntry(dn, {name: tuple(values) for name, values in attributes.items()})


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, those that were folded put together, with an empty one at the end."""
    parts: list[str] = []
    first = 1
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.removesuffix("\r")
        if line.startswith(" ") and parts:
            parts.append(line[1:])
            continue
        if parts and not parts[0].startswith("#"):
            yield first, "".join(parts)
        parts, first = [line], number
    if parts and not parts[0].startswith("#"):
        yield first, "".join(parts)
    yield first + 1, ""


def _value(place: Place, line: str, records: Records) -> tuple[str, bytes | None]:
    """The attribute, in lower case, and the value of a line; no value when there is none that can be read."""
    attribute, colon, rest = line.partition(":")
    attribute = attribute.strip().lower()
    if not colon or len(rest) > _MOST_LINE:
        problem = "is no line of LDIF: it has no colon" if not colon else f"has more than {_MOST_LINE} characters"
        records.fault(place, "", problem, "the line")
        return "", None
    if rest.startswith("<"):
        records.fault(place, attribute, "refers to another file, which is not read", "the value")
        return attribute, None
    if not rest.startswith(":"):
        return attribute, rest.removeprefix(" ").encode("utf-8", "surrogatepass")
    try:
        return attribute, base64.b64decode(rest[1:].strip(), validate=True)
    except (binascii.Error, ValueError):
        records.fault(place, attribute, "is no Base64", "the value")
        return attribute, None
