"""A detached PKCS#7 signature, as management points send one: who signed, with which hash (RFC 2315, RFC 5652).

Only the form that was seen is read: no content, no certificates, one signer named by issuer and serial number, no
signed attributes. Nothing is verified here.
"""

from typing import NamedTuple

from ..errors import MalformedReplyError
from .ber import Tlv, read_children, read_tlv

__all__ = ["DetachedSignature", "parse_detached_signature"]

_WHERE = "PKCS#7 signature"
_SEQUENCE, _SET, _INTEGER, _OCTETS, _OID, _EXPLICIT = 0x30, 0x31, 0x02, 0x04, 0x06, 0xA0
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_MOST_BYTES = 65_536  # one has half a kilobyte
_HASHES = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
    bytes.fromhex("2b0e03021a"): "sha1",
}


class DetachedSignature(NamedTuple):
    """A signature and who made it.

    Attributes:
        issuer: Issuer of the signer's certificate, DER of the name.
        serial: Serial number of that certificate.
        hash_name: What was hashed with: sha1, sha256, sha384 or sha512.
        signature: The RSA signature.
    """

    issuer: bytes
    serial: int
    hash_name: str
    signature: bytes


def parse_detached_signature(data: bytes) -> DetachedSignature:
    """Read a detached signature.

    Args:
        data: Its DER, whole.

    Raises:
        MalformedReplyError: It is cut off, is none, or has another form than the one that was seen.
    """
    if len(data) > _MOST_BYTES:
        raise _malformed(f"it has more than {_MOST_BYTES} bytes")
    try:
        return _parse(data)
    except MalformedReplyError as error:
        raise error if error.where == _WHERE else _malformed(f"it is cut off, or none ({error.message})") from error


def _parse(data: bytes) -> DetachedSignature:
    whole = _require(read_tlv(data), _SEQUENCE)
    if whole.end != len(data):
        raise _malformed("something follows it")
    kind, holder = _parts(data, whole, _OID, _EXPLICIT)
    if data[kind.start : kind.end] != _SIGNED_DATA:
        raise _malformed("it is no signed data")
    (signed,) = _parts(data, holder, _SEQUENCE)
    _version, _hashes, content, signers = _parts(data, signed, _INTEGER, _SET, _SEQUENCE, _SET)
    if len(read_children(data, content)) != 1:
        raise _malformed("it holds what it signs, and is not detached")
    (signer,) = _parts(data, signers, _SEQUENCE)
    _, name, hashed, _, value = _parts(data, signer, _INTEGER, _SEQUENCE, _SEQUENCE, _SEQUENCE, _OCTETS)
    issuer, serial = _parts(data, name, _SEQUENCE, _INTEGER)
    algorithm = read_children(data, hashed)
    oid = data[algorithm[0].start : algorithm[0].end] if algorithm else b""
    if oid not in _HASHES:
        raise _malformed("it is made with a hash that is not known")
    begin = name.start  # the name's own first byte: its header is part of what is compared
    return DetachedSignature(
        data[begin : issuer.end],
        int.from_bytes(data[serial.start : serial.end], "big", signed=True),
        _HASHES[oid],
        data[value.start : value.end],
    )


def _parts(data: bytes, parent: Tlv, *tags: int) -> tuple[Tlv, ...]:
    found = read_children(data, parent)
    if [one.tag for one in found] != list(tags):
        raise _malformed("its parts are not those that were seen")
    return found


def _require(element: Tlv, tag: int) -> Tlv:
    if element.tag != tag:
        raise _malformed("it is none")
    return element


def _malformed(what: str) -> MalformedReplyError:
    return MalformedReplyError(f"{_WHERE}: {what}", where=_WHERE)
