"""The file that a trusted root key is given in: ``mobileclient.tcf``, or one with nothing but the key.

The site's other facts for clients stand in ``mobileclient.tcf`` too; of them its certificate issuers list is read.
"""

import re

from ..errors import InvalidValueError
from ..model.rootkey import TrustedRootKey
from .rootkeyblob import parse_root_key

__all__ = ["ROOT_KEY_FILE_CAP", "find_issuers_line", "parse_root_key_file"]

ROOT_KEY_FILE_CAP = 1024 * 1024  # bytes; mobileclient.tcf has some ten thousand
_LINE = re.compile(r"^\s*SMSPublicRootKey\s*=\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
_ISSUERS = re.compile(r"^[ \t]*CertificateIssuers[ \t]*=([^\r\n]*)$", re.IGNORECASE | re.MULTILINE)
_WHAT = "file with a trusted root key"
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def parse_root_key_file(data: bytes) -> TrustedRootKey:
    """Read the root key out of a file.

    Args:
        data: The whole file: lines of which one is ``SMSPublicRootKey=`` and the key, or the key alone. UTF-16 with a
            byte order mark, else UTF-8.

    Raises:
        InvalidValueError: It is too large, is no text, holds no key, several different ones, or one that is none.
    """
    text = _text_of(data)
    said = {value.upper() for value in _LINE.findall(text)}
    if len(said) > 1:
        raise InvalidValueError(_WHAT, "", "it has several lines SMSPublicRootKey, with different keys")
    if not said and "=" in text:
        raise InvalidValueError(_WHAT, "", "it has no line SMSPublicRootKey=")
    return parse_root_key(said.pop() if said else text)


def find_issuers_line(data: bytes) -> str | None:
    """Read the certificate issuers list of the site out of the same file.

    Args:
        data: The whole file.

    Returns:
        What the line ``CertificateIssuers=`` says, as ``parse_issuers`` reads it; None when there is no such line, or
        nothing in it: a site without a list.

    Raises:
        InvalidValueError: It is too large, is no text, or has several such lines that differ.
    """
    said = {value.strip() for value in _ISSUERS.findall(_text_of(data))} - {""}
    if len(said) > 1:
        raise InvalidValueError(_WHAT, "", "it has several lines CertificateIssuers, and they differ")
    return said.pop() if said else None


def _text_of(data: bytes) -> str:
    if len(data) > ROOT_KEY_FILE_CAP:
        raise InvalidValueError(_WHAT, "", f"it has more than {ROOT_KEY_FILE_CAP} bytes")
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidValueError(_WHAT, "", "it is no text") from error
