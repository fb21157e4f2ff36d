"""``cmclient assign``."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..model.assignment import AssignmentHow, AssignmentOutcome
from ..model.decision import Verdict
from ..model.legacy import ProfileName
from .codes import DONE, NONE_ELIGIBLE, NONE_FOUND, NONE_REACHABLE
from .options import add_facts, add_lab, add_settings
from .render import Table, print_json, printable, show

if TYPE_CHECKING:
    from ..assign import Assigner, AssignmentOptions, AssignmentReport
    from ..model.assignment import AssignmentDecision, SiteCandidate
    from ..model.groups import SiteData

__all__ = ["ASSIGNMENT_SCHEMA", "HELP", "configure", "run"]

HELP = """\
Find the site that a client here is assigned to, and say why it is that one and no other.

The site that is given or kept counts; else the directory is asked for published boundaries, then a management point.
With --data only boundary data is looked at and nobody is asked. Nothing is stored without --save.
Exit codes: 0 assigned, 3 no site holds the client, 4 refused by a rule, 5 nobody could be asked.
"""

ASSIGNMENT_SCHEMA = "cmclient.assignment/1"

_CODES = {
    AssignmentOutcome.ASSIGNED: DONE,
    AssignmentOutcome.NOT_FOUND: NONE_FOUND,
    AssignmentOutcome.REFUSED: NONE_ELIGIBLE,
    AssignmentOutcome.NOT_ASKED: NONE_REACHABLE,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    from .boundaries.data import add_lenient

    parser.add_argument("--wait", action="store_true", help="try again every ten minutes until there is a site")
    parser.add_argument("--save", action="store_true", help="keep the site for other runs on this machine")
    group = parser.add_argument_group("what if? (with one of these nothing can be stored)")
    group.add_argument(
        "--data", metavar="FILE", action="append", help="decide by boundary data alone; files or folders, repeatable"
    )
    add_lenient(parser)
    group.add_argument("--upgrade", action="store_true", help="the client is being upgraded")
    group.add_argument("--client-version", metavar="VERSION", help="of the client, such as 5.00.9106.1000 or 9106")
    group.add_argument("--site-version", metavar="VERSION", help="of every site, likewise")
    add_lab(parser)
    add_settings(parser)
    add_facts(parser)


def run(arguments: argparse.Namespace) -> int:
    """Assign and print."""
    from ..assemble import open_assigner
    from .site import open_settings

    options = _options(arguments)
    with open_settings(arguments, offline=options.data is not None) as (config, run):
        if options.data is not None and config.profile is ProfileName.CM07:
            raise ConfigError(("CM 2007 has no boundary groups, which --data is about",), hint="leave out one of them")
        hand = options != type(options)() or not run.writes
        if arguments.save and hand:
            raise ConfigError(
                ("--save keeps what is so, and this is a what-if",),
                hint="leave out --save, or the facts and versions given by hand",
            )
        with open_assigner(config, run._replace(writes=run.writes and arguments.save)) as assigner:
            report = _assign(arguments, assigner, options)
            if arguments.save:
                assigner.save(report)
    if arguments.format == "json":
        print_json(_document(report))
    else:
        show(_items(report, saved=arguments.save and report.learned is not None, can_wait=options.data is None))
    return _CODES[report.decision.outcome]


def _options(arguments: argparse.Namespace) -> "AssignmentOptions":
    from ..assign import AssignmentOptions
    from ..protocol.mplist import parse_build

    return AssignmentOptions(
        is_upgrade=arguments.upgrade,
        client_build=None if arguments.client_version is None else parse_build(arguments.client_version),
        site_build=None if arguments.site_version is None else parse_build(arguments.site_version),
        data=None if arguments.data is None else _data(arguments),
    )


def _data(arguments: argparse.Namespace) -> "SiteData":
    from .boundaries.data import read_data

    if arguments.wait:
        raise ConfigError(("--wait asks again, and --data asks nobody",), hint="leave out one of them")
    return read_data(arguments)


def _assign(arguments: argparse.Namespace, assigner: "Assigner", options: "AssignmentOptions") -> "AssignmentReport":
    from .progress import show_progress

    if not arguments.wait:
        with show_progress():
            return assigner.assign(options)
    import time

    return assigner.assign_until_done(options, pause=time.sleep, told=_tell)


def _tell(report: "AssignmentReport") -> None:
    """One line for an attempt that is followed by another one."""
    text = f"{report.time}: {report.decision.reason.text}; again at {report.retry_at}, Ctrl-C stops"
    print(printable(text), file=sys.stderr, flush=True)


def _document(report: "AssignmentReport") -> dict[str, Any]:
    from ..protocol.document import to_json
    from ..rules.deployment_states import ASSIGNMENT_TOPIC

    decision = report.decision
    return {
        "schema": ASSIGNMENT_SCHEMA,
        "time": report.time,
        "outcome": decision.outcome.value,
        "site": to_json(decision.site),
        "how": decision.how.value,
        "reasons": to_json(decision.reasons),
        "compatibility": to_json(decision.compatibility),
        "candidates": to_json(decision.candidates),
        "address": decision.address or None,
        "location": to_json(report.location),
        "states": [
            {"topic": ASSIGNMENT_TOPIC, "state": state.id, "meaning": state.meaning} for state in decision.states
        ],
        "next": to_json(decision.next),
        "retry_at": report.retry_at or None,
        "settings_from": to_json(decision.settings_from),
        "roaming": to_json(report.roaming),
        "sources": to_json(report.sources),
        "attempts": [to_json(one) | {"endpoint": str(one.endpoint)} for one in report.attempts],
        "facts": to_json(report.facts),
        "seed": decision.seed,
        "catalogue": decision.catalogue,
        "notes": list(report.notes),
    }


def _items(report: "AssignmentReport", *, saved: bool, can_wait: bool) -> list[str | Table]:
    from .views import attempts_table, sources_table

    decision = report.decision
    why_not = decision.reason.text.removeprefix("no assigned site: ")
    lines = [
        f"Assigned site: {_told(decision)} ({_HOW[decision.how]})" if decision.site else f"No assigned site: {why_not}",
        "  why:",
        *(f"    {reason.rule:<7} {reason.text}" for reason in decision.reasons),
    ]
    if decision.compatibility is not None and decision.compatibility.reason not in decision.reasons:
        lines.append(f"    {decision.compatibility.reason.rule:<7} {decision.compatibility.reason.text}")
    lines.append(f"  network location: {report.location.location.value}")
    lines += [f"    {reason.rule:<7} {reason.text}" for reason in report.location.reasons]
    lines += [f"  {note}" for note in report.notes]
    items: list[str | Table] = [*lines, "", _candidates(report)]
    if report.sources:
        items += ["", sources_table(report.sources)]
    if report.attempts:
        items += ["", attempts_table(report.attempts)]
    return [*items, "", *_next(report, saved=saved, can_wait=can_wait)]


def _told(decision: "AssignmentDecision") -> str:
    """The site; where it was drawn, by site or by address, those that another draw gives."""
    others = sorted({one.site for one in decision.candidates if _may_be_drawn(one)} - {decision.site})
    return (
        f"{' or '.join((str(decision.site), *others))}, by chance; now {decision.site}"
        if others
        else f"{decision.site}"
    )


def _may_be_drawn(candidate: "SiteCandidate") -> bool:
    return candidate.verdict is Verdict.RANKED or candidate.is_elsewhere


_HOW = {
    AssignmentHow.GIVEN: "it was given",
    AssignmentHow.KEPT: "kept from before",
    AssignmentHow.BOUNDARY: "by where the client is",
    AssignmentHow.FALLBACK: "the fallback site",
    AssignmentHow.NONE: "",
}


def _candidates(report: "AssignmentReport") -> Table:
    rows = tuple(
        (one.site, one.verdict.value, one.source.value, one.reasons[-1].rule, one.reasons[-1].text)
        for one in report.decision.candidates
    )
    chosen = frozenset({0}) if report.decision.site else frozenset()
    return Table("Sites considered", ("site", "verdict", "named by", "rule", "why"), rows, chosen)


def _next(report: "AssignmentReport", *, saved: bool, can_wait: bool) -> list[str]:
    decision = report.decision
    lines = ["What happens next", *(f"  {reason.rule:<7} {reason.text}" for reason in decision.next)]
    if report.retry_at:
        waits = "; 'cmclient assign --wait' waits for it" if can_wait else ""
        lines.append(f"  next attempt of a client: {report.retry_at}{waits}")
    if decision.settings_from is not None:
        lines.append(f"  {decision.settings_from.rule:<7} {decision.settings_from.text}")
    if decision.site is not None:
        lines.append(f"  {report.roaming.rule:<7} {report.roaming.text}")
    if decision.states:
        said = "; ".join(f"{state.id} ({state.meaning})" for state in decision.states)
        lines.append(f"  a client reports of it: {said}")
    lines.append(f"  {'stored' if saved else 'nothing was stored'}")
    return lines
