"""Names that come from people and from the network, checked once, where they enter.

Each is a ``str`` that cannot hold anything else: whoever has a ``SiteCode`` need not check it again.
"""

import re
from typing import Self

from ..errors import InvalidValueError

__all__ = [
    "AdSiteName",
    "DnsDomain",
    "GatewayPath",
    "HostName",
    "MacAddress",
    "SiteCode",
    "parse_port",
    "printable",
    "shown_name",
]

_SITE_CODE = re.compile(r"[A-Z0-9]{3}")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}")
_GATEWAY = re.compile(r"/CCM_Proxy_MutualAuth/[0-9]{1,20}", re.IGNORECASE)
_MAX_NAME = 253  # RFC 1035: what fits a DNS name
_MAX_AD_SITE = 63  # an AD site name is one DNS label
_MAX_PORT = 65535
_MAX_SHOWN = 64  # a hostile name must not flood a terminal


class SiteCode(str):
    """The code of a site: three letters or digits, upper case (CF-008)."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check and normalise a site code.

        Raises:
            InvalidValueError: It does not have exactly three ASCII letters or digits.
        """
        code = value.upper()
        # Before changing case: there are letters elsewhere whose other case is ASCII.
        if not value.isascii() or not _SITE_CODE.fullmatch(code):
            raise InvalidValueError("site code", value, "it has exactly three letters or digits")
        return super().__new__(cls, code)


def _dns_name(what: str, value: str) -> str:
    name = value.lower().removesuffix(".")
    if not name:
        raise InvalidValueError(what, value, "it is empty")
    if not value.isascii():  # as given: there are letters elsewhere whose lower case is ASCII
        raise InvalidValueError(what, value, "it has non-ASCII characters; give its xn-- form")
    if len(name) > _MAX_NAME:
        raise InvalidValueError(what, value, f"it is longer than {_MAX_NAME} characters")
    for label in name.split("."):
        if not _LABEL.fullmatch(label):
            raise InvalidValueError(what, value, f"the part {label[:63]!r} is no DNS label")
    return name


class HostName(str):
    """A host name, short or fully qualified, or an IPv4 address; lower case, no final dot."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check and normalise a host name.

        Raises:
            InvalidValueError: It is no DNS name of at most 253 ASCII characters.
        """
        return super().__new__(cls, _dns_name("host name", value))

    def is_in(self, domain: str) -> bool:
        """Whether the host's name lies in a DNS domain or below it."""
        return self.endswith("." + domain) and len(self) > len(domain) + 1


class DnsDomain(str):
    """The DNS name of a domain or forest; lower case, no final dot."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check and normalise a domain name.

        Raises:
            InvalidValueError: It is no DNS name of at most 253 ASCII characters.
        """
        return super().__new__(cls, _dns_name("DNS domain", value))


class AdSiteName(str):
    """The name of an AD site as written in the directory; compared without regard to case."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check an AD site name; surrounding blanks are dropped.

        Raises:
            InvalidValueError: It is empty, has control characters or more than 63 characters.
        """
        name = value.strip()
        if not name or len(name) > _MAX_AD_SITE or not name.isprintable():
            raise InvalidValueError("AD site name", value, f"it has 1 to {_MAX_AD_SITE} printable characters")
        return super().__new__(cls, name)

    def matches(self, other: str) -> bool:
        """Whether both names mean the same site."""
        return self.casefold() == other.strip().casefold()


class GatewayPath(str):
    """What stands between the host of a cloud management gateway and every path behind it; as it was written (CG-007).

    The number is text: seventeen digits as a rule, fewer in some.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check a path.

        Raises:
            InvalidValueError: It is not ``/CCM_Proxy_MutualAuth/`` and a number.
        """
        if not value.isascii() or not _GATEWAY.fullmatch(value):
            raise InvalidValueError("path of a gateway", value, "it is /CCM_Proxy_MutualAuth/ and a number")
        return super().__new__(cls, value)


class MacAddress(str):
    """The hardware address of a network connection: six pairs of digits with colons, upper case."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check and normalise a MAC address.

        Raises:
            InvalidValueError: It has another form, or is all zeros.
        """
        if not _MAC.fullmatch(value) or not value.strip("0:-"):
            raise InvalidValueError("MAC address", value, "it has six pairs of hexadecimal digits")
        return super().__new__(cls, value.upper().replace("-", ":"))


def parse_port(value: str | int) -> int:
    """Check a TCP port.

    Returns:
        1 to 65535.

    Raises:
        InvalidValueError: It is no whole number in that range.
    """
    text = str(value).strip()
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_MAX_PORT)) or not 0 < int(text) <= _MAX_PORT:
        raise InvalidValueError("port", value, f"it is a whole number from 1 to {_MAX_PORT}")
    return int(text)


def printable(text: str) -> str:
    """The text with ``?`` for each control character: what a server sends must not drive a terminal."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def shown_name(raw: str | bytes, *, most: int = _MAX_SHOWN) -> str:
    """What something called itself that cannot be trusted to be a name, fit to be shown.

    Returns:
        One line of at most that many printable characters; ``?`` stands for each that is not, ``...`` for what was cut
        off.
    """
    # The cut comes first: the work must not grow with what was sent. Four bytes are the most that a character takes.
    head = raw[: 4 * (most + 1)]
    text = head.decode("utf-8", "replace") if isinstance(head, bytes) else head
    cut = len(text) > most or len(raw) > len(head)
    shown = text[: most - 3] + "..." if cut else text
    return printable(shown)
