"""The addresses of this machine as the Linux kernel tells them: one question, and its answers.

Asked through the C library, the same question costs a program that only wants to know its addresses three times the
start of Python: finding that library starts others. A test compares the two.
"""

import socket
import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Link", "LinkAddress", "read_links"]

_GET_ADDRESSES, _ADDRESS, _DONE, _ERROR = 22, 20, 3, 2  # kinds of messages of rtnetlink(7)
_ADDRESS_PART, _LOCAL_PART, _LABEL_PART = 1, 2, 3  # IFA_ADDRESS, IFA_LOCAL, IFA_LABEL
_REQUEST_ALL = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_HEADER = struct.Struct("=IHHII")
_ABOUT = struct.Struct("=BBBBI")
_PART = struct.Struct("=HH")
_AF_NETLINK, _ROUTE = 16, 0  # by number: other systems have no names for them
_MOST = 256 * 1024  # bytes of one piece; the kernel writes 32 KiB at most
_SECONDS = 5.0  # the kernel answers at once; nothing may make us wait for ever


class LinkAddress(NamedTuple):
    """An address.

    Attributes:
        ip: As text.
        network_prefix: How many bits are the network's.
        nice_name: The name of its connection.
    """

    ip: str
    network_prefix: int
    nice_name: str


class Link(NamedTuple):
    """A network connection that has addresses.

    Attributes:
        name: As the system calls it; an alias has a name of its own (``eth0:1``).
        nice_name: The same.
        ips: Its addresses, in the kernel's order.
    """

    name: str
    nice_name: str
    ips: tuple[LinkAddress, ...]


def read_links() -> tuple[Link, ...]:
    """Ask the kernel.

    Returns:
        In its order, IPv4 first.

    Raises:
        OSError: It does not tell, or this is no Linux.
    """
    if sys.platform == "linux":
        return _ask()
    else:  # noqa: RET505 - a type checker looks at one branch only
        raise OSError("only Linux tells its addresses so")


def _ask() -> tuple[Link, ...]:
    found: dict[str, list[LinkAddress]] = {}
    with socket.socket(_AF_NETLINK, socket.SOCK_RAW, _ROUTE) as kernel:
        kernel.settimeout(_SECONDS)
        size = _HEADER.size + _ABOUT.size
        request = _HEADER.pack(size, _GET_ADDRESSES, _REQUEST_ALL, 1, 0) + _ABOUT.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        kernel.send(request)  # to the kernel, as nobody else is named
        is_done = False
        while not is_done:
            is_done = _take(kernel.recv(_MOST), found)
    return tuple(Link(name, name, tuple(addresses)) for name, addresses in found.items())


def _take(piece: bytes, found: dict[str, list[LinkAddress]]) -> bool:
    """Take the addresses of a piece of the answer; whether it was the last one."""
    place = 0
    while place + _HEADER.size <= len(piece):
        length, kind, *_ = _HEADER.unpack_from(piece, place)
        if kind == _DONE:
            return True
        if kind == _ERROR or length < _HEADER.size:
            raise OSError("the kernel refuses to tell the addresses")
        if kind == _ADDRESS and not _HEADER.size + _ABOUT.size <= length <= len(piece) - place:
            raise OSError("an address that the kernel tells is cut off")
        if kind == _ADDRESS and (one := _read_address(piece[place + _HEADER.size : place + length])) is not None:
            found.setdefault(one.nice_name, []).append(one)
        place += _aligned(length)
    return not piece


def _read_address(body: bytes) -> LinkAddress | None:
    if len(body) < _ABOUT.size:
        raise OSError("the kernel tells an address without saying whose it is")
    family, prefix, _, _, index = _ABOUT.unpack_from(body)
    if family not in {socket.AF_INET, socket.AF_INET6}:
        return None
    parts = dict(_parts(body[_ABOUT.size :]))
    packed = parts.get(_LOCAL_PART) or parts.get(_ADDRESS_PART)  # of a connection to one peer, our own end
    if packed is None:
        return None
    label = parts.get(_LABEL_PART, b"").rstrip(b"\0").decode(errors="replace")
    return LinkAddress(socket.inet_ntop(family, packed), prefix, label or socket.if_indextoname(index))


def _parts(body: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + _PART.size <= len(body):
        length, kind = _PART.unpack_from(body, place)
        if length < _PART.size:
            return
        yield kind, body[place + _PART.size : place + length]
        place += _aligned(length)


def _aligned(length: int) -> int:
    return (length + 3) & ~3
