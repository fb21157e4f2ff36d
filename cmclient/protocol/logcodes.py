"""Error codes in the text of a log."""

import re

__all__ = ["find_codes", "find_raw_codes"]

_MOST_LOOKED_AT = 8 * 1024  # characters of a message; the codes of a real one stand in its first line
_PATTERN = (
    r"\b0x[89a-fA-F][0-9a-fA-F]{7}\b|(?<![\w-])-2[01]\d{8}\b"
    r"|(?:\b(?:error|code|hr|hresult|failed)\b[\s.:=(']{1,4})((?:0x)?[89a-fA-F][0-9a-fA-F]{7}|12\d{3})\b"
    r"|\bstatus ?code[ =]\s*([45]\d\d)\b"
    r"|\bCCM_E_[A-Z_]+|\b(?:WINHTTP_CALLBACK_STATUS_FLAG_)?(?:CERT_REV_FAILED|INVALID_CA|CERT_CN_INVALID)\b"
)
_CODE = re.compile(_PATTERN, re.IGNORECASE)
_RAW_CODE = re.compile(_PATTERN.encode(), re.IGNORECASE)
_RAW_MARKED = re.compile(rb"0x[89a-fA-F][0-9a-fA-F]{7}")


def find_codes(message: str) -> tuple[str, ...]:
    """Find the error codes in a message, as written, each once; a status of HTTP as ``HTTP 403``."""
    found = _CODE.finditer(message[:_MOST_LOOKED_AT])
    return tuple(dict.fromkeys(f"HTTP {one[2]}" if one[2] else one[1] or one[0] for one in found))


def find_raw_codes(message: bytes) -> list[bytes]:
    """Find what tells messages with codes apart: those marked with ``0x``, else all."""
    head = message[:_MOST_LOOKED_AT]
    return _RAW_MARKED.findall(head) or [one[1] or one[2] or one[0] for one in _RAW_CODE.finditer(head)]
