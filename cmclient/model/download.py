"""A download: what is wanted, what is told while it runs, and what came of it."""

import re
from enum import StrEnum
from typing import NamedTuple, Self

from ..errors import InvalidValueError
from .sources import SourceAddress

__all__ = [
    "STAGING",
    "DownloadEvent",
    "DownloadReport",
    "DownloadRequest",
    "EventKind",
    "FileEntry",
    "FileHash",
    "FileReport",
    "HashAlgorithm",
    "PartOrigin",
    "RelativeName",
    "SourceFailure",
]

STAGING = ".cmclient"
"""Folder in the target that holds what is not whole yet; no file of a content may lie in it."""

_MAX_NAME = 259  # characters: what Windows takes; a real client has the path of its cache before it
_MAX_PART = 255  # bytes of one part as UTF-8: what file systems take
_MAX_DEPTH = 32
# What no Windows name has (a colon is a drive or a stream), control characters, those that turn text around, halves of
# characters.
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff<>:"|?*\\]')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\..*)?", re.IGNORECASE)
_HEX = {"sha256": re.compile(r"[0-9a-f]{64}"), "sha1": re.compile(r"[0-9a-f]{40}")}


class RelativeName(str):
    """The name of a file below a folder, with slashes; it can lie nowhere else, and on every operating system."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check a name as it came.

        Raises:
            InvalidValueError: It is empty, absolute, too long, leads upwards, or has a part that not every system can
                have as a name.
        """
        if len(value) > _MAX_NAME:
            raise InvalidValueError("file name", value, f"it has more than {_MAX_NAME} characters")
        parts = value.split("/")
        if len(parts) > _MAX_DEPTH:
            raise InvalidValueError("file name", value, f"it lies in more than {_MAX_DEPTH} folders")
        for part in parts:
            reason = _find_fault(part)
            if reason:
                raise InvalidValueError("file name", value, reason)
        if parts[0].casefold() == STAGING:
            raise InvalidValueError("file name", value, f"{STAGING} is where a download keeps what is not whole yet")
        return super().__new__(cls, value)


def _find_fault(part: str) -> str:
    """Why a part of a name is refused; empty when it is fine."""
    if not part:
        return "it is empty, absolute, or has an empty part"
    if part in {".", ".."}:
        return "it leads out of its folder"
    if _FORBIDDEN.search(part):
        return "it has characters that no file name has"
    if part[-1] in ". " or part[0] == " ":
        return "a part of it ends with a dot or a blank, or begins with one"
    if _DEVICE.fullmatch(part):
        return "it is the name of a device on Windows"
    if len(part.encode()) > _MAX_PART:
        return f"a part of it has more than {_MAX_PART} bytes"
    return ""


class HashAlgorithm(StrEnum):
    """How a file is hashed."""

    SHA256 = "sha256"
    SHA1 = "sha1"


class FileHash(NamedTuple):
    """The hash that a file must have.

    Attributes:
        algorithm: How it was made.
        value: The hash, lower case hexadecimal.
    """

    algorithm: HashAlgorithm
    value: str

    @classmethod
    def of(cls, algorithm: HashAlgorithm, value: str) -> Self:
        """Check a hash as it came, in either case.

        Raises:
            InvalidValueError: It is not as long as such a hash, or not hexadecimal.
        """
        text = value.strip().lower()
        if not _HEX[algorithm].fullmatch(text):
            raise InvalidValueError(f"{algorithm.value} hash", value, "it has another length or other characters")
        return cls(algorithm, text)


class FileEntry(NamedTuple):
    """A file of a content.

    Attributes:
        name: Where it lies in the content.
        size: Bytes; None when nobody said yet.
        hashes: Those that it must have, all of them; empty when nobody said.
    """

    name: RelativeName
    size: int | None = None
    hashes: tuple[FileHash, ...] = ()


class DownloadRequest(NamedTuple):
    """What is wanted.

    Attributes:
        job: What the content is called, with its version; what lies half done in the target goes on only for the same.
        files: Its files, for those who know them; None: the source is asked.
        is_strict: Whether a file with a wrong hash ends the job; else its source is left, and the next one asked.
    """

    job: str
    files: tuple[FileEntry, ...] | None = None
    is_strict: bool = False


class PartOrigin(NamedTuple):
    """Where the first bytes of a file came from.

    Attributes:
        address: The content at its source.
        size: Bytes of the whole file.
        etag: What the source calls this state of the file; empty when it did not say.
        modified: When it was changed last, as sent; likewise.
    """

    address: str
    size: int
    etag: str = ""
    modified: str = ""


class SourceFailure(NamedTuple):
    """What a source said, or did, in place of giving a file.

    Attributes:
        address: The content there.
        file: The file; empty for the list of files.
        code: The ``code`` of the error.
        detail: What happened, for a person.
        at: Seconds since the begin of the job.
        left: Whether the source was left for it; no when it was asked again at once.
        hint: What a person can do; empty for nothing.
    """

    address: SourceAddress
    file: str
    code: str
    detail: str
    at: float
    left: bool = True
    hint: str = ""


class FileReport(NamedTuple):
    """A file that is there, whole.

    Attributes:
        name: The file.
        size: Bytes.
        sha256: Its SHA-256; empty when it was there before and its hash was not asked for.
        address: The source of its last byte; None when it was there before.
        fetched: Bytes that came over the network in this run.
    """

    name: RelativeName
    size: int
    sha256: str
    address: SourceAddress | None
    fetched: int


class DownloadReport(NamedTuple):
    """What came of a download.

    Attributes:
        job: What was wanted.
        destination: The folder.
        files: Those that are whole, sorted by name.
        missing: Names of those that are not; empty after success. None when the list of files is not known.
        fetched: Bytes of files that came over the network in this run.
        requests: How many files and lists were asked for.
        failures: What went wrong on the way, in order.
        seconds: How long it took.
    """

    job: str
    destination: str
    files: tuple[FileReport, ...]
    missing: tuple[RelativeName, ...] | None
    fetched: int
    requests: int
    failures: tuple[SourceFailure, ...]
    seconds: float

    @property
    def total(self) -> int:
        """Bytes of all files that are whole."""
        return sum(file.size for file in self.files)


class EventKind(StrEnum):
    """What an event tells."""

    SOURCE = "source"
    """A source is turned to."""
    LISTED = "listed"
    """The list of files is known: ``total`` bytes in ``files``."""
    RESUMED = "resumed"
    """A file goes on where an earlier run or source ended: ``done`` bytes are there."""
    PROGRESS = "progress"
    """Comes now and then: ``done`` of ``total`` bytes."""
    FILE = "file"
    """A file is whole; it comes under its name now, or with the next ones that are."""
    FAILURE = "failure"
    """A source did not give a file and was asked again, or was left."""
    WAITING = "waiting"
    """No source may be used for ``seconds_left``."""


class DownloadEvent(NamedTuple):
    """A step of a download. What does not belong to its kind has its default.

    Attributes:
        kind: What it tells.
        at: Seconds since the begin of the job.
        address: The source; empty for none.
        file: The file; empty for none.
        done: Bytes that are there, of the file or of all.
        total: Bytes of the file or of all; None when not known.
        files: Number of files.
        speed: Bytes a second of late; None when not known.
        seconds_left: Seconds to the end, or to the next try; None when not known.
        detail: What happened, for a person.
        code: The ``code`` of an error.
    """

    kind: EventKind
    at: float
    address: str = ""
    file: str = ""
    done: int = 0
    total: int | None = None
    files: int = 0
    speed: float | None = None
    seconds_left: float | None = None
    detail: str = ""
    code: str = ""
