"""``cmclient locate``."""

import argparse
from typing import TYPE_CHECKING

from ..errors import ConfigError, LocateError, NoEligibleManagementPointError, NoReachableManagementPointError
from ..model.decision import Location
from .codes import DONE, code_of
from .options import add_facts, add_lab, add_settings
from .render import print_json, printable, show

if TYPE_CHECKING:
    from .reports import LocationReports

__all__ = ["HELP", "configure", "run"]

HELP = """\
Locate the management point that a client here would use, and say why it is that one and no other.

The sources are asked in the order of the rules and no further than they go; the chosen management point is really
asked for its list, which is then stored. When all fail, that is reported to a fallback status point if there is one
(--no-report: never). For scripts there are --plain and --format json. Exit codes: 0 located, 3 none found,
4 none eligible, 5 none reachable, 6 trust refused.

--role looks for another site system: sup, a software update point, by asking a management point (needs the setting
update_source, which policy has), by settings or by --data; smp, a state migration point, by --data alone; fsp, the
fallback status point; device-mp, the management point of a device, by settings or by --data; enrollment-proxy, the
enrollment proxy point, by its name, by its alias in DNS or by the discovery service. The last two want --client-kind.
rsp, enrollment-point, cmg-connection-point and others that are contacted by no client: exit code 2 says why.
"""

ROLES = (
    *("mp", "sup", "smp", "fsp", "device-mp", "enrollment-proxy"),
    # contacted by nobody, as ``rules.uncontacted`` explains
    *("rsp", "enrollment-point", "cmg-connection-point", "service-connection-point", "asset-intelligence-point"),
    *("certificate-registration-point", "exchange-connector", "endpoint-protection-point", "data-warehouse-point"),
    *("sms-provider", "site-database"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    from .boundaries.data import add_lenient

    parser.add_argument(
        "--plain", action="store_true", help="print the management point, the site code and the address, in one line"
    )
    parser.add_argument("--explain", action="store_true", help="print every rule that decided, as a tree")
    parser.add_argument("--offline", action="store_true", help="decide from the stored list; no network")
    parser.add_argument(
        "--role",
        choices=(*ROLES, "dp"),
        default="mp",
        metavar="ROLE",
        help="the site system wanted: mp (default), sup, smp, fsp, device-mp, enrollment-proxy",
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        action="append",
        help="for sup, smp and device-mp: decide by boundary data alone and ask nobody; files or folders, repeatable",
    )
    add_lenient(parser)
    add_lab(parser)
    add_settings(parser)
    add_facts(parser)


def run(arguments: argparse.Namespace) -> int:
    """Locate and print."""
    if arguments.plain and (arguments.role != "mp" or arguments.explain or arguments.format == "json"):
        raise ConfigError(
            ("--plain goes with no --role, --explain or --format json",), hint="leave --plain out, or the others"
        )
    if arguments.role != "mp":
        from .roles import run_role

        return run_role(arguments)
    if arguments.data is not None:
        raise ConfigError(("--data says nothing of management points that answer",), hint="add --role sup or smp")
    from time import monotonic

    from ..assemble import open_locator
    from ..model.http import Deadline
    from .progress import show_progress
    from .reports import report_location
    from .site import open_settings

    with open_settings(arguments, offline=arguments.offline) as (config, run), show_progress():
        deadline = Deadline.after(config.deadline, monotonic)
        with open_locator(config, run) as locator:
            try:
                location, error = locator.locate(), None
            except LocateError as failure:
                location, error = failure.location, failure
        reports = report_location(config, run, location, deadline)
    if arguments.plain:
        _print_plain(location, error)
    else:
        _print(arguments, location, error, reports)
    return DONE if error is None else code_of(error)


def _print_plain(location: Location, error: LocateError | None) -> None:
    """One line of three words, for scripts; ``-`` where no site is known.

    Raises:
        LocateError: There is no management point: nothing is printed, and why is said on standard error.
    """
    if error is not None:
        if isinstance(error, NoEligibleManagementPointError | NoReachableManagementPointError):  # about tables
            error.hint = "without --plain it is said of each candidate what happened"
        raise error
    chosen, site = location.management_point, location.decision.policy.assigned_site
    print(printable(f"{chosen.host} {site or '-'} {location.endpoint}"))


def _print(
    arguments: argparse.Namespace, location: Location, error: LocateError | None, reports: "LocationReports"
) -> None:
    from .reports import location_document, location_lines

    if arguments.format == "json":
        from ..protocol.saved import build_location

        print_json(build_location(location, error) | {"reports": location_document(reports)})
        return
    from ..rules.explain import outline_decision, outline_root_key
    from .views import attempts_table, location_items

    show(location_items(location, error))
    if arguments.explain:
        show(["", attempts_table(location.attempts), "", outline_decision(location.decision, location.chosen)])
        if location.root_key is not None:
            show(["", outline_root_key(location.root_key)])
    if told := list(location_lines(reports, located=error is None)):
        show(["", *told])
