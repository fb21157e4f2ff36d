"""The third composition root: puts an agent together from settings, and tells of one that runs."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from .agent import Agent, AgentCallbacks
from .assemble import Run, load_settings, open_chooser, open_ports, open_store, store_path
from .assemble_report import open_reporter
from .assemble_rootkey import with_root_key
from .config import ClientConfig
from .errands import SiteErrands, agent_settings
from .model.agent import AgentProcess, AgentStatus
from .model.reports import QueueView

__all__ = ["find_agent_status", "find_waiting_reports", "open_agent"]


@contextmanager
def open_agent(
    config: ClientConfig | None = None,
    run: Run | None = None,
    *,
    callbacks: AgentCallbacks | None = None,
    reread: Callable[[], ClientConfig] | None = None,
    heeds_signals: bool = False,
) -> Iterator[Agent]:
    """An agent on the real world, closed at the end. There is one for a store at most.

    Args:
        config: The settings; None for those of this machine and user.
        run: How this run differs from them; None when it does not. One that does not write is no agent for others:
            it keeps its lease to itself.
        callbacks: What happens is told to these.
        reread: Reads the settings again; None where they cannot be, unless they are those of this machine and user.
        heeds_signals: Whether signals are looked at without delay; for a program whose main thread runs the agent.

    Raises:
        AgentRunningError: Another agent works with the store.
        StoreError: The lock beside the store cannot be written.
        ConfigError: A setting is wrong, or a file that one names cannot be read.
    """
    from .adapters.agent_lock import AgentLock, read_process_start
    from .adapters.clock import SystemClock
    from .adapters.supervisor import Supervisor
    from .adapters.wakeups import Wakeups, open_address_events

    if config is None:
        config, reread = load_settings(), reread or load_settings
    run, place = run or Run(), store_path(config)
    config = config._replace(store=str(place))  # stays when the settings are read again
    with ExitStack() as stack:
        if run.writes:
            stack.enter_context(AgentLock(place))
        waiter = stack.enter_context(Wakeups(events=open_address_events()))
        if heeds_signals:
            stack.enter_context(waiter.heed_signals())
        agent = Agent(
            _open_errands(config, run),
            store=open_store(config, run, stack),
            clock=SystemClock(),
            chooser=open_chooser(config),
            waiter=waiter,
            process=AgentProcess(os.getpid(), read_process_start(os.getpid())),
            manager=Supervisor(),
            callbacks=callbacks,
            reports=lambda config, location: open_reporter(config, run, location=location),
            reopen=None if reread is None else lambda: _open_errands(reread()._replace(store=str(place)), run),
        )
        stack.callback(agent.close)
        yield agent


def find_agent_status(config: ClientConfig) -> tuple[AgentStatus | None, bool]:
    """What the agent of the store says of itself, and whether it is running.

    Raises:
        StoreError: The store cannot be read.
    """
    from .adapters.agent_lock import is_agent_alive
    from .adapters.store import SqliteStore

    path = store_path(config)
    with SqliteStore(path, read_only=True) as store:
        status = store.load_agent_status()
    if status is None or status.stopped:
        return status, False
    return status, is_agent_alive(path, status.pid, status.process_start)


def find_waiting_reports(config: ClientConfig) -> QueueView:
    """What waits in the store to be reported, whoever put it there.

    Raises:
        StoreError: The store cannot be read.
    """
    from .adapters.clock import SystemClock
    from .adapters.report_queue import SqliteReportQueue
    from .adapters.sqlite_file import SqliteFile
    from .adapters.store import SCHEMA

    with closing(SqliteReportQueue(SqliteFile(store_path(config), SCHEMA, read_only=True))) as waiting:
        return waiting.view(SystemClock().now())


def _open_errands(config: ClientConfig, run: Run) -> SiteErrands:
    config = agent_settings(with_root_key(config))  # the ports are as patient as the errands
    stack = ExitStack()
    return SiteErrands(config, stack.enter_context(open_ports(config, run)), close=stack.close)
