"""Keys and certificates of a site, as its management points hand them out: how they are asked for, and read.

Nothing is verified here. Over plain HTTP whoever answers says what it likes, signatures included.
"""

import re
from collections.abc import Callable
from typing import TypeVar
from xml.etree.ElementTree import Element

from ..errors import InvalidValueError, MalformedReplyError
from ..model.facts import InterfaceAddress
from ..model.names import HostName, SiteCode
from ..model.trust import (
    IssuingCertificates,
    MpCertificates,
    MpKeyInformation,
    MpLocation,
    SignedRootKey,
    SiteSigningCertificate,
)
from .ber import read_tlv
from .elements import (
    children,
    find_attribute,
    find_child,
    find_part,
    find_unknown,
    known_parts,
    parse_number,
    parse_root,
    plain_part,
)
from .rootkeyblob import build_root_key, parse_root_key
from .xmlsafe import XmlLimits

__all__ = [
    "ISSUING_CERTIFICATES_PATH",
    "MP_CERTIFICATES_PATH",
    "MP_CERTIFICATE_PATH",
    "MP_KEY_INFORMATION_PATH",
    "ROOT_KEY_PATH",
    "SITE_SIGNING_CERTIFICATE_PATH",
    "build_root_key",
    "mp_location_path",
    "parse_issuing_certificates",
    "parse_mp_certificates",
    "parse_mp_key_information",
    "parse_mp_location",
    "parse_root_key",
    "parse_root_key_reply",
    "parse_site_signing_certificate",
]

_QUERY = "/SMS_MP/.sms_aut?"
MP_KEY_INFORMATION_PATH = f"{_QUERY}MPKEYINFORMATION"
MP_CERTIFICATE_PATH = f"{_QUERY}MPCERT"
MP_CERTIFICATES_PATH = f"{_QUERY}MPCERT2"
SITE_SIGNING_CERTIFICATE_PATH = f"{_QUERY}SITESIGNCERT"
ISSUING_CERTIFICATES_PATH = f"{_QUERY}SMSTRC"
ROOT_KEY_PATH = f"{_QUERY}MPTRK"

_T = TypeVar("_T")
_LIMITS = XmlLimits(size=1024 * 1024, elements=1_000, token=256 * 1024)  # a real answer has four kilobytes
_MOST_CERTIFICATES = 64  # a site has one or two that issue
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_BLANKS = re.compile(r"\s+")
_SEQUENCE = 0x30

_KEY_INFORMATION = known_parts(
    "TRUSTEDROOTKEY Signature",
    "MPCERTIFICATE Signature",
    "SITECODE",
    "MACHINENAME",
    "FQDN",
    "AssignmentSiteCode",
)
_SIGNING = known_parts("X509Certificate EncodingType Signature")
_ISSUING = known_parts(". version", "Signature/SignatureAlgorithm AlgID", "Signature/SignatureValue", "Certs/Cert")
_ROOT_KEY = known_parts("TrustedRootKey Signature", "TrustedRootKey/Signature", "Signature")
_MP_CERTIFICATE, _MP_CERTIFICATES = known_parts("Certificate"), known_parts("Certificate1", "Certificate2")
_LOCATION = known_parts(". MP SiteCode AssignedSiteCode", "MP", "SiteCode", "AssignedSiteCode")


# Answers


def parse_mp_key_information(body: bytes) -> MpKeyInformation:
    """Read the answer to MPKEYINFORMATION or MPKEYINFORMATIONEX.

    Raises:
        MalformedReplyError: It is none (a web page, cut off, another document), has no root key, or one of its parts
            is not what it should be.
        UnsafeXmlError: It is refused for what it could do.
    """
    name = "MPKEYINFORMATION"
    root = parse_root(body, name, limits=_LIMITS)
    certificate = find_child(root, "MPCERTIFICATE")
    return MpKeyInformation(
        root_key=_signed_root_key(find_child(root, "TRUSTEDROOTKEY"), name),
        certificate=b"" if certificate is None else _der(certificate, name),
        certificate_signature=_bytes(find_attribute(certificate, "Signature"), name),
        site_code=_read(SiteCode, find_part(root, "SITECODE"), name),
        machine_name=plain_part(root, "MACHINENAME"),
        fqdn=_read(HostName, find_part(root, "FQDN"), name),
        assignment_site=_read(SiteCode, find_part(root, "AssignmentSiteCode"), name),
        unknown=find_unknown(root, _KEY_INFORMATION),
    )


def parse_root_key_reply(body: bytes) -> tuple[SignedRootKey, tuple[str, ...]]:
    """Read the answer to MPTRK, which nobody has seen: the signature may be an attribute or an element.

    Returns:
        The key, and paths of elements and attributes that nobody knows.

    Raises:
        MalformedReplyError: It is none, or has no root key that can be read.
        UnsafeXmlError: It is refused for what it could do.
    """
    name = "KeyData"
    root = parse_root(body, name, limits=_LIMITS)
    holder = find_child(root, "TrustedRootKey")
    signed = _signed_root_key(holder, name)
    signature = _bytes(find_part(holder, "Signature") or find_part(root, "Signature"), name)
    return signed._replace(signature=signature), find_unknown(root, _ROOT_KEY)


def parse_mp_certificates(body: bytes) -> MpCertificates:
    """Read the answer to MPCERT or MPCERT2.

    Raises:
        MalformedReplyError: It is neither, or a certificate is missing or none.
        UnsafeXmlError: It is refused for what it could do.
    """
    try:
        root = parse_root(body, "MPCertificates", limits=_LIMITS)
    except MalformedReplyError:
        root = parse_root(body, "MPCertificate", limits=_LIMITS)
        only = _der(find_child(root, "Certificate"), "MPCertificate")
        return MpCertificates(only, only, find_unknown(root, _MP_CERTIFICATE))
    signing, encryption = (_der(find_child(root, name), "MPCertificates") for name in ("Certificate1", "Certificate2"))
    return MpCertificates(signing, encryption, find_unknown(root, _MP_CERTIFICATES))


def parse_site_signing_certificate(body: bytes) -> SiteSigningCertificate:
    """Read the answer to SITESIGNCERT.

    Raises:
        MalformedReplyError: It is none, or has no certificate in hexadecimal.
        UnsafeXmlError: It is refused for what it could do.
    """
    name = "X509Data"
    root = parse_root(body, name, limits=_LIMITS)
    holder = find_child(root, "X509Certificate")
    encoding = find_attribute(holder, "EncodingType")
    if encoding is not None and encoding.lower() != "hexbinary":
        raise _malformed(name, "its certificate is not in hexadecimal")
    signature = _bytes(find_attribute(holder, "Signature"), name)
    return SiteSigningCertificate(_der(holder, name), signature, find_unknown(root, _SIGNING))


def parse_issuing_certificates(body: bytes) -> IssuingCertificates:
    """Read the answer to SMSTRC.

    Raises:
        MalformedReplyError: It is none, or has no certificate, more than 64, or one that is none.
        UnsafeXmlError: It is refused for what it could do.
    """
    name = "SMSIssuingCerts"
    root = parse_root(body, name, limits=_LIMITS)
    held = list(children(find_child(root, "Certs"), "Cert"))
    if not 0 < len(held) <= _MOST_CERTIFICATES:
        raise _malformed(name, f"it has {len(held)} certificates, and must have 1 to {_MOST_CERTIFICATES}")
    signature = find_child(root, "Signature")
    algorithm = find_child(signature, "SignatureAlgorithm")
    return IssuingCertificates(
        certificates=tuple(_der(one, name) for one in held),
        signature=_bytes(find_part(signature, "SignatureValue"), name),
        algorithm_id=_read(parse_number, find_attribute(algorithm, "AlgID"), name),
        algorithm_oid=plain_part(signature, "SignatureAlgorithm"),
        unknown=find_unknown(root, _ISSUING),
    )


def mp_location_path(address: InterfaceAddress) -> str:
    """The path and query with which boot media ask for a management point.

    Args:
        address: An address of the client, with its prefix.

    Raises:
        InvalidValueError: The address has no prefix.
    """
    if address.network is None:
        raise InvalidValueError("network address", address.address, "its prefix is needed too, as in 10.1.2.3/24")
    return f"{_QUERY}MPLOCATION&ir={address.address}&ip={address.network}"


def parse_mp_location(body: bytes) -> MpLocation:
    """Read the answer to MPLOCATION, of which only the names of the parts are known.

    Raises:
        MalformedReplyError: It is none, or a name in it cannot be one.
        UnsafeXmlError: It is refused for what it could do.
    """
    name = "MPLocation"
    root = parse_root(body, name, limits=_LIMITS)
    return MpLocation(
        _read(HostName, find_part(root, "MP"), name),
        _read(SiteCode, find_part(root, "SiteCode"), name),
        _read(SiteCode, find_part(root, "AssignedSiteCode"), name),
        find_unknown(root, _LOCATION),
    )


def _signed_root_key(holder: Element | None, name: str) -> SignedRootKey:
    key = _read(parse_root_key, None if holder is None else holder.text, name)
    if key is None:
        raise _malformed(name, "it has no root key")
    return SignedRootKey(key, _bytes(find_attribute(holder, "Signature"), name))


def _der(holder: Element | None, name: str) -> bytes:
    """A certificate in hexadecimal, as far as a whole one can be told: one sequence, and nothing behind it."""
    der = _bytes(None if holder is None else holder.text, name)
    if not der:
        raise _malformed(name, "a certificate is missing")
    try:
        whole = read_tlv(der)
    except MalformedReplyError as error:
        raise _malformed(name, "a certificate in it is cut off, or none") from error
    if whole.tag != _SEQUENCE or whole.end != len(der):
        raise _malformed(name, "a certificate in it is none")
    return der


def _bytes(text: str | None, name: str) -> bytes:
    """Bytes in hexadecimal; empty for none."""
    plain = _BLANKS.sub("", text or "")
    if plain and not _HEX.fullmatch(plain):
        raise _malformed(name, "a part of it is not in hexadecimal")
    return bytes.fromhex(plain)


def _read(read: Callable[[str], _T], text: str | None, name: str) -> _T | None:
    try:
        return None if text is None or not text.strip() else read(text)
    except InvalidValueError as error:
        raise _malformed(name, error.message) from error


def _malformed(name: str, what: str) -> MalformedReplyError:
    return MalformedReplyError(f"{name} cannot be used: {what}", where=name)
