"""What a management point says about keys and certificates of its site; nothing here is verified."""

from typing import NamedTuple

from .names import HostName, SiteCode
from .rootkey import TrustedRootKey

__all__ = [
    "IssuingCertificates",
    "MpCertificates",
    "MpKeyInformation",
    "MpLocation",
    "SignedRootKey",
    "SiteSigningCertificate",
]


class SignedRootKey(NamedTuple):
    """A root key with the signature that came with it.

    Attributes:
        key: The key.
        signature: A detached PKCS#7 signature of the management point, DER; empty when not sent.
    """

    key: TrustedRootKey
    signature: bytes = b""


class MpKeyInformation(NamedTuple):
    """The answer to MPKEYINFORMATION.

    Attributes:
        root_key: The root key.
        certificate: Certificate of the management point, DER; empty when not sent.
        certificate_signature: The signature that came with it; empty when not sent.
        site_code: The site of the management point; None when not sent.
        machine_name: Its NetBIOS name; empty when not sent.
        fqdn: Its name; None when not sent.
        assignment_site: The site that its clients are assigned to; None when not sent.
        unknown: Paths of elements and attributes that nobody knows, each once.
    """

    root_key: SignedRootKey
    certificate: bytes = b""
    certificate_signature: bytes = b""
    site_code: SiteCode | None = None
    machine_name: str = ""
    fqdn: HostName | None = None
    assignment_site: SiteCode | None = None
    unknown: tuple[str, ...] = ()


class MpCertificates(NamedTuple):
    """The answer to MPCERT or MPCERT2, DER; MPCERT has one for both.

    Attributes:
        signing: Signs answers.
        encryption: Bodies may be encrypted for it.
        unknown: Paths of elements and attributes that nobody knows, each once.
    """

    signing: bytes
    encryption: bytes
    unknown: tuple[str, ...] = ()


class SiteSigningCertificate(NamedTuple):
    """The answer to SITESIGNCERT.

    Attributes:
        certificate: The site server's signing certificate, DER.
        signature: The signature that came with it; which bytes it signs is not documented. Empty when not sent.
        unknown: Paths of elements and attributes that nobody knows, each once.
    """

    certificate: bytes
    signature: bytes = b""
    unknown: tuple[str, ...] = ()


class IssuingCertificates(NamedTuple):
    """The answer to SMSTRC: certificates that issue those of the site.

    Attributes:
        certificates: DER, in the order of the answer; never empty.
        signature: The signature over them; empty when not sent.
        algorithm_id: CryptoAPI number of the signature's hash, such as 32780 for SHA-256; None when not sent.
        algorithm_oid: Object identifier of the signature's algorithm; empty when not sent.
        unknown: Paths of elements and attributes that nobody knows, each once.
    """

    certificates: tuple[bytes, ...]
    signature: bytes = b""
    algorithm_id: int | None = None
    algorithm_oid: str = ""
    unknown: tuple[str, ...] = ()


class MpLocation(NamedTuple):
    """The answer to MPLOCATION.

    Attributes:
        mp: A management point for the address that was asked for; None when it names none.
        site_code: Its site; None when not sent.
        assignment_site: The site that clients are assigned to; None when not sent.
        unknown: Paths of elements and attributes that are not read, each once.
    """

    mp: HostName | None = None
    site_code: SiteCode | None = None
    assignment_site: SiteCode | None = None
    unknown: tuple[str, ...] = ()
