"""``SMSCFG.INI`` in the Windows folder, where an installed client keeps its id.

Only one line of it is documented, ``SMS Unique Identifier=GUID:...``; all else is left unread.
"""

import codecs

from ..errors import InvalidValueError
from ..model.state import ClientId

__all__ = ["SMSCFG_CAP", "find_client_id"]

SMSCFG_CAP = 64 * 1024  # bytes that are looked at; a real one has a few hundred

_NAME = "sms unique identifier"


def find_client_id(data: bytes) -> ClientId | None:
    """Find the id of the client.

    Args:
        data: The file, in the machine's code page or UTF-16.

    Returns:
        The first one in it; None when it has none, or one that is no id.
    """
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for line in data[:SMSCFG_CAP].decode("utf-16" if wide else "latin-1", "replace").splitlines():
        name, _, value = line.partition("=")
        if name.strip().casefold() == _NAME:
            try:
                return ClientId(value)
            except InvalidValueError:
                return None
    return None
