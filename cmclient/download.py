"""Content on disk: from the source that counts at each moment, verified, and whatever dies on the way."""

import logging
import threading
from collections.abc import Callable, Iterator
from threading import Lock
from typing import NamedTuple, TypeVar

from .content_access import AccessLimits, ContentAccess, FileLister
from .download_board import ServerMemory, SourceBoard
from .download_job import DownloadJob, JobOptions
from .download_workers import JobContext, Wait
from .errors import CancelledError, ContentNotObtainedError
from .model.download import DownloadEvent, DownloadReport, DownloadRequest, EventKind, SourceFailure
from .model.http import Deadline
from .model.sources import SourcePlan
from .ports import BulkTransport, Cancellation, Clock, Files, SharedFiles, SourcePlanner, Target
from .racing import CancelSignal

__all__ = ["ContentDownloader", "DownloadOptions", "FixedPlan"]

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
_MOST_LISTS = 5  # in one run; against sources that never list what they have
_SHORTEST_WAIT = 0.05  # seconds; clocks are not exact
_TOLD_ALOUD = {EventKind.SOURCE, EventKind.LISTED, EventKind.FAILURE, EventKind.WAITING}
_MARGIN = 1.25  # the supervisor sees a stall before a socket does


class DownloadOptions(NamedTuple):
    """How downloads are done.

    Attributes:
        connections: Connections to one server at the same time.
        hosts: Servers at the same time, where the plan has equals.
        rate: Bytes a second, for everything together; None for no limit.
        stall: Seconds without progress after which a source is left.
        connect_timeout: Seconds to a connection.
        waits: Whether a source that opens later is waited for; else every source is open at once.
    """

    connections: int = 4
    hosts: int = 1
    rate: float | None = None
    stall: float = 120.0
    connect_timeout: float = 5.0
    waits: bool = True


class FixedPlan:
    """A ``ports.SourcePlanner`` for those who have a plan that does not change."""

    def __init__(self, plan: SourcePlan) -> None:
        self._plan = plan

    def plan(self, elapsed: float, deadline: Deadline) -> SourcePlan:
        """The plan."""
        del elapsed, deadline
        return self._plan


class ContentDownloader:
    """Downloads content. Safe to use from several threads; what it learns of dead servers counts for all downloads.

    Args:
        transport: HTTP.
        files: Where content is put.
        clock: The time.
        shares: Local paths and network shares as sources; None: they are left.
        options: How downloads are done.
        wait: Waits for an event, so many seconds at most; None for really.
    """

    def __init__(
        self,
        *,
        transport: BulkTransport,
        files: Files,
        clock: Clock,
        shares: SharedFiles | None = None,
        options: DownloadOptions | None = None,
        wait: Wait | None = None,
    ) -> None:
        self._transport = transport
        self._files = files
        self._clock = clock
        self._shares = shares
        self._options = options or DownloadOptions()
        self._wait: Wait = wait or threading.Event.wait
        self._servers = ServerMemory()

    def fetch(
        self,
        request: DownloadRequest,
        destination: str,
        planner: SourcePlanner,
        *,
        lister: FileLister | None = None,
        deadline: Deadline | None = None,
        cancellation: Cancellation | None = None,
        watch: Callable[[DownloadEvent], None] | None = None,
    ) -> DownloadReport:
        """Put a content into a folder, complete and verified.

        What an earlier run has left half done goes on. A file comes under its name only when it is whole.

        Args:
            request: What is wanted.
            destination: The folder; created when it is not there. Other files in it stay.
            planner: Says where the content is.
            lister: Lists the files at a source; None for the list that it has itself.
            deadline: When to give up; None for never.
            cancellation: Ends it from another thread; what has come is kept.
            watch: Takes events, one at a time, from several threads.

        Returns:
            What came of it; nothing is missing.

        Raises:
            ContentNotObtainedError: No source gave all of it within the time; holds the report.
            CancelledError: It was cancelled.
            TargetError: The folder cannot be used or written, or the disk is full.
            HashMismatchError: A file has a wrong hash, and the request is strict.
            CmClientError: The planner knows of no source.
        """
        deadline = deadline or Deadline(None, self._clock.monotonic)
        with self._files.open_target(destination, request.job) as target:
            teller = _Teller(watch)
            context = JobContext(self._clock, self._wait, teller.tell, deadline, cancellation or CancelSignal())
            options = self._options
            board = SourceBoard(
                planner,
                self._servers,
                self._clock,
                teller.tell,
                waits=options.waits,
                per_host=options.connections,
                hosts=options.hosts,
            )
            limits = AccessLimits(options.connect_timeout, options.stall * _MARGIN)
            access = ContentAccess(self._transport, self._shares, limits, lister)
            connections = JobOptions(
                options.connections * options.hosts, options.stall, options.rate, is_strict=request.is_strict
            )
            job = DownloadJob(target, access, board, connections, context)
            return _Run(request, destination, target, board, job, context).run()


class _Teller:
    """Hands events on, one at a time, and logs them."""

    def __init__(self, watch: Callable[[DownloadEvent], None] | None) -> None:
        self._watch = watch
        self._lock = Lock()

    def tell(self, event: DownloadEvent) -> None:
        """Tell an event."""
        level = logging.INFO if event.kind in _TOLD_ALOUD else logging.DEBUG
        if _LOG.isEnabledFor(level):
            told = " ".join(filter(None, (event.kind.value, event.address, event.file, event.detail)))
            _LOG.log(level, "%s", told, extra={"event": f"download.{event.kind.value}"})
        if self._watch is not None:
            with self._lock:
                self._watch(event)


class _Run:
    """One download, from the plan to the report."""

    def __init__(
        self,
        request: DownloadRequest,
        destination: str,
        target: Target,
        board: SourceBoard,
        job: DownloadJob,
        context: JobContext,
    ) -> None:
        self._request = request
        self._destination = destination
        self._target = target
        self._board = board
        self._job = job
        self._context = context
        self._is_listed = False

    def run(self) -> DownloadReport:
        """Do it.

        Raises:
            ContentNotObtainedError: There is nothing left to try, or no time.
        """
        for _ in range(_MOST_LISTS):
            files = self._request.files
            if files is None:
                files = self._repeat(self._job.list_files)
            self._is_listed = True
            self._board.ban(self._target.find_banned(frozenset(one.value for file in files for one in file.hashes)))
            self._job.add_files(files)
            if self._repeat(self._fetch):
                self._target.complete()
                return self._report()
        raise self._not_obtained("every source lists other files than it has")

    def _fetch(self) -> bool | None:
        """Fetch what is pending: whether that was all; None when it was not, and there is more to try."""
        if self._job.pending:
            self._job.fetch_files()
        if not self._job.pending:
            return True
        return False if self._job.is_list_doubted else None

    def _repeat(self, work: Callable[[], _T | None]) -> _T:
        """Work until it is done, with waits between for sources that open later.

        Raises:
            ContentNotObtainedError: There is nothing left to try, or no time.
        """
        while True:
            if self._context.deadline.expired:
                raise self._not_obtained("its time is over")
            self._board.refresh(self._context.deadline)
            done = work()
            if done is not None:
                return done
            if not self._context.deadline.expired:
                self._pause()

    def _pause(self) -> None:
        """Wait until a source can be asked again."""
        seconds = self._board.find_wait()
        if seconds is None:
            raise self._not_obtained("no source gave it")
        left = self._context.deadline.remaining()
        seconds = max(_SHORTEST_WAIT, seconds if left is None else min(seconds, left))
        self._context.tell(DownloadEvent(EventKind.WAITING, self._board.elapsed(), seconds_left=seconds))
        over = threading.Event()
        self._context.cancellation.on_cancel(over.set)
        self._context.wait(over, seconds)
        if self._context.cancellation.cancelled:
            raise CancelledError("the download was cancelled; what has come is kept")

    def _report(self) -> DownloadReport:
        job = self._job
        return DownloadReport(
            self._request.job,
            self._destination,
            tuple(sorted(job.done)),
            tuple(sorted(entry.name for entry in job.pending)) if self._is_listed else None,
            job.fetched,
            job.requests,
            tuple(self._board.failures),
            self._board.elapsed(),
        )

    def _not_obtained(self, why: str) -> ContentNotObtainedError:
        report = self._report()
        said = list(_last_words(report.failures, self._board.plan, waits=self._board.waits))
        told = "; ".join(said) or "there is no source"
        missing = f"{len(report.missing)} files are missing; " if report.missing else ""
        return ContentNotObtainedError(
            f"{report.job} was not obtained, {why}: {missing}{told}",
            report=report,
            hint="run it again to go on: what has come is kept" if report.fetched else _hint_of(report),
        )


def _hint_of(report: DownloadReport) -> str:
    """What to do next, as the first that went wrong says it."""
    return next((one.hint for one in report.failures if one.hint), "")


def _last_words(failures: tuple[SourceFailure, ...], plan: SourcePlan | None, *, waits: bool) -> Iterator[str]:
    """What every source said last, in the order of the plan; those that were not asked too."""
    said = {failure.address: failure.detail for failure in failures}
    planned = plan.ranked if plan is not None else ()
    for one in planned:
        for address in one.source.addresses:
            if address in said:
                yield said.pop(address)
            elif waits and one.opens_after:
                yield f"{address}: opens after {one.opens_after:g} seconds and was not asked"
            else:
                yield f"{address}: was not asked"
        if not one.source.addresses:
            yield f"{one.source.tier.name.lower().replace('_', ' ')}: is not downloaded from"
    yield from said.values()
