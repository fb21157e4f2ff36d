"""The netlogon ping: which domain controller is this, and in which AD site does it see the asker?

MS-ADTS, section 6.3. A ping is an LDAP search of the root entry sent over UDP (CLDAP). The answer is one attribute,
``Netlogon``, whose value is a NETLOGON_SAM_LOGON_RESPONSE_EX.
"""

import struct

from ..errors import InvalidValueError, MalformedReplyError
from ..model.facts import DomainController
from ..model.names import AdSiteName, DnsDomain, HostName
from .ber import Tlv, build_integer, read_children, read_integer, read_tlv, tlv

__all__ = [
    "build_netlogon_ping",
    "build_netlogon_reply",
    "find_message_id",
    "parse_netlogon_ping",
    "parse_netlogon_reply",
]

_ATTRIBUTE = b"Netlogon"

_SEQUENCE, _SET, _OCTETS, _INTEGER, _ENUMERATED, _BOOLEAN = 0x30, 0x31, 0x04, 0x02, 0x0A, 0x01
_SEARCH_REQUEST, _SEARCH_ENTRY, _SEARCH_DONE = 0x63, 0x64, 0x65
_AND, _EQUALITY = 0xA0, 0xA3

_NT_VERSION = struct.pack("<I", 0x16)  # V5, V5EX, WITH_CLOSEST_SITE: asks for the EX form of the answer
_HEAD = struct.Struct("<HHI16s")  # operation, zero, flags, GUID of the domain
_TAIL = struct.pack("<IHH", 0x5, 0xFFFF, 0xFFFF)  # version of the answer, two tokens that are always so
_OPERATION_ANSWER = 23
_OPERATION_PAUSED = 24
_FLAG_GLOBAL_CATALOG = 0x4
_FLAG_LDAP = 0x8
_FLAG_DIRECTORY = 0x10
_FLAG_CLOSEST = 0x80
_NAMES = 8  # forest, domain, host, NetBIOS domain, NetBIOS host, user, site of the server, site of the client

_MAX_LABEL = 63
_MAX_NAME_OCTETS = 255  # RFC 1035; a name made of pointers must not grow without end
_POINTER = 0xC0
_MAX_NETBIOS = 15


def build_netlogon_ping(domain: DnsDomain, message_id: int = 1) -> bytes:
    """Build the datagram that asks a domain controller for itself and for the asker's site.

    Args:
        domain: The domain that it is expected to serve.
        message_id: 1 to 2147483647; its answer carries the same.
    """
    asked = _equality(b"DnsDomain", domain.encode()) + _equality(b"NtVer", _NT_VERSION)
    search = (
        tlv(_OCTETS)  # the root entry
        + build_integer(0, _ENUMERATED)  # and nothing below it
        + build_integer(0, _ENUMERATED)  # no aliases
        + build_integer(0)  # no limit of entries
        + build_integer(0)  # nor of time
        + tlv(_BOOLEAN, b"\0")  # values too, not only types
        + tlv(_AND, asked)
        + tlv(_SEQUENCE, tlv(_OCTETS, _ATTRIBUTE))
    )
    return _message(message_id, tlv(_SEARCH_REQUEST, search))


def parse_netlogon_ping(data: bytes) -> tuple[int, DnsDomain]:
    """Read a ping, as a server receives it.

    Returns:
        The message id, and the domain that is asked for.

    Raises:
        MalformedReplyError: It is no netlogon ping, or does not name a domain.
    """
    message_id, request, _ = _read_message(data, 0)
    if request.tag != _SEARCH_REQUEST:
        raise _malformed("it is no search")
    parts = read_children(data, request)
    tags = [part.tag for part in parts]
    if tags[:6] != [_OCTETS, _ENUMERATED, _ENUMERATED, _INTEGER, _INTEGER, _BOOLEAN] or tags[7:] != [_SEQUENCE]:
        raise _malformed("its search has the wrong parts")
    base, scope, condition, wanted = parts[0], parts[1], parts[6], parts[7]
    names = [_value(data, name).lower() for name in read_children(data, wanted)]
    if base.start != base.end or read_integer(data, scope) != 0 or names != [_ATTRIBUTE.lower()]:
        raise _malformed("it does not ask the root entry for Netlogon alone")
    terms = read_children(data, condition) if condition.tag == _AND else (condition,)
    for term in terms:
        if term.tag != _EQUALITY:
            raise _malformed("its filter is no list of equalities")
        sides = read_children(data, term)
        if [side.tag for side in sides] != [_OCTETS, _OCTETS]:
            raise _malformed("an equality has the wrong parts")
        if _value(data, sides[0]).lower() == b"dnsdomain":
            return message_id, _domain(_text(_value(data, sides[1])))
    raise _malformed("it names no domain")


def build_netlogon_reply(message_id: int, controller: DomainController | None) -> bytes:
    """Build the answer to a ping.

    Args:
        message_id: The id of the ping.
        controller: What to say; None to answer that the domain is not served, which is an answer without an entry. The
            address is not part of it.

    Raises:
        InvalidValueError: The name of an AD site has more than 63 octets as UTF-8, which the format cannot hold.
    """
    done = tlv(_SEARCH_DONE, build_integer(0, _ENUMERATED) + tlv(_OCTETS) + tlv(_OCTETS))
    if controller is None:
        return _message(message_id, done)
    attribute = tlv(_SEQUENCE, tlv(_OCTETS, _ATTRIBUTE) + tlv(_SET, tlv(_OCTETS, _build_answer(controller))))
    entry = tlv(_SEARCH_ENTRY, tlv(_OCTETS) + tlv(_SEQUENCE, attribute))
    return _message(message_id, entry) + _message(message_id, done)


def parse_netlogon_reply(data: bytes, *, address: str) -> DomainController | None:
    """Read the answer to a ping.

    Args:
        data: The datagram.
        address: The address that it came from.

    Returns:
        What the domain controller said; None when it answered without an entry, for it does not serve the domain.

    Raises:
        MalformedReplyError: It is no answer to a ping, reports a failure, or cannot be read.
    """
    _, message, _ = _read_message(data, 0)
    if message.tag == _SEARCH_DONE:
        result = read_children(data, message)
        if not result or result[0].tag != _ENUMERATED:
            raise _malformed("it has no result")
        code = read_integer(data, result[0])
        if code:
            raise _malformed(f"it reports the LDAP failure {code}")
        return None
    if message.tag != _SEARCH_ENTRY:
        raise _malformed("it is no answer to a search")
    answer = _find_answer(data, message)
    return None if answer is None else _parse_answer(answer, address)


def find_message_id(data: bytes) -> int | None:
    """Read only the id of a message, to tell an answer from a stray; None when it is no LDAP message."""
    try:
        return _read_message(data, 0)[0]
    except MalformedReplyError:
        return None


# The LDAP message around it


def _message(message_id: int, operation: bytes) -> bytes:
    return tlv(_SEQUENCE, build_integer(message_id) + operation)


def _equality(name: bytes, value: bytes) -> bytes:
    return tlv(_EQUALITY, tlv(_OCTETS, name) + tlv(_OCTETS, value))


def _read_message(data: bytes, offset: int) -> tuple[int, Tlv, int]:
    """The id, the operation, and where the next message would begin."""
    outer = read_tlv(data, offset)
    parts = read_children(data, outer) if outer.tag == _SEQUENCE else ()
    if len(parts) < 2 or parts[0].tag != _INTEGER:  # noqa: PLR2004 - an id and an operation; controls may follow
        raise _malformed("it is no LDAP message")
    return read_integer(data, parts[0]), parts[1], outer.end


def _find_answer(data: bytes, entry: Tlv) -> bytes | None:
    """The value of the Netlogon attribute of an entry; None when the entry has none."""
    parts = read_children(data, entry)
    if [part.tag for part in parts] != [_OCTETS, _SEQUENCE]:
        raise _malformed("its entry has the wrong parts")
    for attribute in read_children(data, parts[1]):
        sides = read_children(data, attribute)
        if attribute.tag != _SEQUENCE or [side.tag for side in sides] != [_OCTETS, _SET]:
            raise _malformed("an attribute has the wrong parts")
        values = read_children(data, sides[1])
        if _value(data, sides[0]).lower() == _ATTRIBUTE.lower() and values:
            if len(values) > 1 or values[0].tag != _OCTETS:
                raise _malformed("its Netlogon is not one value")
            return _value(data, values[0])
    return None


def _value(data: bytes, element: Tlv) -> bytes:
    return data[element.start : element.end]


# The answer itself


def _parse_answer(answer: bytes, address: str) -> DomainController:
    if len(answer) < _HEAD.size:
        raise _malformed("it ends within its first fields")
    operation, _, flags, _ = _HEAD.unpack_from(answer)
    if operation == _OPERATION_PAUSED:
        raise _malformed("the domain controller says that it is paused")
    if operation != _OPERATION_ANSWER:
        raise _malformed(f"it has the operation {operation} where {_OPERATION_ANSWER} was asked for")
    names = []
    offset = _HEAD.size
    for _ in range(_NAMES):
        name, offset = _read_name(answer, offset)
        names.append(name)
    forest, domain, host, _, _, _, server_site, client_site = names
    try:
        return DomainController(
            host=HostName(_text(host)),
            address=address,
            domain=DnsDomain(_text(domain)),
            forest=DnsDomain(_text(forest)),
            client_site=AdSiteName(_text(client_site)) if client_site else None,
            server_site=AdSiteName(_text(server_site)) if server_site else None,
            is_global_catalog=bool(flags & _FLAG_GLOBAL_CATALOG),
        )
    except InvalidValueError as error:
        raise _malformed(str(error)) from error


def _read_name(answer: bytes, offset: int) -> tuple[bytes, int]:
    """A name with its labels joined by dots, and where the next field begins."""
    labels: list[bytes] = []
    octets = 0
    after = None  # where the next field begins, once a pointer was followed
    lowest = offset  # a pointer only ever leads further back, so that none can lead round in a circle
    while True:
        length = _octet(answer, offset)
        if length >= _POINTER:
            after = after or offset + 2
            offset = (length - _POINTER) << 8 | _octet(answer, offset + 1)
            if offset >= lowest:
                raise _malformed("a name points forward or at itself")
            lowest = offset
            continue
        if length > _MAX_LABEL:
            raise _malformed("a label is longer than 63 octets")
        offset += 1 + length
        if length == 0:
            return b".".join(labels), after or offset
        labels.append(answer[offset - length : offset])
        octets += 1 + length
        if octets > _MAX_NAME_OCTETS:
            raise _malformed("a name is too long")


def _octet(answer: bytes, offset: int) -> int:
    if offset >= len(answer):
        raise _malformed("it ends within a name")
    return answer[offset]


def _build_answer(controller: DomainController) -> bytes:
    flags = _FLAG_LDAP | _FLAG_DIRECTORY
    flags |= _FLAG_GLOBAL_CATALOG if controller.is_global_catalog else 0
    client_site, server_site = controller.client_site or "", controller.server_site or ""
    flags |= _FLAG_CLOSEST if client_site and client_site.casefold() == server_site.casefold() else 0
    answer = bytearray(_HEAD.pack(_OPERATION_ANSWER, 0, flags, bytes(16)))
    known: dict[tuple[bytes, ...], int] = {}
    for name in (controller.forest, controller.domain, controller.host):
        _append_name(answer, name.split("."), known)
    for label in (_netbios(controller.domain), _netbios(controller.host), "", server_site, client_site):
        _append_name(answer, [label], known)
    return bytes(answer) + _TAIL


def _append_name(answer: bytearray, labels: list[str], known: dict[tuple[bytes, ...], int]) -> None:
    """Append a name, pointing at what has been written before."""
    rest = tuple(label.encode() for label in labels if label)
    if any(len(label) > _MAX_LABEL for label in rest):
        raise InvalidValueError("name in a netlogon answer", ".".join(labels), "a label has more than 63 octets")
    while rest and rest not in known:
        known[rest] = len(answer)
        answer += bytes((len(rest[0]),)) + rest[0]
        rest = rest[1:]
    answer += struct.pack(">H", _POINTER << 8 | known[rest]) if rest else b"\0"


def _netbios(name: str) -> str:
    return name.partition(".")[0][:_MAX_NETBIOS].upper()


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise _malformed("a name is not UTF-8") from error


def _domain(text: str) -> DnsDomain:
    try:
        return DnsDomain(text)
    except InvalidValueError as error:
        raise _malformed(str(error)) from error


def _malformed(problem: str) -> MalformedReplyError:
    return MalformedReplyError(f"a netlogon ping or its answer cannot be read: {problem}", where="netlogon")
