"""Keys and certificates as management points hand them out: real answers, completed, and answers that are broken."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cmclient.errors import InvalidValueError, MalformedReplyError, UnsafeXmlError
from cmclient.model.facts import parse_address
from cmclient.model.names import HostName, SiteCode
from cmclient.model.trust import IssuingCertificates, MpCertificates, MpKeyInformation, MpLocation, SignedRootKey
from cmclient.protocol.trustkeys import (
    ISSUING_CERTIFICATES_PATH,
    MP_CERTIFICATE_PATH,
    MP_CERTIFICATES_PATH,
    MP_KEY_INFORMATION_PATH,
    ROOT_KEY_PATH,
    SITE_SIGNING_CERTIFICATE_PATH,
    build_root_key,
    mp_location_path,
    parse_issuing_certificates,
    parse_mp_certificates,
    parse_mp_key_information,
    parse_mp_location,
    parse_root_key,
    parse_root_key_reply,
    parse_site_signing_certificate,
)

KEY = build_root_key((1 << 2047) | 12345)
HEX = KEY.blob.hex().upper()
DER = b"\x30\x03\x02\x01\x07"
OTHER_DER = b"\x30\x03\x02\x01\x08"


def cut_sample(vectors: Path, name: str) -> str:
    """What is there of a real answer, without the note that it is cut off."""
    return re.sub(r" \.\.\.\(.*", "", (vectors / "samples" / name).read_text("ascii").strip())


# Asking


def test_the_addresses() -> None:
    keywords = [
        path.removeprefix("/SMS_MP/.sms_aut?")
        for path in (
            MP_KEY_INFORMATION_PATH,
            MP_CERTIFICATE_PATH,
            MP_CERTIFICATES_PATH,
            SITE_SIGNING_CERTIFICATE_PATH,
            ISSUING_CERTIFICATES_PATH,
            ROOT_KEY_PATH,
        )
    ]
    assert keywords == ["MPKEYINFORMATION", "MPCERT", "MPCERT2", "SITESIGNCERT", "SMSTRC", "MPTRK"]


def test_a_management_point_for_an_address_is_asked_for_as_by_boot_media(vectors: Path) -> None:
    real = (vectors / "samples" / "mplocation-smsts.log.txt").read_text("ascii").strip()
    assert f"GET {mp_location_path(parse_address('192.168.0.100/24'))}" == real
    with pytest.raises(InvalidValueError, match="prefix is needed"):
        mp_location_path(parse_address("192.168.0.100"))


# The root key


def test_a_root_key_is_an_rsa_public_key_of_cryptoapi() -> None:
    assert HEX.startswith("0602000000A40000525341310008000001000100393000")
    key = parse_root_key(HEX)
    assert (key.exponent, key.modulus) == (65537, (1 << 2047) | 12345)
    assert key == KEY
    assert parse_root_key(f"\r\n {HEX[:100].lower()}\n{HEX[100:]} ") == KEY


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "hexadecimal"),
        ("06020", "hexadecimal"),
        ("0x" + HEX, "hexadecimal"),
        ("\u0660" * 40, "hexadecimal"),
        (HEX[:38], "too short"),
        (HEX.replace("52534131", "52534132", 1), "no RSA public key"),  # RSA2: a private one
        ("07" + HEX[2:], "no RSA public key"),
        (HEX[:-2], "its length is not that of such a key"),
        (HEX + "00", "its length is not that of such a key"),
        (HEX[:24] + "00000000" + HEX[32:40], "says that it has 0 bits"),
        (HEX[:24] + "FFFFFFFF" + HEX[32:], "says that it has 4294967295 bits"),
        (build_root_key(1 << 503).blob.hex(), "says that it has 504 bits"),
    ],
)
def test_what_is_no_root_key(text: str, problem: str) -> None:
    with pytest.raises(InvalidValueError, match=problem):
        parse_root_key(text)


@pytest.mark.parametrize("bits", [512, 4096, 16384])
def test_root_keys_of_other_sizes(bits: int) -> None:
    key = build_root_key((1 << (bits - 1)) | 1, 3)
    assert parse_root_key(key.blob.hex()) == key


# Real answers, completed


@pytest.mark.parametrize(
    ("sample", "issuer"),
    [
        ("mpkeyinformation-reply-truncated.txt", b"PS1-MP"),
        ("mpkeyinformation-secondary-site-reply-truncated.txt", b"PS1-SEC"),
    ],
)
def test_real_key_information(sample: str, issuer: bytes, vectors: Path) -> None:
    cut = cut_sample(vectors, sample)
    cut = cut[: len(cut) - (len(cut) - cut.index(">06") - 1) % 2]  # to a whole byte
    missing = 2 * (20 + 256) - (len(cut) - cut.index(">06") - 1)
    whole = (
        f"{cut}{'00' * (missing // 2)}</TRUSTEDROOTKEY><MPCERTIFICATE Signature='0102'>{DER.hex()}</MPCERTIFICATE>"
        "<SITECODE>PS1</SITECODE><MACHINENAME>PS1-MP</MACHINENAME><FQDN>PS1-MP.corp.test</FQDN></MPKEYINFORMATION>"
    )
    found = parse_mp_key_information(whole.encode())
    assert (found.root_key.key.exponent, found.root_key.key.modulus % 2**32) == (65537, 0xBCF6FEED)
    assert issuer in found.root_key.signature
    assert found == MpKeyInformation(
        root_key=found.root_key,
        certificate=DER,
        certificate_signature=b"\1\2",
        site_code=SiteCode("PS1"),
        machine_name="PS1-MP",
        fqdn=HostName("ps1-mp.corp.test"),
    )


def test_a_real_site_signing_certificate(vectors: Path) -> None:
    cut = cut_sample(vectors, "sitesigncert-reply-truncated.txt")
    at = cut.index('">3082') + 2
    certificate = cut[at:].ljust(2 * (4 + 0x2F0), "0")
    found = parse_site_signing_certificate(f"{cut[:at]}{certificate}</X509Certificate></X509Data>".encode())
    assert found.certificate == bytes.fromhex(certificate)
    assert (len(found.signature), found.signature[:4], found.unknown) == (256, b"\x7a\xb7\x7d\x16", ())


def test_real_issuing_certificates(vectors: Path) -> None:
    cut = cut_sample(vectors, "smstrc-reply-truncated.txt")
    at = cut.index("<Cert>") + len("<Cert>")
    certificate = cut[at:].ljust(2 * (4 + 0x333), "0")
    whole = f"{cut[:at]}{certificate}</Cert><Cert>{DER.hex()}</Cert></Certs></SMSIssuingCerts>"
    found = parse_issuing_certificates(whole.encode())
    assert found == IssuingCertificates(
        (bytes.fromhex(certificate), DER), found.signature, 32780, "1.2.840.113549.1.1.11"
    )
    assert (len(found.signature), found.signature[:4]) == (256, b"\x09\x66\xce\xf1")


PARSERS = {
    "mpkeyinformation-reply-truncated.txt": parse_mp_key_information,
    "mpkeyinformation-secondary-site-reply-truncated.txt": parse_mp_key_information,
    "sitesigncert-reply-truncated.txt": parse_site_signing_certificate,
    "smstrc-reply-truncated.txt": parse_issuing_certificates,
}


@pytest.mark.parametrize("sample", PARSERS)
def test_a_real_answer_that_is_cut_off_is_refused(sample: str, vectors: Path) -> None:
    parse: Callable[[bytes], object] = PARSERS[sample]
    with pytest.raises(MalformedReplyError, match="is cut off"):
        parse((vectors / "samples" / sample).read_bytes())
    with pytest.raises(MalformedReplyError, match="is cut off"):
        parse(cut_sample(vectors, sample).encode())


# Other shapes, and answers that lie


def key_information(inside: str) -> MpKeyInformation:
    root_key = f'<TRUSTEDROOTKEY Signature="0102">{HEX}</TRUSTEDROOTKEY>'
    return parse_mp_key_information(f"<MPKEYINFORMATION>{root_key}{inside}</MPKEYINFORMATION>".encode())


def test_key_information_may_hold_the_key_alone() -> None:
    assert key_information("") == MpKeyInformation(SignedRootKey(KEY, b"\1\2"))


def test_the_extended_key_information_names_the_site_for_assignment_and_what_is_not_read() -> None:
    found = key_information("<AssignmentSiteCode>abc</AssignmentSiteCode><UnknownMachines><x64/></UnknownMachines>")
    assert (found.assignment_site, found.unknown) == ("ABC", ("UnknownMachines",))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "has no root key"),
        ("<TRUSTEDROOTKEY/>", "has no root key"),
        (f"<TRUSTEDROOTKEY>{HEX[:-2]}</TRUSTEDROOTKEY>", "is not a trusted root key"),
        (f'<TRUSTEDROOTKEY Signature="xx">{HEX}</TRUSTEDROOTKEY>', "not in hexadecimal"),
        (f"<TRUSTEDROOTKEY>{HEX}</TRUSTEDROOTKEY><SITECODE>ABCD</SITECODE>", "is not a site code"),
        (f"<TRUSTEDROOTKEY>{HEX}</TRUSTEDROOTKEY><FQDN>a..b</FQDN>", "is not a host name"),
        (f"<TRUSTEDROOTKEY>{HEX}</TRUSTEDROOTKEY><MPCERTIFICATE/>", "certificate is missing"),
        (f"<TRUSTEDROOTKEY>{HEX}</TRUSTEDROOTKEY><MPCERTIFICATE>3003020107FF</MPCERTIFICATE>", "certificate in it"),
        (f"<TRUSTEDROOTKEY>{HEX}</TRUSTEDROOTKEY><MPCERTIFICATE>30030201</MPCERTIFICATE>", "is cut off, or none"),
        (f"<TRUSTEDROOTKEY>{HEX}</TRUSTEDROOTKEY><MPCERTIFICATE>020107</MPCERTIFICATE>", "certificate in it is none"),
    ],
)
def test_key_information_that_cannot_be_used(body: str, problem: str) -> None:
    with pytest.raises(MalformedReplyError, match=problem) as caught:
        parse_mp_key_information(f"<MPKEYINFORMATION>{body}</MPKEYINFORMATION>".encode())
    assert caught.value.where == "MPKEYINFORMATION"
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    "inside",
    [
        f'<TrustedRootKey Signature="0102">{HEX}</TrustedRootKey>',
        f"<TrustedRootKey>{HEX}<Signature>0102</Signature></TrustedRootKey>",
        f"<TrustedRootKey>{HEX}</TrustedRootKey><Signature>0102</Signature>",
    ],
)
def test_the_root_key_alone_with_its_signature_wherever_it_stands(inside: str) -> None:
    assert parse_root_key_reply(f"<KeyData>{inside}</KeyData>".encode()) == (SignedRootKey(KEY, b"\1\2"), ())


def test_certificates_of_a_management_point_one_for_both_or_two() -> None:
    one = f"<MPCertificate><Certificate>{DER.hex()}</Certificate></MPCertificate>"
    assert parse_mp_certificates(one.encode()) == MpCertificates(DER, DER)
    first, second = (f"<Certificate{n}>{der.hex()}</Certificate{n}>" for n, der in [(1, DER), (2, OTHER_DER)])
    two = f"<MPCertificates>{second}{first}</MPCertificates>"
    assert parse_mp_certificates(two.encode()) == MpCertificates(DER, OTHER_DER)
    with pytest.raises(MalformedReplyError, match="certificate is missing"):
        parse_mp_certificates(f"<MPCertificates>{first}</MPCertificates>".encode())


def test_a_site_signing_certificate_in_another_encoding_is_refused() -> None:
    body = "<X509Data><X509Certificate{}>{}</X509Certificate></X509Data>"
    assert parse_site_signing_certificate(body.format("", DER.hex()).encode()).certificate == DER
    with pytest.raises(MalformedReplyError, match="not in hexadecimal"):
        parse_site_signing_certificate(body.format(' EncodingType="base64"', DER.hex()).encode())


@pytest.mark.parametrize(("number", "taken"), [(0, False), (1, True), (64, True), (65, False)])
def test_issuing_certificates_are_one_to_sixty_four(number: int, taken: bool) -> None:  # noqa: FBT001
    body = f"<SMSIssuingCerts><Certs>{f'<Cert>{DER.hex()}</Cert>' * number}</Certs></SMSIssuingCerts>".encode()
    if taken:
        assert parse_issuing_certificates(body) == IssuingCertificates((DER,) * number)
    else:
        with pytest.raises(MalformedReplyError, match=f"has {number} certificates"):
            parse_issuing_certificates(body)


@pytest.mark.parametrize(
    "body",
    [
        '<MPLocation MP="mp.corp.test" SiteCode="ABC" AssignedSiteCode="XYZ"/>',
        "<MPLocation><MP>MP.corp.test</MP><SiteCode>abc</SiteCode><AssignedSiteCode>XYZ</AssignedSiteCode></MPLocation>",
    ],
)
def test_a_management_point_for_an_address(body: str) -> None:
    assert parse_mp_location(body.encode()) == MpLocation(HostName("mp.corp.test"), SiteCode("ABC"), SiteCode("XYZ"))


def test_a_location_that_names_nobody_or_what_cannot_be() -> None:
    found = parse_mp_location(b"<MPLocation><MP/><MPCertificatesEx><x/></MPCertificatesEx></MPLocation>")
    assert found == MpLocation(unknown=("MPCertificatesEx",))
    with pytest.raises(MalformedReplyError, match="is not a host name"):
        parse_mp_location(b"<MPLocation><MP>http://mp/</MP></MPLocation>")


@pytest.mark.parametrize(
    "parse",
    [
        parse_mp_key_information,
        parse_root_key_reply,
        parse_mp_certificates,
        parse_site_signing_certificate,
        parse_issuing_certificates,
        parse_mp_location,
    ],
)
def test_what_is_no_answer_of_its_kind_is_refused(parse: Callable[[bytes], object]) -> None:
    with pytest.raises(MalformedReplyError, match="its root is 'MPList'"):
        parse(b"<MPList/>")
    with pytest.raises(MalformedReplyError, match="is a web page"):
        parse(b"<html></html>")
    with pytest.raises(UnsafeXmlError):
        parse(b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>")
    with pytest.raises(UnsafeXmlError, match="larger than 1048576 bytes"):
        parse(b" " * 1048577)
