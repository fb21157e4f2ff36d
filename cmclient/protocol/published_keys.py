"""The root key as a site may publish it in the directory.

No real value has been seen. What is read is what cannot be anything else: a whole root key as ``mobileclient.tcf``
writes it, or the same bytes as they are. Every other value of the attribute is left alone.
"""

from ..errors import InvalidValueError
from ..model.directory import DirectoryEntry
from ..model.rootkey import TrustedRootKey
from .rootkeyblob import parse_root_key

__all__ = ["ROOT_KEY_ATTRIBUTE", "read_published_keys"]

ROOT_KEY_ATTRIBUTE = "serviceBindingInformation"
_MOST_VALUES = 16  # a site would publish one
_MOST_BYTES = 8192  # of a value: a key of 16,384 bits in hexadecimal has half of that
_BLOB_BEGINS = b"\x06\x02\x00\x00\x00\xa4\x00\x00RSA1"


def read_published_keys(entry: DirectoryEntry) -> tuple[TrustedRootKey, ...]:
    """The root keys in the object of a site, in the order of their values, each once; empty when there is none."""
    found: dict[TrustedRootKey, None] = {}
    for value in entry.attributes.get(ROOT_KEY_ATTRIBUTE.lower(), ())[:_MOST_VALUES]:
        if len(value) > _MOST_BYTES:
            continue
        try:
            text = value.hex() if value.startswith(_BLOB_BEGINS) else value.decode("ascii")
            found.setdefault(parse_root_key(text))
        except (UnicodeDecodeError, InvalidValueError):
            continue
    return tuple(found)
