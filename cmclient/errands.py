"""What an agent goes and does, each errand whole: locate, find the assigned site, look at the network, probe.

Each takes long, is done beside the agent's loop, and ends soon after it was cancelled.
"""

from collections.abc import Callable

from .assign import Assigner, AssignmentReport
from .config import ClientConfig
from .contacting import client_of
from .errors import CancelledError
from .locator import Locator
from .model.decision import Location
from .model.endpoints import Endpoint
from .model.facts import NetworkFacts, NetworkLocation
from .model.http import Attempt, Deadline, HttpReply, HttpRequest
from .model.legacy import ProfileName
from .model.mplist import MpListQuery
from .model.rule import decides
from .ports import Cancellation, Transport
from .racing import CancelSignal
from .rules.choose import SeededChooser
from .world import World

__all__ = ["SiteErrands", "agent_settings"]

_DEFAULT = "default"
_PATIENCE = {"deadline": 300.0, "connect_timeout": 30.0, "attempt_timeout": 60.0, "directory_timeout": 30.0}


@decides("ML-011")
def agent_settings(config: ClientConfig) -> ClientConfig:
    """The settings with an agent's patience: nobody waits for it. What somebody set stays."""
    longer = {name: value for name, value in _PATIENCE.items() if config.origins.get(name, _DEFAULT) == _DEFAULT}
    origins = {**config.origins, **dict.fromkeys(longer, "default of the agent")}
    return config._replace(**longer, origins=origins)  # type: ignore[arg-type] # names of fields


class SiteErrands:
    """The errands of an agent, with the site that its settings lead to.

    Attributes:
        config: The settings, with an agent's patience.
    """

    def __init__(self, config: ClientConfig, world: World, *, close: Callable[[], None] | None = None) -> None:
        """Put the errands together from ports; ``cmclient.assemble`` does it from settings alone.

        Args:
            config: The settings.
            world: The ports. Each run draws anew from their chooser.
            close: Lets go of the ports.
        """
        self.config = agent_settings(config)
        self._world = world
        self._close = close

    @property
    def finds_site(self) -> bool:
        """Whether the assigned site is found by an errand of its own; a client of CM 2007 finds it while it locates."""
        return self.config.profile is ProfileName.CURRENT

    @property
    def patience(self) -> float:
        """Seconds after which every errand has ended, unless something is broken."""
        return self.config.deadline

    def locate(self, run: int, cancellation: Cancellation) -> Location:
        """Locate a management point.

        Args:
            run: Number of the run.
            cancellation: Ends it soon.

        Raises:
            LocateError: None was located.
            FactsError: The machine could not be asked at all.
        """
        return self._locator(run, cancellation).locate()

    def gather(self, cancellation: Cancellation) -> NetworkLocation:
        """Find out whether the client is on the intranet or the internet.

        Raises:
            FactsError: The machine could not be asked at all.
        """
        facts: NetworkFacts = self._locator(0, cancellation).gather()
        return facts.network_location

    def assign(self, run: int, cancellation: Cancellation) -> AssignmentReport:
        """Find the assigned site, and keep it if there is one.

        Args:
            run: Number of the run.
            cancellation: Ends it soon.

        Raises:
            FactsError: The machine could not be asked at all.
            StoreError: It cannot be kept.
        """
        world = self._world._replace(transport=_Interruptible(self._world.transport, cancellation))
        assigner = Assigner(self.config, world)
        report = assigner.assign(attempt=run)
        if not cancellation.cancelled:
            assigner.save(report)
        return report

    def probe(self, endpoint: Endpoint, where: NetworkLocation, cancellation: Cancellation) -> Attempt:
        """Ask a management point for the list that is for clients where this one is: the least that each answers."""
        client = client_of(self.config, self._world.transport, self._world.clock)
        deadline = Deadline.after(self.config.deadline, self._world.clock.monotonic)
        query = MpListQuery.MPLIST2 if where is NetworkLocation.INTERNET else MpListQuery.MPLIST
        result = client.attempt(
            endpoint,
            query.value,
            lambda: client.fetch_list(endpoint, query, deadline, cancellation=cancellation),
        )
        return result.attempts[0]

    def close(self) -> None:
        """Let go of the ports."""
        if self._close is not None:
            self._close()

    def _locator(self, run: int, cancellation: Cancellation) -> Locator:
        """A locator for one run: nothing that a run found out outlives it except what it stores."""
        world = self._world
        again = world._replace(
            transport=_Interruptible(world.transport, cancellation), chooser=SeededChooser(world.chooser.seed + run)
        )
        return Locator(self.config, **again._asdict())


class _Interruptible:
    """A transport whose requests are all cancelled together, besides one by one."""

    def __init__(self, inner: Transport, all_of_them: Cancellation) -> None:
        _ = inner.send  # one that loads at first use does so before the clock of a race starts
        self._inner = inner
        self._all = all_of_them

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        """Send one request; see ``ports.Transport``."""
        if self._all.cancelled:
            where = str(request.endpoint)
            raise CancelledError(f"{where}: cancelled before it was asked", endpoint=where)
        if cancellation is None:
            return self._inner.send(request, deadline, self._all)
        either = CancelSignal()
        for one in (self._all, cancellation):
            one.on_cancel(either.cancel)
        return self._inner.send(request, deadline, either)
