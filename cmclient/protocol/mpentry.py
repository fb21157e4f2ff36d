"""How a person names a management point: entries of SMSMP and SMSMPLIST, and what ``/mp`` takes."""

import re

from ..errors import InvalidValueError
from ..model.endpoints import ManagementPoint, Protocols
from ..model.names import HostName, parse_port
from ..model.rule import decides

__all__ = ["parse_mp_entries", "parse_mp_entry", "split_mp_switch"]

_WHAT = "management point entry"


@decides("ML-009")
def parse_mp_entry(text: str) -> ManagementPoint:
    """Read one entry: ``https://HOST[:PORT]``, ``HOST[:PORT]`` or ``http://HOST[:PORT]``.

    Returns:
        With ``https://`` a management point that takes HTTPS only, otherwise one that takes HTTP. A port stands for
        that protocol; without one the site's usual port is left to count.

    Raises:
        InvalidValueError: No host name or port, a path, another scheme, credentials, or an IPv6 address.
    """
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        scheme, rest = "http", text.strip()
    scheme = scheme.lower()
    if scheme not in {"http", "https"}:
        raise InvalidValueError(_WHAT, text, "it begins with https://, http:// or the name of a host")
    if "@" in rest:  # what stands before it may be a password, so it is not repeated
        raise InvalidValueError(_WHAT, f"***@{rest.rpartition('@')[2]}", "it must not hold credentials")
    authority, _, path = rest.partition("/")
    if path:
        reason = "it has a path; the address of a cloud management gateway goes into CCMHOSTNAME"
        raise InvalidValueError(_WHAT, text, reason)
    name, colon, digits = authority.partition(":")
    if "[" in authority or ":" in digits:
        raise InvalidValueError(_WHAT, text, "give a host name or an IPv4 address, not an IPv6 address")
    host, port = HostName(name), parse_port(digits) if colon else None
    if scheme == "https":
        return ManagementPoint(host, protocols=Protocols.HTTPS, https_port=port)
    return ManagementPoint(host, protocols=Protocols.HTTP, http_port=port)


@decides("ML-009")
def parse_mp_entries(text: str) -> tuple[ManagementPoint, ...]:
    """Read entries separated by semicolons, as in SMSMPLIST.

    Returns:
        In the order given, each once; empty parts are skipped, so it may be empty.

    Raises:
        InvalidValueError: An entry cannot be read (see ``parse_mp_entry``).
    """
    parts = (part for part in text.split(";") if part.strip())
    return tuple(dict.fromkeys(parse_mp_entry(part) for part in parts))


def split_mp_switch(text: str) -> tuple[str, ...]:
    """Split the value of ``/mp`` into its entries, in the order in which they are tried.

    Semicolons are what the product documents; commas were shown for the 2012 product, and no address holds one.

    Returns:
        Entries as written, without blanks around them; empty parts are skipped.
    """
    return tuple(part.strip() for part in re.split("[;,]", text) if part.strip())
