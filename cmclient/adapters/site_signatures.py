"""Signatures with which a site vouches for its keys, looked at with cryptography.

Which bytes are signed is documented nowhere, and no whole answer has been seen. So each form that could be meant is
tried: the bytes, their hexadecimal text, that text in UTF-16; the signature as it is, and with its bytes reversed, as
CryptoAPI writes one. One that holds in any form proves what it says: nobody makes one without the key. One that holds
in none proves nothing either way, and that is what is said of it.
"""

from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ..errors import MalformedReplyError
from ..model.rootkey import SignatureCheck, TrustedRootKey
from ..model.trust import IssuingCertificates, MpKeyInformation, SiteSigningCertificate
from ..protocol.signeddata import parse_detached_signature
from .certificate_fields import UNREADABLE, show, text_of

__all__ = ["SiteSignatures"]

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha1": hashes.SHA1(),  # noqa: S303 - older sites; what it proves is said, and nothing rests on it alone
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_UNKNOWN = "it holds over none of the forms that were tried; which bytes are signed is not documented"


class SiteSignatures:
    """The ``SignatureVerifier`` on cryptography. Keeps nothing; safe to use from several threads."""

    def check(self, told: MpKeyInformation, root: TrustedRootKey) -> tuple[SignatureCheck, ...]:
        """Look at the signatures of key information.

        Args:
            told: What a management point answered.
            root: The trusted root key.

        Returns:
            What each proves; empty when there is none.
        """
        found = []
        if told.root_key.signature:
            found.append(_check_detached(told))
        if told.certificate and told.certificate_signature:
            what = "certificate of the management point"
            found.append(_check_endorsed(what, told.certificate, told.certificate_signature, root))
        return tuple(found)

    def check_signing_certificate(self, told: SiteSigningCertificate, root: TrustedRootKey) -> SignatureCheck:
        """Look at the signature of the site server's signing certificate."""
        return _check_endorsed("site signing certificate", told.certificate, told.signature, root)

    def check_issuing_certificates(self, told: IssuingCertificates, root: TrustedRootKey) -> SignatureCheck:
        """Look at the signature of the certificates that issue those of the site."""
        return _check_endorsed("issuing certificates", b"".join(told.certificates), told.signature, root)


def _check_detached(told: MpKeyInformation) -> SignatureCheck:
    """The management point's own signature: it proves that the answer was made by the holder of that certificate."""
    what = "root key, by the management point"
    try:
        made = parse_detached_signature(told.root_key.signature)
    except MalformedReplyError as error:
        return SignatureCheck(what, None, error.message)
    if not told.certificate:
        return SignatureCheck(what, None, "the certificate of its signer was not sent along")
    try:
        certificate = x509.load_der_x509_certificate(told.certificate)
        subject, public = show(text_of(certificate.subject)), certificate.public_key()
        named = (certificate.issuer.public_bytes(), certificate.serial_number)
    except UNREADABLE:
        return SignatureCheck(what, None, "the certificate that was sent along cannot be read")
    if named != (made.issuer, made.serial):
        return SignatureCheck(what, verified=False, detail="its signer is not the certificate that was sent along")
    if not isinstance(public, rsa.RSAPublicKey):
        return SignatureCheck(what, None, "the certificate that was sent along has no RSA key")
    blob = told.root_key.key.blob
    held = _find_form(public, made.signature, blob, (made.hash_name,))
    if held is None:
        return SignatureCheck(what, None, _UNKNOWN)
    return SignatureCheck(what, verified=True, detail=f"made with the key of {subject}, over {held}")


def _check_endorsed(what: str, data: bytes, signature: bytes, root: TrustedRootKey) -> SignatureCheck:
    """A signature that is made with the root key."""
    if not signature:
        return SignatureCheck(what, None, "it came without a signature")
    try:
        public = rsa.RSAPublicNumbers(root.exponent, root.modulus).public_key()
    except ValueError:
        return SignatureCheck(what, None, "the root key is none that cryptography takes")
    held = _find_form(public, signature, data, ("sha256", "sha1"))
    if held is None:
        return SignatureCheck(what, None, _UNKNOWN)
    return SignatureCheck(what, verified=True, detail=f"made with the root key, over {held}")


def _find_form(public: rsa.RSAPublicKey, signature: bytes, data: bytes, names: tuple[str, ...]) -> str | None:
    """In which form a signature holds, in words; None for none."""
    for order, value in (("", signature), (" (signature reversed)", signature[::-1])):
        for words, signed in _forms(data):
            for name in names:
                try:
                    public.verify(value, signed, padding.PKCS1v15(), _HASHES[name])
                except (InvalidSignature, ValueError, UnsupportedAlgorithm):
                    continue
                return f"{words} with {name}{order}"
    return None


def _forms(data: bytes) -> Iterator[tuple[str, bytes]]:
    text = data.hex().upper()
    yield "its bytes", data
    yield "its hexadecimal text", text.encode("ascii")
    yield "its hexadecimal text in UTF-16", text.encode("utf-16-le")
