"""The threads of a download, and the supervisor that ends what makes no progress, and all of it when it is over."""

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .errors import CancelledError, CmClientError, StalledError
from .model.download import DownloadEvent
from .model.http import Deadline
from .model.sources import SourceAddress
from .ports import Cancellation, Clock
from .racing import CancelSignal
from .rules.leaving import has_stalled

__all__ = ["JobContext", "Transfer", "Wait", "Workers"]

Wait = Callable[[threading.Event, float], object]

_TICK = 0.2  # seconds between two looks of the supervisor


class JobContext(NamedTuple):
    """What a download runs in.

    Attributes:
        clock: The time.
        wait: Waits for an event, so many seconds at most.
        tell: Takes events, from any thread.
        deadline: The end.
        cancellation: Ends it from another thread.
    """

    clock: Clock
    wait: Wait
    tell: Callable[[DownloadEvent], None]
    deadline: Deadline
    cancellation: Cancellation


class Transfer:
    """One try, as the supervisor sees it.

    Attributes:
        address: Who is asked.
        file: The file; empty for the list of files.
        signal: Ends it.
        ended: Set when it was ended.
        came: Bytes that came.
        verdict: Why the supervisor ended it alone; None when it did not.
    """

    def __init__(self, address: SourceAddress, file: str, now: float) -> None:
        self.address = address
        self.file = file
        self.signal = CancelSignal()
        self.ended = threading.Event()
        self.signal.on_cancel(self.ended.set)
        self.came = 0
        self.verdict: CmClientError | None = None
        self._since = now
        self._in_stretch = 0

    def note(self, size: int) -> None:
        """Bytes came."""
        self.came += size
        self._in_stretch += size

    def restart(self, now: float) -> None:
        """Begin a new stretch in which something has to come."""
        self._since, self._in_stretch = now, 0

    def judge(self, now: float, limit: float) -> None:
        """End it when next to nothing has come for so many seconds."""
        stalled = has_stalled(self._since, self._in_stretch, now, limit=limit)
        if stalled is None:
            self.restart(now)
        elif stalled:
            self.verdict = StalledError(f"{self.address}: no progress for {limit:g} seconds", source=str(self.address))
            self.signal.cancel()


class Workers:
    """Runs the parts of a job at the same time.

    Args:
        context: What they run in.
        stall: Seconds without progress after which a transfer is ended.
        tick: Called now and then with the time and the transfers that are under way, the oldest first.

    Attributes:
        is_over: Whether everything is to end.
    """

    def __init__(self, context: JobContext, stall: float, tick: Callable[[float, tuple[Transfer, ...]], None]) -> None:
        self.is_over = False
        self._context = context
        self._stall = stall
        self._tick = tick
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._transfers: dict[Transfer, None] = {}  # in the order in which they began
        self._running = 0
        self._fatal: BaseException | None = None
        context.cancellation.on_cancel(self.stop)

    def begin(self, address: SourceAddress, file: str) -> Transfer:
        """A try begins."""
        transfer = Transfer(address, file, self._context.clock.monotonic())
        with self._lock:
            self._transfers[transfer] = None
        if self.is_over:
            transfer.signal.cancel()
        return transfer

    def end(self, transfer: Transfer) -> None:
        """It has ended."""
        with self._lock:
            self._transfers.pop(transfer, None)

    def run(self, works: Iterable[Callable[[], None]]) -> None:
        """Run all of them to their ends.

        Raises:
            CancelledError: It was cancelled.
            CmClientError: What one of them raised; the others were ended.
        """
        threads = [threading.Thread(target=self._guard, args=(work,), name="fetch", daemon=True) for work in works]
        self._running = len(threads)
        try:
            for thread in threads:
                thread.start()
            while self._running:
                self._changed.wait(_TICK)
                self._changed.clear()
                self._supervise()
        except BaseException:  # Ctrl-C
            self.stop()
            raise
        finally:
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
        if self._fatal is not None:
            raise self._fatal
        if self._context.cancellation.cancelled:
            raise CancelledError("the download was cancelled; what has come is kept")

    def stop(self) -> None:
        """End everything."""
        self.is_over = True
        with self._lock:
            transfers = tuple(self._transfers)
        for transfer in transfers:
            transfer.signal.cancel()
        self._changed.set()

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - not swallowed: raised where they were started
            with self._lock:
                self._fatal = self._fatal or error
            self.stop()
        finally:
            with self._lock:
                self._running -= 1
            self._changed.set()

    def _supervise(self) -> None:
        now = self._context.clock.monotonic()
        with self._lock:
            transfers = tuple(self._transfers)
        for transfer in transfers:
            transfer.judge(now, self._stall)
        if self._context.deadline.expired and not self.is_over:
            self.stop()
        self._tick(now, transfers)
