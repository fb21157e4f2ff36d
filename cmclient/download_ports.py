"""What a download needs from the world. All of it is part of ``ports``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from .model.download import FileEntry, PartOrigin, RelativeName
    from .model.http import Deadline, HttpRequest
    from .model.sources import SourcePlan

__all__ = [
    "BulkReply",
    "BulkTransport",
    "ByteStream",
    "CancelAction",
    "Cancellation",
    "Files",
    "PartFile",
    "SharedFile",
    "SharedFiles",
    "SourcePlanner",
    "Target",
]


class CancelAction(Protocol):
    """What to do when cancelled; called at most once, from another thread."""

    def __call__(self) -> None:
        """Break off the wait."""


class Cancellation(Protocol):
    """Tells a waiting request that nobody wants its answer any more."""

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""

    def on_cancel(self, action: CancelAction) -> None:
        """Call the action when cancelled; at once if that has happened already."""


class ByteStream(Protocol):
    """Bytes as they come. Used by one thread; a cancellation from another one ends its wait."""

    def read_into(self, buffer: memoryview) -> int:
        """Read what is there, at least one byte, without waiting until the buffer is full.

        Returns:
            How many bytes were read; 0 at the end, which is the end that was announced, if one was.

        Raises:
            TransportError: The connection broke, took too long, or was cancelled; see ``Transport.send``.
            DownloadError: The share did not give it.
        """

    def close(self) -> None:
        """Let go of it. What was not read is not read any more."""


class BulkReply(ByteStream, Protocol):
    """The head of a reply, and its body as it comes.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case.
        trusted: Whether it comes over TLS from a server whose certificate was verified.
    """

    status: int
    headers: Mapping[str, str]
    trusted: bool


class BulkTransport(Protocol):
    """HTTP for bodies that are not kept in memory."""

    def open(
        self,
        request: HttpRequest,
        deadline: Deadline,
        cancellation: Cancellation | None = None,
        *,
        patience: float = 60.0,
    ) -> BulkReply:
        """Send one request and read the head of the reply.

        Safe to call from several threads at once. Redirects are not followed, nothing is unpacked, and what was
        compressed although nobody asked is refused. Nothing is asked twice, but on a kept connection that the server
        has closed meanwhile. ``request.read_cap`` says nothing here: whoever reads counts.

        Args:
            request: What to ask.
            deadline: The end of the whole, the last byte of the body included.
            cancellation: Ends it from another thread.
            patience: Seconds without a byte after which it is given up.

        Returns:
            The reply, whatever its status; its body ends at the length that it announces, or breaks off with an error.

        Raises:
            TransportError: As ``Transport.send``.
            InvalidValueError: The request cannot be written as HTTP.
        """


class SharedFile(ByteStream, Protocol):
    """An open file of a share.

    Attributes:
        size: Bytes of the whole file.
        modified: When it was changed last, in a form that is always the same for the same time; empty when not known.
    """

    size: int
    modified: str


class SharedFiles(Protocol):
    """Files below a local path or a network share (UNC path)."""

    def list_files(
        self, folder: str, deadline: Deadline, cancellation: Cancellation | None = None
    ) -> tuple[FileEntry, ...]:
        """List every file below a folder, at any depth, with its size; links are not followed.

        Returns:
            Sorted by name; empty for an empty folder.

        Raises:
            SourceRefusedError: There is no such folder, or it may not be read.
            UnsafeNameError: It holds a name that is refused.
            ListingError: It holds too many files.
            TransportError: The server of the share cannot be reached, or took too long.
        """

    def open(
        self,
        folder: str,
        name: RelativeName,
        offset: int,
        deadline: Deadline,
        cancellation: Cancellation | None = None,
    ) -> SharedFile:
        """Open a file at an offset.

        Raises:
            SourceRefusedError: There is no such file, or it may not be read.
            TransportError: The server of the share cannot be reached, or took too long.
        """


class PartFile(Protocol):
    """A file that is not whole yet. Used by one thread at a time.

    Attributes:
        length: Bytes that are safe: a process that ends now loses none of them.
        origin: Where they came from; None when there are none.
    """

    length: int
    origin: PartOrigin | None

    def begin(self, origin: PartOrigin) -> None:
        """Throw away what is there, and remember where what follows comes from.

        Raises:
            TargetError: It cannot be written.
        """

    def go_on(self, origin: PartOrigin) -> None:
        """Keep what is there; what follows comes from here.

        Raises:
            TargetError: It cannot be written.
        """

    def write(self, data: memoryview) -> None:
        """Append.

        Raises:
            DiskFullError: There is no more space; what was written before is kept.
            TargetError: It cannot be written.
        """

    def read_back(self, buffer: memoryview) -> Iterator[int]:
        """Read what is safe, from its begin, into the buffer piece by piece; gives the size of each piece.

        Raises:
            TargetError: It cannot be read.
        """

    def finish(self, sha256: str) -> None:
        """Have it made durable and put under its name, in place of a file that is there.

        That happens now, or together with the next ones that are whole; at the latest when the target is let go of.

        Raises:
            TargetError: It cannot be, or one that was whole before; or the name leads out of the target through a link.
        """

    def close(self) -> None:
        """Let go of it; what is there is kept. After ``finish`` it does nothing.

        Raises:
            TargetError: What was written did not reach the disk.
        """


class Target(Protocol):
    """A folder that content is put into, held by this process alone until it is closed."""

    def __enter__(self) -> Self:
        """Use it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it; what is half done is kept for the next time.

        Raises:
            TargetError: A file that is whole cannot be put under its name; not in place of a Ctrl-C or a cancellation.
        """

    def find_finished(self, name: RelativeName) -> tuple[int, str] | None:
        """Size and SHA-256 of a file that an earlier run of the same job finished and that is still there as it was.

        Returns:
            None when there is none. The hash is the one of that time.
        """

    def find_present(self, name: RelativeName) -> int | None:
        """Bytes of the file that has the name now, whoever wrote it; None when there is none.

        Raises:
            TargetError: The name leads out of the target through a link.
        """

    def read_present(self, name: RelativeName, buffer: memoryview) -> Iterator[int]:
        """Read that file into the buffer piece by piece; gives the size of each piece.

        Raises:
            TargetError: It cannot be read.
        """

    def part_length(self, name: RelativeName) -> int:
        """Bytes of a file that an earlier run of the same job has left; 0 when there are none."""

    def open_part(self, name: RelativeName) -> PartFile:
        """A file to fill; it goes on where an earlier run of the same job ended. Safe to call from several threads.

        Raises:
            TargetError: It cannot be created.
        """

    def find_banned(self, proofs: frozenset[str]) -> frozenset[str]:
        """Addresses that gave a file with another hash than one of these, in this run or an earlier one."""

    def ban(self, address: str, proof: str) -> None:
        """Remember that an address gave a file with another hash than this, which it must have.

        Raises:
            TargetError: It cannot be written.
        """

    def free_bytes(self) -> int | None:
        """Bytes that can be written; None when the system does not say."""

    def complete(self) -> None:
        """Make all of it durable and remove what only an unfinished download needs.

        Raises:
            TargetError: It cannot be.
        """


class Files(Protocol):
    """The file system that content is put into."""

    def open_target(self, folder: str, job: str) -> Target:
        """Take a folder for a download; it is created when it is not there.

        Args:
            folder: The folder.
            job: What is put there; what another job has left half done is thrown away.

        Raises:
            TargetBusyError: Another process works in it.
            TargetError: It is no folder, or cannot be written.
        """


class SourcePlanner(Protocol):
    """Says where content is, now."""

    def plan(self, elapsed: float, deadline: Deadline) -> SourcePlan:
        """The sources in order.

        Called at the begin and whenever no source is left; asking again too soon is for the planner to prevent.

        Args:
            elapsed: Seconds since the begin of the job; ``opens_after`` of each source counts from the same begin.
            deadline: The end of the job.

        Returns:
            The plan; the last one again when there is nothing new.

        Raises:
            CmClientError: Nobody could be asked, and there is no earlier plan.
        """
