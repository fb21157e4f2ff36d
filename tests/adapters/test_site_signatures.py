"""Signatures of a site's keys: those that hold, those of others, those that prove nothing, and what was really seen."""

import re
from pathlib import Path

import pytest
from adapters.zoo import certificate_of, name_of
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from cmclient.adapters.site_signatures import SiteSignatures
from cmclient.errors import MalformedReplyError
from cmclient.model.trust import IssuingCertificates, MpKeyInformation, SignedRootKey, SiteSigningCertificate
from cmclient.protocol.rootkeyblob import build_root_key
from cmclient.protocol.signeddata import parse_detached_signature
from cmclient.protocol.trustkeys import (
    parse_issuing_certificates,
    parse_mp_key_information,
    parse_site_signing_certificate,
)

SITE_KEY, MP_KEY, STRANGER = (rsa.generate_private_key(65537, 2048) for _ in range(3))
ROOT = build_root_key(SITE_KEY.public_key().public_numbers().n)
MP = certificate_of(name_of("MP1"), name_of("MP1"), MP_KEY.public_key(), MP_KEY)
DER = MP.public_bytes(Encoding.DER)
VERIFIER = SiteSignatures()


def detached(data: bytes, certificate: x509.Certificate = MP, key: rsa.RSAPrivateKey = MP_KEY) -> bytes:
    """A signature in the form that was seen: no content, no certificates, no attributes."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(data).add_signer(certificate, key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.NoAttributes, pkcs7.PKCS7Options.NoCerts]
    return builder.sign(Encoding.DER, [*options, pkcs7.PKCS7Options.Binary])


def signed(data: bytes, key: rsa.RSAPrivateKey = SITE_KEY, algorithm: hashes.HashAlgorithm | None = None) -> bytes:
    return key.sign(data, padding.PKCS1v15(), algorithm or hashes.SHA256())


def told(signature: bytes = b"", endorsed: bytes = b"", certificate: bytes = DER) -> MpKeyInformation:
    return MpKeyInformation(SignedRootKey(ROOT, signature), certificate, endorsed)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (ROOT.blob, "its bytes with sha256"),
        (ROOT.text.encode(), "its hexadecimal text with sha256"),
        (ROOT.text.encode("utf-16-le"), "in UTF-16 with sha256"),
    ],
    ids=["bytes", "text", "UTF-16"],
)
def test_signature_of_the_management_point__holds_in_some_form(data: bytes, words: str) -> None:
    (check,) = VERIFIER.check(told(detached(data)), ROOT)
    assert check.verified is True
    assert words in check.detail
    assert "CN=MP1" in check.detail


def test_signature_of_the_management_point__over_something_else__proves_nothing() -> None:
    (check,) = VERIFIER.check(told(detached(b"something else")), ROOT)
    assert check.verified is None
    assert "not documented" in check.detail


def test_signature_of_somebody_else_than_the_certificate__is_not_true() -> None:
    other = certificate_of(name_of("MP2"), name_of("MP2"), STRANGER.public_key(), STRANGER)
    (check,) = VERIFIER.check(told(detached(ROOT.blob, other, STRANGER)), ROOT)
    assert check.verified is False


@pytest.mark.parametrize("forger", [True, False])
def test_signature_under_the_right_name__needs_the_right_key(forger: bool) -> None:  # noqa: FBT001
    (check,) = VERIFIER.check(told(detached(ROOT.blob, MP, STRANGER if forger else MP_KEY)), ROOT)
    assert check.verified is (None if forger else True)


@pytest.mark.parametrize(
    ("signature", "certificate", "words"),
    [
        (detached(ROOT.blob)[:-20], DER, "PKCS#7"),
        (b"\x30\x00", DER, "PKCS#7"),
        (detached(ROOT.blob), b"", "not sent along"),
        (detached(ROOT.blob), DER[:-9], "cannot be read"),
    ],
    ids=["cut off", "empty", "no certificate", "a broken certificate"],
)
def test_signature_that_cannot_be_looked_at__says_why(signature: bytes, certificate: bytes, words: str) -> None:
    (check,) = VERIFIER.check(told(signature, certificate=certificate), ROOT)
    assert check.verified is None
    assert words in check.detail


@pytest.mark.parametrize("reversed_", [False, True])
@pytest.mark.parametrize("algorithm", [hashes.SHA256(), hashes.SHA1()], ids=["SHA-256", "SHA-1"])  # noqa: S303
def test_certificate_that_the_root_key_endorses(reversed_: bool, algorithm: hashes.HashAlgorithm) -> None:  # noqa: FBT001
    signature = signed(DER, algorithm=algorithm)
    (check,) = VERIFIER.check(told(endorsed=signature[::-1] if reversed_ else signature), ROOT)
    assert check.verified is True
    assert ("reversed" in check.detail) is reversed_
    assert algorithm.name in check.detail


@pytest.mark.parametrize(
    "signature",
    [signed(DER, STRANGER), signed(DER)[:-1], bytes(256), b"\x01"],
    ids=["other key", "cut", "zeros", "short"],
)
def test_certificate_that_the_root_key_does_not_endorse(signature: bytes) -> None:
    (check,) = VERIFIER.check(told(endorsed=signature), ROOT)
    assert check.verified is None


@pytest.mark.parametrize("exponent", [1, 2, 0])
def test_root_key_that_is_no_key__verifies_nothing(exponent: int) -> None:
    """With the exponent 1 everything would be its own signature."""
    (check,) = VERIFIER.check(told(endorsed=signed(DER)), ROOT._replace(exponent=exponent))
    assert check.verified is None
    assert "none that cryptography takes" in check.detail


def test_certificates_of_the_site() -> None:
    good, bad = signed(DER)[::-1], signed(DER, STRANGER)
    assert VERIFIER.check_signing_certificate(SiteSigningCertificate(DER, good), ROOT).verified is True
    assert VERIFIER.check_signing_certificate(SiteSigningCertificate(DER, bad), ROOT).verified is None
    assert "without a signature" in VERIFIER.check_signing_certificate(SiteSigningCertificate(DER), ROOT).detail
    assert VERIFIER.check_issuing_certificates(IssuingCertificates((DER,), good), ROOT).verified is True


# What was really seen: four answers, each cut off after a thousand bytes


@pytest.mark.parametrize(
    ("sample", "issuer", "serial"),
    [
        ("mpkeyinformation-reply-truncated.txt", "PS1-MP", "167E7762F9C8A3B746BD74401BBB4C92"),
        ("mpkeyinformation-secondary-site-reply-truncated.txt", "PS1-SEC", "3C55994CAD7BEB8A4EB62F0467A2CD81"),
    ],
)
def test_real_signature_of_a_management_point__is_read(sample: str, issuer: str, serial: str, vectors: Path) -> None:
    text = (vectors / "samples" / sample).read_text("ascii")
    found = re.search(r'TRUSTEDROOTKEY Signature="([0-9A-F]+)"', text)
    assert found is not None
    made = parse_detached_signature(bytes.fromhex(found[1]))
    assert (made.serial, made.hash_name, len(made.signature)) == (int(serial, 16), "sha256", 256)
    assert issuer.encode() in made.issuer
    assert b"SMS" in made.issuer


@pytest.mark.parametrize(
    ("sample", "parse"),
    [
        ("mpkeyinformation-reply-truncated.txt", parse_mp_key_information),
        ("mpkeyinformation-secondary-site-reply-truncated.txt", parse_mp_key_information),
        ("sitesigncert-reply-truncated.txt", parse_site_signing_certificate),
        ("smstrc-reply-truncated.txt", parse_issuing_certificates),
    ],
)
def test_real_answer_that_is_cut_off__is_refused(sample: str, parse: object, vectors: Path) -> None:
    with pytest.raises(MalformedReplyError):
        parse((vectors / "samples" / sample).read_bytes())  # type: ignore[operator]


WHOLE = detached(b"x")


@pytest.mark.parametrize("length", range(0, len(WHOLE), 7))
def test_signature_that_is_cut_off__is_refused(length: int) -> None:
    with pytest.raises(MalformedReplyError):
        parse_detached_signature(WHOLE[:length])


@pytest.mark.parametrize(
    "data",
    [
        WHOLE + b"\x00",
        WHOLE.replace(bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010703")),
        WHOLE.replace(bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040209")),
        b"\x31" + WHOLE[1:],
        bytes(65_537),
        pkcs7.PKCS7SignatureBuilder()
        .set_data(b"x")
        .add_signer(MP, MP_KEY, hashes.SHA256())
        .sign(Encoding.DER, [pkcs7.PKCS7Options.Binary]),
    ],
    ids=["more behind it", "enveloped data", "an unknown hash", "no sequence", "huge", "with content and attributes"],
)
def test_signature_of_another_form__is_refused(data: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        parse_detached_signature(data)


def test_reading__changes_nothing_of_what_is_compared() -> None:
    made = parse_detached_signature(WHOLE)
    assert (made.issuer, made.serial) == (MP.issuer.public_bytes(), MP.serial_number)
    MP_KEY.public_key().verify(made.signature, b"x", padding.PKCS1v15(), hashes.SHA256())
