"""Root keys and signatures: any bytes give a value or one of our errors."""

from hypothesis import given
from hypothesis import strategies as st

from cmclient.adapters.site_signatures import SiteSignatures
from cmclient.errors import InvalidValueError, ProtocolError
from cmclient.model.directory import DirectoryEntry
from cmclient.model.rootkey import TrustedRootKey
from cmclient.model.trust import MpKeyInformation, SignedRootKey
from cmclient.protocol.published_keys import ROOT_KEY_ATTRIBUTE, read_published_keys
from cmclient.protocol.rootkeyblob import build_root_key, parse_root_key
from cmclient.protocol.rootkeyfile import parse_root_key_file
from cmclient.protocol.signeddata import parse_detached_signature
from cmclient.protocol.trustanswers import build_mp_key_information
from cmclient.protocol.trustkeys import parse_mp_key_information

moduli = st.integers(min_value=2**511, max_value=2**2048 - 1).map(lambda n: n | 1 << (n.bit_length() // 8 * 8 + 7))
keys = st.builds(build_root_key, moduli, st.integers(min_value=0, max_value=2**32 - 1))
STRUCTURE = bytes.fromhex("3082019606092a864886f70d010702a0820187308201830201013100")


@given(keys)
def test_key__is_read_as_it_was_written(key: TrustedRootKey) -> None:
    assert parse_root_key(key.text) == key
    assert parse_root_key_file(f"[Site]\nSMSPublicRootKey={key.text}\n".encode()) == key
    entry = DirectoryEntry("CN=x", {ROOT_KEY_ATTRIBUTE.lower(): (key.blob, key.text.encode())})
    assert read_published_keys(entry) == (key,)
    told = MpKeyInformation(SignedRootKey(key, b"\x01"))
    assert parse_mp_key_information(build_mp_key_information(told)) == told


@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: f"SMSPublicRootKey={text}".encode())))
def test_file__gives_a_key_or_a_fault(data: bytes) -> None:
    try:
        key = parse_root_key_file(data)
    except InvalidValueError:
        return
    assert parse_root_key(key.text) == key


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=100).map(STRUCTURE.__add__)))
def test_signature__is_read_or_refused(data: bytes) -> None:
    try:
        made = parse_detached_signature(data)
    except ProtocolError:
        return
    assert made.hash_name


@given(keys, st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=300))
def test_signatures__prove_nothing_by_chance(
    key: TrustedRootKey, signature: bytes, certificate: bytes, endorsement: bytes
) -> None:
    told = MpKeyInformation(SignedRootKey(key, signature), certificate, endorsement)
    assert all(check.verified is not True for check in SiteSignatures().check(told, key))
