"""Which source each connection of a download uses, and what became of the others. Safe to use from several threads."""

from collections import Counter
from collections.abc import Callable, Container
from threading import Lock
from typing import NamedTuple

from .errors import CmClientError
from .model.download import DownloadEvent, EventKind, SourceFailure
from .model.endpoints import Endpoint
from .model.http import Deadline
from .model.sources import SourceAddress, SourcePlan
from .ports import Clock, SourcePlanner
from .rules.leaving import (
    LITTLE,
    Moment,
    Next,
    Standing,
    choose_address,
    counts_against_server,
    find_wait,
    judge_failure,
    note_left,
)

__all__ = ["Failed", "ServerMemory", "SourceBoard"]


class Failed(NamedTuple):
    """A try that failed.

    Attributes:
        address: Who was asked.
        error: What went wrong.
        file: The file; empty for the list of files.
        came: Bytes that came before it.
        is_mixed: Whether the file has bytes of another try.
        is_list_doubted: Whether the sizes that are expected came from another source, which was left.
    """

    address: SourceAddress
    error: CmClientError
    file: str
    came: int
    is_mixed: bool
    is_list_doubted: bool = False


class ServerMemory:
    """What is remembered of servers, for every download of this process. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._standings: dict[Endpoint, Standing] = {}

    def read(self) -> dict[Endpoint, Standing]:
        """What is remembered now."""
        with self._lock:
            return dict(self._standings)

    def leave(self, endpoint: Endpoint, now: float) -> None:
        """It failed."""
        with self._lock:
            standing = self._standings.get(endpoint, Standing())
            if standing.until <= now:  # else several connections have failed together, which is once
                self._standings[endpoint] = note_left(standing, now, follows=Next.LEAVE)

    def forgive(self, endpoint: Endpoint) -> None:
        """It gave a file."""
        with self._lock:
            self._standings.pop(endpoint, None)


class SourceBoard:
    """The sources of one download.

    Args:
        planner: Says which there are.
        servers: What is remembered of servers.
        clock: The time.
        tell: Takes events.
        waits: Whether sources that open later are waited for.
        per_host: Most connections to one server.
        hosts: Most servers at the same time, where the plan has equals.

    Attributes:
        plan: The plan as of now.
        failures: What went wrong, in order.
        waits: Whether sources that open later are waited for.
    """

    def __init__(
        self,
        planner: SourcePlanner,
        servers: ServerMemory,
        clock: Clock,
        tell: Callable[[DownloadEvent], None],
        *,
        waits: bool,
        per_host: int,
        hosts: int,
    ) -> None:
        self.plan: SourcePlan | None = None
        self.failures: list[SourceFailure] = []
        self._planner = planner
        self._servers = servers
        self._clock = clock
        self._tell = tell
        self.waits = waits
        self._per_host = per_host
        self._hosts = hosts
        self._lock = Lock()
        self._begin = clock.monotonic()
        self._standings: dict[SourceAddress, Standing] = {}
        self._banned: Container[str] = ()
        self._interruptions: Counter[SourceAddress] = Counter()
        self._busy: Counter[Endpoint | None] = Counter()
        self._working: set[SourceAddress] = set()
        self._last: SourceAddress | None = None

    def elapsed(self) -> float:
        """Seconds since the begin of the job."""
        return self._clock.monotonic() - self._begin

    def refresh(self, deadline: Deadline) -> None:
        """Ask for a fresh plan; the last one stays when nobody can be asked.

        Raises:
            CmClientError: Nobody can be asked, and there is no plan yet.
        """
        try:
            plan = self._planner.plan(self.elapsed(), deadline)
        except CmClientError:
            if self.plan is None:
                raise
            return
        with self._lock:
            self.plan = plan
            for address in (one for planned in plan.ranked for one in planned.source.addresses):
                if str(address) in self._banned:
                    self._standings[address] = Standing(1, 0.0, is_banned=True)

    def ban(self, addresses: Container[str]) -> None:
        """Never ask these: an earlier run had a wrong file from them."""
        self._banned = addresses

    def take(self) -> SourceAddress | None:
        """An address to ask now, which counts as busy until ``give_back``; None when there is none."""
        with self._lock:
            address = None
            if self.plan is not None:
                address = choose_address(
                    self.plan,
                    self._standings,
                    self._servers.read(),
                    self._moment(),
                    busy=self._busy,
                    per_host=self._per_host,
                    hosts=self._hosts,
                )
            if address is None:
                return None
            self._busy[address.endpoint] += 1
            is_new, self._last = address != self._last, address
        if is_new:
            self._tell(DownloadEvent(EventKind.SOURCE, self.elapsed(), str(address)))
        return address

    def give_back(self, address: SourceAddress) -> None:
        """A try has ended."""
        with self._lock:
            self._busy[address.endpoint] -= 1

    def note_success(self, address: SourceAddress) -> None:
        """It gave what was asked for."""
        with self._lock:
            self._interruptions.pop(address, None)
            self._working.add(address)
        if address.endpoint is not None:
            self._servers.forgive(address.endpoint)

    def note_failure(self, failed: Failed) -> Next:
        """It did not; says what follows."""
        now, address, error = self._clock.monotonic(), failed.address, failed.error
        with self._lock:
            follows, is_news = self._judge(failed, now)
            if not is_news:
                return follows
            left = follows is not Next.AGAIN
            failure = SourceFailure(
                address, failed.file, error.code, error.message, self.elapsed(), left=left, hint=error.hint
            )
            self.failures.append(failure)
        if address.endpoint is not None and follows is Next.LEAVE and counts_against_server(error):
            self._servers.leave(address.endpoint, now)
        self._tell(
            DownloadEvent(
                EventKind.FAILURE,
                failure.at,
                str(address),
                failed.file,
                detail=error.message,
                code=error.code,
                seconds_left=None if left else 0.0,
            )
        )
        return follows

    def _judge(self, failed: Failed, now: float) -> tuple[Next, bool]:
        """What follows a failure, and whether it is news: several connections that fail together fail once."""
        address = failed.address
        standing = self._standings.get(address, Standing())
        if failed.came >= LITTLE:
            self._interruptions.pop(address, None)
        follows = judge_failure(
            failed.error,
            works=failed.came > 0 or address in self._working,
            interruptions=self._interruptions[address],
            is_mixed=failed.is_mixed,
            is_list_doubted=failed.is_list_doubted,
        )
        self._interruptions[address] += 1
        if follows is Next.AGAIN:
            return follows, True
        is_known = standing.left > 0 and standing.until > now and not standing.is_banned
        if is_known and follows is Next.LEAVE:
            return follows, False
        retry = None if self.plan is None else self.plan.retry
        self._standings[address] = note_left(standing, now, follows=follows, retry=retry)
        self._interruptions.pop(address, None)
        self._working.discard(address)
        return follows, True

    def was_left(self, address: SourceAddress) -> bool:
        """Whether an address was left at any time."""
        with self._lock:
            standing = self._standings.get(address, Standing())
            return standing.is_banned or standing.left > 0

    def find_wait(self) -> float | None:
        """Seconds until a source can be asked again; None when there is nothing to wait for."""
        with self._lock:
            return None if self.plan is None else find_wait(self.plan, self._standings, self._moment())

    def _moment(self) -> Moment:
        now = self._clock.monotonic()
        return Moment(now, now - self._begin, self.waits)
