"""A trusted root key as the product writes it: a public key blob of CryptoAPI, in hexadecimal."""

import re
import struct

from ..errors import InvalidValueError
from ..model.rootkey import TrustedRootKey

__all__ = ["build_root_key", "parse_root_key"]

_HEX = r"(?:[0-9A-Fa-f]{2})+"
_BLANKS = r"\s+"

# PUBLICKEYBLOB of CryptoAPI: type, version, reserved, algorithm (RSA for exchanging keys), then RSAPUBKEY.
_BLOB = struct.Struct("<BBHI4sII")
_BLOB_HEAD = (6, 2, 0, 0xA400, b"RSA1")
_KEY_BITS = range(512, 16_384 + 1)  # what is weak is for those to say who trust it; this is against nonsense


def parse_root_key(text: str) -> TrustedRootKey:
    """Read a root key in hexadecimal, as answers, ``mobileclient.tcf`` and setup properties write it.

    Raises:
        InvalidValueError: It is no RSA public key in a CryptoAPI blob, or not as long as it says.
    """
    what = "trusted root key"
    plain = re.sub(_BLANKS, "", text)
    if not re.fullmatch(_HEX, plain):
        raise InvalidValueError(what, text, "it is written in hexadecimal")
    blob = bytes.fromhex(plain)
    if len(blob) < _BLOB.size:
        raise InvalidValueError(what, text, "it is too short")
    *head, bits, exponent = _BLOB.unpack_from(blob)
    if tuple(head) != _BLOB_HEAD:
        raise InvalidValueError(what, text, "it is no RSA public key as CryptoAPI writes them")
    if bits % 8 or bits not in _KEY_BITS or len(blob) != _BLOB.size + bits // 8:
        raise InvalidValueError(
            what, text, f"it says that it has {bits} bits, and its length is not that of such a key"
        )
    return TrustedRootKey(blob, exponent, int.from_bytes(blob[_BLOB.size :], "little"))


def build_root_key(modulus: int, exponent: int = 65537) -> TrustedRootKey:
    """Make a root key of an RSA public key.

    Args:
        modulus: Its modulus, of 512 to 16,384 bits.
        exponent: Its public exponent, of at most 32 bits.
    """
    size = (modulus.bit_length() + 7) // 8
    blob = _BLOB.pack(*_BLOB_HEAD, size * 8, exponent) + modulus.to_bytes(size, "little")
    return TrustedRootKey(blob, exponent, modulus)
