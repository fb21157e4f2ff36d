"""One download: connections that fetch files, each from the source that counts at that moment, under one supervisor."""

import threading
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import closing
from functools import partial
from typing import NamedTuple

from .content_access import ContentAccess
from .download_board import Failed, SourceBoard
from .download_workers import JobContext, Transfer, Workers
from .errors import (
    CancelledError,
    CmClientError,
    ContentChangedError,
    DiskFullError,
    HashMismatchError,
    SizeMismatchError,
    TargetError,
)
from .model.download import (
    DownloadEvent,
    EventKind,
    FileEntry,
    FileHash,
    FileReport,
    HashAlgorithm,
    PartOrigin,
    RelativeName,
)
from .model.http import Deadline
from .model.sources import SourceAddress
from .ports import PartFile, Target
from .pouring import BUFFER, FileHasher, pour
from .protocol.ranges import PartQuestion
from .rules.leaving import Next, ends_job
from .throttle import SpeedMeter, Throttle

__all__ = ["DownloadJob", "JobOptions"]

_SPARE = 8 * 1024 * 1024  # bytes that are left free on a disk


class JobOptions(NamedTuple):
    """How a download is done.

    Attributes:
        connections: Connections at the same time.
        stall: Seconds without progress after which a source is left.
        rate: Bytes a second, for all of them together; None for no limit.
        is_strict: Whether a file with a wrong hash ends the job.
    """

    connections: int
    stall: float
    rate: float | None = None
    is_strict: bool = False


class DownloadJob:
    """Fetches the list of files and the files of one content into one target.

    Args:
        target: The folder.
        access: Reads addresses.
        board: The sources.
        options: How.
        context: What it runs in.

    Attributes:
        done: Files that are whole.
        pending: Files that are not.
        requests: How many files and lists were asked for.
        fetched: Bytes of files that came over the network.
        is_list_doubted: Whether a source has other sizes than the list of files, which came from a source too.
    """

    def __init__(
        self,
        target: Target,
        access: ContentAccess,
        board: SourceBoard,
        options: JobOptions,
        context: JobContext,
    ) -> None:
        self.done: list[FileReport] = []
        self.pending: deque[FileEntry] = deque()
        self.requests = 0
        self.fetched = 0
        self.is_list_doubted = False
        self._target = target
        self._access = access
        self._board = board
        self._options = options
        self._clock = context.clock
        self._throttle = None if options.rate is None else Throttle(options.rate, context.clock)
        self._tell = context.tell
        self._wait = context.wait
        self._lock = threading.Lock()
        self._workers = Workers(context, options.stall, self._tell_progress)
        self._came: Counter[RelativeName] = Counter()
        self._speed = SpeedMeter()
        self._listed: tuple[FileEntry, ...] | None = None
        self._listed_by: SourceAddress | None = None
        self._total: int | None = None
        self._had = 0

    # --- the list of files ---

    def list_files(self) -> tuple[FileEntry, ...] | None:
        """Ask the sources that can be asked now, in order, for the list of files; None when none gave it."""
        self._listed, self.is_list_doubted = None, False
        self._workers.run([self._list])
        return self._listed

    def _list(self) -> None:
        while self._listed is None and (address := self._take_address()) is not None:
            transfer = self._workers.begin(address, "")
            try:
                with self._lock:
                    self.requests += 1
                self._listed = self._access.list_files(address, Deadline(None, self._clock.monotonic), transfer.signal)
                self._listed_by = address
                self._board.note_success(address)
            except CmClientError as error:
                self._note_failure(transfer, error, "")
            finally:
                self._end(transfer)

    def add_files(self, entries: Iterable[FileEntry]) -> None:
        """Take the files that are wanted, in place of an earlier list; those that are there already are done.

        Raises:
            DiskFullError: There is not enough space for the rest.
            TargetError: A file that is there cannot be read.
        """
        entries = tuple(entries)
        buffer = memoryview(bytearray(BUFFER))
        before = {report.name: report for report in self.done}
        self.done.clear()
        self.pending.clear()
        self._had = -self.fetched
        for entry in entries:
            report = self._find_present(entry, buffer)
            if report is None:
                self.pending.append(entry)
                self._had += self._target.part_length(entry.name)
            else:
                self.done.append(before.get(entry.name, report))
                self._had += report.size
        sizes = [entry.size for entry in entries]
        self._total = sum(size for size in sizes if size is not None) if None not in sizes else None
        self._tell(
            DownloadEvent(
                EventKind.LISTED, self._board.elapsed(), done=self._had, total=self._total, files=len(entries)
            )
        )
        self._require_space()

    def _find_present(self, entry: FileEntry, buffer: memoryview) -> FileReport | None:
        finished = self._target.find_finished(entry.name)
        proofs = {one.value for one in entry.hashes if one.algorithm is HashAlgorithm.SHA256}
        if finished is not None and entry.size in {None, finished[0]} and proofs <= {finished[1]}:
            return FileReport(entry.name, finished[0], finished[1], None, 0)
        size = self._target.find_present(entry.name)
        if size is None or not entry.hashes or entry.size not in {None, size}:
            return None
        hasher = _hasher_for(entry)
        for read in self._target.read_present(entry.name, buffer):
            hasher.update(buffer[:read])
        if _find_wrong(entry, hasher) is not None:
            return None
        return FileReport(entry.name, size, hasher.hexdigest(HashAlgorithm.SHA256), None, 0)

    def _require_space(self) -> None:
        free = self._target.free_bytes()
        needed = sum((entry.size or 0) - self._target.part_length(entry.name) for entry in self.pending)
        if free is not None and needed + _SPARE > free and needed > 0:
            raise DiskFullError(
                f"{needed:,} bytes are still to come, and the disk has {free:,} free",
                hint="free some space, or name a folder on another disk",
            )

    # --- the files ---

    def fetch_files(self) -> None:
        """Fetch what is pending from the sources that can be asked now.

        Raises:
            TargetError: The folder cannot be written.
            CancelledError: It was cancelled.
        """
        count = min(self._options.connections, len(self.pending))
        self._workers.run([self._fetch] * count)

    def _fetch(self) -> None:
        buffer = memoryview(bytearray(BUFFER))
        while not self._workers.is_over and not self.is_list_doubted:
            with self._lock:
                entry = self.pending.popleft() if self.pending else None
            if entry is None:
                return
            address = self._take_address()
            if address is None:
                with self._lock:
                    self.pending.appendleft(entry)
                return
            self._try(entry, address, buffer)

    def _try(self, entry: FileEntry, address: SourceAddress, buffer: memoryview) -> None:
        transfer, is_done = self._workers.begin(address, entry.name), False
        part: PartFile | None = None
        mixed = [False]
        try:
            part = self._target.open_part(entry.name)
            mixed[0] = part.length > 0
            report = self._fill(entry, part, transfer, buffer, mixed)
            is_done = True
        except CmClientError as error:
            if isinstance(error, TargetError):
                raise
            if part is not None and isinstance(error, HashMismatchError | ContentChangedError):
                self._begin_part(part, PartOrigin("", 0))
            with self._lock:
                self._came[entry.name] += transfer.came
            self._note_failure(transfer, error, entry.name, is_mixed=mixed[0])
            if ends_job(error, is_strict=self._options.is_strict, is_mixed=mixed[0]):
                raise
        else:
            with self._lock:
                self.done.append(report)
            self._board.note_success(address)
            self._tell(
                DownloadEvent(EventKind.FILE, self._board.elapsed(), str(address), entry.name, report.size, report.size)
            )
        finally:
            if part is not None:
                part.close()
            if not is_done:
                with self._lock:
                    self.pending.appendleft(entry)
            self._end(transfer)

    def _fill(
        self, entry: FileEntry, part: PartFile, transfer: Transfer, buffer: memoryview, mixed: list[bool]
    ) -> FileReport:
        """Bring a part to its end and put it under its name."""
        hasher = _hasher_for(entry)
        if part.length and entry.size is not None and part.length > entry.size:
            self._begin_part(part, PartOrigin(str(transfer.address), entry.size))
        if entry.size == 0:
            mixed[0] = False
            return self._finish(entry, part, hasher, transfer)
        for read in part.read_back(buffer) if part.length else ():
            hasher.update(buffer[:read])
        asked = PartQuestion(str(transfer.address), part.length, entry.size, part.origin, is_proven=bool(entry.hashes))
        if part.length and part.origin is not None and part.length == part.origin.size == entry.size:
            return self._finish(entry, part, hasher, transfer)  # the process ended between the last byte and the name
        transfer.restart(self._clock.monotonic())
        with self._lock:
            self.requests += 1
        forever = Deadline(None, self._clock.monotonic)  # the supervisor keeps the deadline
        answer, stream = self._access.open_file(transfer.address, entry.name, asked, forever, transfer.signal)
        with closing(stream):
            if answer.offset:
                part.go_on(answer.origin)
                self._tell(
                    DownloadEvent(
                        EventKind.RESUMED,
                        self._board.elapsed(),
                        str(transfer.address),
                        entry.name,
                        part.length,
                        answer.origin.size,
                    )
                )
            else:
                if part.length:
                    hasher = _hasher_for(entry)
                self._begin_part(part, answer.origin)
                mixed[0] = False
            pour(stream, part, hasher, size=answer.origin.size, note=partial(self._note_bytes, transfer), buffer=buffer)
        return self._finish(entry, part, hasher, transfer)

    def _begin_part(self, part: PartFile, origin: PartOrigin) -> None:
        """Throw away what is there."""
        with self._lock:
            self._had -= part.length
        part.begin(origin)

    def _finish(self, entry: FileEntry, part: PartFile, hasher: FileHasher, transfer: Transfer) -> FileReport:
        wrong = _find_wrong(entry, hasher)
        if wrong is not None:
            raise HashMismatchError(
                f"{transfer.address}: {entry.name} has the {wrong.algorithm.value}"
                f" {hasher.hexdigest(wrong.algorithm)}, and {wrong.value} was expected",
                expected=wrong.value,
                source=str(transfer.address),
                file=entry.name,
            )
        digest, size = hasher.hexdigest(HashAlgorithm.SHA256), part.length
        part.finish(digest)
        with self._lock:
            self._came[entry.name] += transfer.came
            came = self._came[entry.name]
        return FileReport(entry.name, size, digest, transfer.address, came)

    def _note_bytes(self, transfer: Transfer, size: int) -> None:
        transfer.note(size)
        with self._lock:
            self.fetched += size
        if self._throttle is not None and (pause := self._throttle.take(size)):
            self._wait(transfer.ended, pause)

    # --- around both ---

    def _take_address(self) -> SourceAddress | None:
        return None if self._workers.is_over else self._board.take()

    def _end(self, transfer: Transfer) -> None:
        self._workers.end(transfer)
        self._board.give_back(transfer.address)

    def _note_failure(self, transfer: Transfer, error: CmClientError, file: str, *, is_mixed: bool = False) -> None:
        if isinstance(error, CancelledError):
            if transfer.verdict is None:
                return  # all of it is over; whoever ended it knows why
            error = transfer.verdict
        by = self._listed_by
        if isinstance(error, SizeMismatchError) and by is not None and file:
            is_doubted = by != transfer.address and self._board.was_left(by)
            self.is_list_doubted = self.is_list_doubted or is_doubted or by == transfer.address
        else:
            is_doubted = False
        failed = Failed(transfer.address, error, file, transfer.came, is_mixed, is_list_doubted=is_doubted)
        follows = self._board.note_failure(failed)
        if follows is Next.NEVER and isinstance(error, HashMismatchError):
            self._target.ban(str(transfer.address), error.expected)

    def _tell_progress(self, now: float, transfers: tuple[Transfer, ...]) -> None:
        transfer = next((one for one in transfers if one.file), None)
        if transfer is None:  # the list is under way
            return
        done, total = self._had + self.fetched, self._total
        speed = self._speed.note(now, self.fetched)
        self._tell(
            DownloadEvent(
                EventKind.PROGRESS,
                self._board.elapsed(),
                str(transfer.address),
                transfer.file,
                done,
                total,
                len(self.done),
                speed,
                max(0, total - done) / speed if speed and total is not None else None,
            )
        )


def _hasher_for(entry: FileEntry) -> FileHasher:
    return FileHasher(frozenset(one.algorithm for one in entry.hashes))


def _find_wrong(entry: FileEntry, hasher: FileHasher) -> FileHash | None:
    return next((one for one in entry.hashes if hasher.hexdigest(one.algorithm) != one.value), None)
