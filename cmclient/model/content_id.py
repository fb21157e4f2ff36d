"""How content is named."""

import re
from typing import Self

from ..errors import InvalidValueError

__all__ = ["ContentId"]

_CONTENT_ID = r"[A-Za-z0-9_:.{}-]{1,128}"


class ContentId(str):
    """Identifier of content as a request names it.

    A package is ``ABC00001``, an application's content a GUID, any content ``Content_GUID``, an update
    ``UID:Content_GUID``.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check an identifier.

        Raises:
            InvalidValueError: It is empty, longer than 128 characters, or has characters that no identifier has.
        """
        if not re.fullmatch(_CONTENT_ID, value):
            raise InvalidValueError("content id", value, "it has 1 to 128 letters, digits and characters of '_:.{}-'")
        return super().__new__(cls, value)
