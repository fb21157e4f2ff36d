"""``cmclient agent`` and ``cmclient agent status``."""

import argparse
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..model.lease import LeasePhase
from .codes import DONE, FAILED, MESSAGES_LEFT, NONE_REACHABLE, code_of
from .options import add_facts, add_lab, add_settings
from .render import print_json, printable, show

if TYPE_CHECKING:
    from ..agent import Agent
    from ..agent_lease import AgentCallbacks
    from ..config import ClientConfig
    from ..model.decision import Location, Reason
    from ..model.endpoints import Endpoint

__all__ = ["HELP", "configure", "run"]

HELP = """\
Keep the management point of this machine by the rules: locate when the service starts, when the network changes and
every 25 hours, stay with the one that works, replace it when it fails; where reporting is on, send what waits for the
fallback status point. Runs until SIGTERM, SIGINT or Ctrl-C; SIGHUP
reads the settings again. One agent for a store. 'agent status' says what the running one does.
It takes no facts by hand (--facts, --ad-site, --address and so on): it acts for this machine; what another one would
do, 'cmclient locate' says.

With --once, for a timer: locate if that is due, ask the management point in use whether it answers, and end. One that
does not answer is asked again after seconds, until it does or five failures give it up and another one answers.

Exit codes: of 'agent' 0 ended as told; with --once 0 located and it answers, 3 none found, 4 none eligible, 5 none
reachable, or the one in use does not answer, 6 trust refused, 8 located and reports are left waiting; of
'agent status' 0 running and located, 1 otherwise.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("action", nargs="?", choices=("status",), help="say what the agent of the store does")
    parser.add_argument("--once", action="store_true", help="do what is due now, check the management point, and end")
    add_lab(parser)
    add_settings(parser)
    for option, name in _fact_options().items():  # taken only to say that they are for other commands
        parser.add_argument(option, dest=name, action="append", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Run the agent, or say what it does."""
    _refuse_facts(arguments)
    return _tell_status(arguments) if arguments.action == "status" else _run_agent(arguments)


def _refuse_facts(arguments: argparse.Namespace) -> None:
    """An agent acts for the machine that it is on; with other facts it would ask, store and report for nobody."""
    given = [option for option, name in _fact_options().items() if getattr(arguments, name) is not None]
    if given:
        fault = f"the agent acts for this machine and takes no facts of another one: {', '.join(given)}"
        hint = "'cmclient locate' takes them; what is a setting too, such as client_kind, belongs into a settings file"
        raise ConfigError((fault,), hint=hint)


def _fact_options() -> dict[str, str]:
    """The options that give a fact by hand, and where each is kept."""
    known = argparse.ArgumentParser(add_help=False)
    add_facts(known)
    return {option: action.dest for action in known._actions for option in action.option_strings}  # noqa: SLF001 - argparse has no public way


def _run_agent(arguments: argparse.Namespace) -> int:
    from ..assemble_agent import open_agent
    from .options import read_settings
    from .site import open_settings

    reread = None if arguments.lab or arguments.lab_file else lambda: read_settings(arguments)
    with (
        open_settings(arguments) as (config, run),
        open_agent(config, run, callbacks=_events(arguments.format), reread=reread, heeds_signals=True) as agent,
        _signals(agent),
    ):
        if arguments.once:
            agent.run_once()
        else:
            agent.run()
        _print_end(arguments, agent)
        return _code_of_once(agent) if arguments.once else DONE


def _code_of_once(agent: "Agent") -> int:
    if agent.error is not None:
        return code_of(agent.error)
    answers = agent.lease.phase is LeasePhase.HELD and not agent.lease.failures
    if not answers:
        return NONE_REACHABLE
    return MESSAGES_LEFT if agent.waiting_reports.messages else DONE


@contextmanager
def _signals(agent: "Agent") -> Iterator[None]:
    """Let signals speak to the agent instead of ending the process."""
    actions = {signal.SIGTERM: agent.stop, signal.SIGINT: agent.stop}
    if hasattr(signal, "SIGHUP"):
        actions[signal.SIGHUP] = agent.reload
    before = {}
    for number, action in actions.items():
        before[number] = signal.signal(number, lambda *_, action=action: action())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _events(form: str) -> "AgentCallbacks":
    """Callbacks that print a line an event."""
    from ..agent_lease import AgentCallbacks

    def tell(event: str, text: str, **fields: str) -> None:
        time = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps({"time": time, "event": event, **fields}) if form == "json" else f"{time} {printable(text)}"
        print(line, flush=True)

    def located(location: "Location") -> None:
        endpoint = str(location.endpoint)
        tell("located", f"located {endpoint}", endpoint=endpoint)

    def rotated(left: "Endpoint", now: "Endpoint", reason: "Reason") -> None:
        text = f"left {left} for {now}: {_why(reason)}"
        tell("rotated", text, left=str(left), endpoint=str(now), rule=reason.rule, reason=reason.text)

    def unmanaged(reason: "Reason") -> None:
        tell("unmanaged", f"no management point: {_why(reason)}", rule=reason.rule, reason=reason.text)

    return AgentCallbacks(located, rotated, unmanaged)


def _why(reason: "Reason") -> str:
    return f"{reason.text} ({reason.rule})" if reason.rule else reason.text


def _print_end(arguments: argparse.Namespace, agent: "Agent") -> None:
    """Print how the agent ended: in JSON the last of several lines."""
    from .agent_views import status_document, status_items

    if arguments.format == "json":
        print(json.dumps(status_document(agent.status, agent.waiting_reports, running=False)))
    elif arguments.once:
        show(status_items(agent.status, agent.waiting_reports, running=False))


def _tell_status(arguments: argparse.Namespace) -> int:
    from ..assemble_agent import find_agent_status, find_waiting_reports
    from .agent_views import status_document, status_items
    from .options import read_settings

    if arguments.lab or arguments.lab_file or arguments.once:
        raise ConfigError(("'agent status' tells of an agent that runs",), hint="leave out --lab and --once")
    config: ClientConfig = read_settings(arguments)
    status, running = find_agent_status(config)
    waiting = find_waiting_reports(config)
    if arguments.format == "json":
        print_json(status_document(status, waiting, running=running))
    else:
        show(status_items(status, waiting, running=running))
    located = status is not None and status.endpoint is not None and status.phase is not LeasePhase.GIVEN_UP
    return DONE if running and located else FAILED
