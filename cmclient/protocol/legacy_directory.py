"""The server locator point that a hierarchy of CM 2007 publishes in Active Directory."""

from collections.abc import Iterable

from ..errors import InvalidValueError
from ..model.directory import DirectoryEntry, DirectoryQuery
from ..model.names import HostName
from ..model.rule import decides

__all__ = ["locator_point_query", "read_locator_points"]

_CLASS = "mSSMSServerLocatorPoint"
_HOSTS = ("dNSHostName", "mSSMSMPName")  # the first that holds a host name is the one
_MOST = 16  # entries that are read: a hierarchy has one
_MOST_BYTES = 1024  # of a value; a host name has at most 253


def locator_point_query(base: str) -> DirectoryQuery:
    """The search for server locator points below a base."""
    return DirectoryQuery(base, f"(objectClass={_CLASS})", _HOSTS)


@decides("L7-037")
def read_locator_points(entries: Iterable[DirectoryEntry]) -> tuple[HostName, ...]:
    """Read server locator points.

    Returns:
        At most 16, in the order of the entries; what has no name that can be used is left out.
    """
    found = (_find_host(entry) for _, entry in zip(range(_MOST), entries, strict=False))
    return tuple(host for host in found if host is not None)


def _find_host(entry: DirectoryEntry) -> HostName | None:
    for name in _HOSTS:
        for value in entry.attributes.get(name.lower(), ())[:1]:
            try:
                return HostName(value[:_MOST_BYTES].decode("ascii").strip())
            except (UnicodeDecodeError, InvalidValueError):
                continue
    return None
