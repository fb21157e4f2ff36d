"""``cmclient fetch``."""

import argparse
import sys
from typing import TYPE_CHECKING

from ..errors import ConfigError, ContentNotObtainedError, LocateError
from ..rules.source_lacks import CONTENT_UNKNOWN
from .codes import DONE, code_of
from .deployment import add_deployment, read_deployment, read_order
from .options import add_facts, add_lab, add_settings
from .render import printable

if TYPE_CHECKING:
    from ..assemble_fetch import Fetcher
    from ..model.content import ContentId
    from ..model.decision import Location
    from ..model.download import DownloadReport
    from ..model.http import Deadline
    from ..model.sources import SourceLack
    from ..ports import SourcePlanner

__all__ = ["HELP", "configure", "run"]

_SEE_HELP = "see 'cmclient fetch --help'"

HELP = """\
Put content into a folder: the files of a package, an application or an update, from the source that a client here
would use. A source that fails is left for the next one, and what has come stays; files get their names when they are
whole and have the size, and the hash where one is known, that they should have. Run it again to go on where it ended.

With --client-package these are the files that client setup needs, named by its manifest: from distribution points, then
the management point, then folders, as /mp and /source of the setup line say.

A source of another boundary group opens after its fallback time; this waits for it, or stops at --deadline.
Exit codes: 0 all of it is there, 7 no source gave all of it, 1 the folder cannot be used; 3 to 6 as 'locate'.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("id", metavar="ID", nargs="?", help="the content: ABC00001, Content_<guid> or a GUID")
    parser.add_argument("folder", metavar="DIR", nargs="?", help="where to put it; created when it is not there")
    setup = parser.add_argument_group("the files of client setup, in place of a content")
    setup.add_argument("--client-package", metavar="DIR", help="put them here")
    setup.add_argument(
        "--source",
        metavar="FOLDER",
        action="append",
        help="local or UNC folder that has them (/source); repeatable, tried in this order",
    )
    setup.add_argument(
        "--platform",
        type=str.lower,
        choices=("x64", "x86", "arm64", "all"),
        default="x64",
        help="the processor (default x64)",
    )
    parser.add_argument("--version", metavar="N", type=int, default=1, help="its version (default 1)")
    parser.add_argument("--kind", choices=("package", "update"), default="package", help="what it is (default package)")
    add_deployment(parser)
    parser.add_argument(
        "--from",
        dest="addresses",
        metavar="URL",
        action="append",
        default=[],
        help="where it is: ask no management point; repeatable, tried in this order",
    )
    parser.add_argument("--explain", action="store_true", help="with --client-package: every source, and why")
    parser.add_argument(
        "--no-wait", action="store_true", help="do not wait for fallback times: go to the next source at once"
    )
    add_lab(parser)
    add_settings(parser)
    add_facts(parser)


def run(arguments: argparse.Namespace) -> int:
    """Download and print."""
    from time import monotonic

    from ..assemble_fetch import open_fetcher
    from ..model.content import ContentId
    from ..model.http import Deadline
    from .fetchends import is_news, print_end, tell_lost
    from .fetchviews import print_report
    from .reports import report_location
    from .site import open_settings

    if arguments.client_package is not None:
        if arguments.id is not None or arguments.addresses:
            raise ConfigError(("--client-package takes no ID and no --from",), hint=_SEE_HELP)
        from .fetch_client import run_client_package

        return run_client_package(arguments)
    _require_content(arguments)
    content = ContentId(arguments.id)
    with open_settings(arguments) as (config, run):
        deadline = Deadline.after(config.deadline if arguments.deadline is not None else None, monotonic)
        # of a lab's own data only the options count: its answers say the times
        with open_fetcher(config, run._replace(times_count=False), waits=not arguments.no_wait) as fetcher:
            try:
                planner, location = _find_planner(arguments, fetcher, content, deadline)
            except LocateError as failure:
                lost = failure
                told = report_location(config, run, lost.location, deadline)
                print_end(arguments.format, told, lambda: tell_lost(arguments.format, lost))
                return code_of(lost)
            _tell_lack(arguments, planner)
            report, error = _download(arguments, fetcher, content, planner, deadline)
        found = None if location is None else report_location(config, run, location, deadline)
    news = found if found is not None and is_news(found) else None
    print_end(arguments.format, news, lambda: print_report(arguments.format, report, error))
    return DONE if error is None else code_of(error)


def _download(
    arguments: argparse.Namespace,
    fetcher: "Fetcher",
    content: "ContentId",
    planner: "SourcePlanner",
    deadline: "Deadline",
) -> "tuple[DownloadReport, ContentNotObtainedError | None]":
    from ..model.download import DownloadRequest
    from .fetchviews import watch_download

    request = DownloadRequest(f"{content}.{arguments.version}")
    with watch_download(arguments.format, request.job) as watch:
        try:
            return fetcher.downloader.fetch(request, arguments.folder, planner, deadline=deadline, watch=watch), None
        except ContentNotObtainedError as failure:
            return failure.report, _with_lack(failure, planner)


def _require_content(arguments: argparse.Namespace) -> None:
    """Refuse what says no content, or says it in two ways."""
    if arguments.id is None or arguments.folder is None:
        raise ConfigError(("an ID and a DIR are needed, or --client-package DIR",), hint=_SEE_HELP)
    if arguments.source:
        raise ConfigError(("--source is for the files of client setup",), hint="add --client-package, or use --from")
    if arguments.version < 0:
        raise ConfigError((f"--version {arguments.version} is less than 0",), hint=_SEE_HELP)


def _find_planner(
    arguments: argparse.Namespace, fetcher: "Fetcher", content: "ContentId", deadline: "Deadline"
) -> "tuple[SourcePlanner, Location | None]":
    """Who says where the content is: the person, or a management point, and how that was located."""
    if arguments.addresses:
        from ..assemble_fetch import parse_address, plan_addresses

        return plan_addresses([parse_address(text) for text in arguments.addresses]), None
    from ..model.content import ContentKind, ContentReference
    from .progress import show_progress

    kind = ContentKind.UPDATE if arguments.kind == "update" else ContentKind.PACKAGE
    with show_progress():
        search = fetcher.locator.search(
            ContentReference(content, arguments.version, kind),
            deadline,
            order=read_order(arguments),
            deployment=read_deployment(arguments),
        )
    return search, search.latest.location


def _find_lack(planner: "SourcePlanner") -> "SourceLack | None":
    """Why the site names no source; None when it names one, or was not asked."""
    from ..content import ContentSearch

    return planner.latest.lack if isinstance(planner, ContentSearch) else None


def _tell_lack(arguments: argparse.Namespace, planner: "SourcePlanner") -> None:
    """Who is about to wait is told what for."""
    is_watched = arguments.format == "text" and sys.stderr.isatty()
    if is_watched and (lack := _find_lack(planner)) is not None and lack.code != CONTENT_UNKNOWN:
        print(f"no source now: {printable(lack.text)} ({lack.rule})", file=sys.stderr)


def _with_lack(error: ContentNotObtainedError, planner: "SourcePlanner") -> ContentNotObtainedError:
    """The same, with why there is none where no source was there to say anything."""
    lack = _find_lack(planner)
    if lack is None or error.report.failures:
        return error
    told = f"{error.message}: {lack.text} ({lack.rule})"
    return ContentNotObtainedError(told, report=error.report, hint=lack.next)
