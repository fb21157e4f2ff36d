"""What can go wrong with content and the folder that it is put into, as ``errors`` names it."""

from typing import Any

from .disposition import Disposition
from .error_root import CmClientError

__all__ = [
    "ContentChangedError",
    "ContentNotObtainedError",
    "DiskFullError",
    "DownloadError",
    "HashMismatchError",
    "ListingError",
    "SizeMismatchError",
    "SourceRefusedError",
    "StalledError",
    "TargetBusyError",
    "TargetError",
    "UnsafeNameError",
    "WrongRangeError",
]


class DownloadError(CmClientError):
    """One source did not give what it was asked for.

    Attributes:
        source: The address of the content there; empty when it is not known yet.
        file: The file, relative to the content; empty for the content as such.
    """

    code = "download"
    disposition = Disposition.NEXT_SOURCE

    def __init__(self, message: str, *, source: str = "", file: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.source = source
        self.file = file


class ListingError(DownloadError):
    """The list of files of a content cannot be read, or is past a limit."""

    code = "listing"


class UnsafeNameError(DownloadError):
    """A source names a file that could leave the target or cannot exist everywhere; nothing was written."""

    code = "unsafe-name"


class SourceRefusedError(DownloadError):
    """A source answered, and does not give the content.

    Attributes:
        status: The HTTP status; None where the source is no web server.
    """

    code = "source-refused"

    def __init__(
        self, message: str, *, status: int | None = None, source: str = "", file: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, source=source, file=file, hint=hint)
        self.status = status


class WrongRangeError(DownloadError):
    """A source sent another part of a file than the one that was asked for."""

    code = "wrong-range"


class ContentChangedError(DownloadError):
    """A file is no longer the one that its first part came from."""

    code = "content-changed"


class SizeMismatchError(DownloadError):
    """A file is larger or smaller than the list says, or nobody says how large it is."""

    code = "size-mismatch"


class HashMismatchError(DownloadError):
    """A whole file has another hash than the one that it must have; it was thrown away.

    Attributes:
        expected: The hash that it must have.
    """

    code = "hash-mismatch"

    def __init__(self, message: str, *, expected: str, source: str = "", file: str = "") -> None:
        super().__init__(message, source=source, file=file)
        self.expected = expected


class StalledError(DownloadError):
    """A source sent next to nothing for too long."""

    code = "stalled"


class TargetError(CmClientError):
    """The folder that content is put into cannot be used or written."""

    code = "target"


class DiskFullError(TargetError):
    """There is not enough space; what has come is kept."""

    code = "disk-full"


class TargetBusyError(TargetError):
    """Another download works in the same folder.

    Attributes:
        pid: Its process; None when that cannot be told.
    """

    code = "target-busy"

    def __init__(self, message: str, *, pid: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.pid = pid


class ContentNotObtainedError(CmClientError):
    """No source gave the whole content; the message names each with what it said.

    Attributes:
        report: The ``model.download.DownloadReport``: what is there, and why each source was left.
            Typed ``Any`` because this module may import nothing of ours.
    """

    code = "content-not-obtained"

    def __init__(self, message: str, *, report: Any, hint: str = "") -> None:  # noqa: ANN401 - see the class
        super().__init__(message, hint=hint)
        self.report = report
