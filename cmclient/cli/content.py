"""``cmclient content``."""

import argparse
from typing import TYPE_CHECKING

from ..errors import ConfigError, LocateError
from .codes import DONE, NOT_OBTAINED
from .deployment import add_deployment, read_deployment, read_order
from .options import add_facts, add_lab, add_settings
from .render import print_json, show

if TYPE_CHECKING:
    from ..assemble import Run
    from ..config import ClientConfig
    from ..content import ContentSearch
    from ..model.content import ContentReference
    from ..model.sources import ContentLocation

__all__ = ["HELP", "configure", "run"]

HELP = """\
Say where a client here would get content from: it asks a management point, and puts the sources that this names into
the order of the rules, each with the rule that put it there; those that it would not use with the rule against them.
Nothing is downloaded. When there is none, it says why.

A site names more sources as the fallback times of boundary groups pass. --wait asks on as a download would; --data
says these times beforehand. Exit codes: 0 there is a source to use now, 7 there is none; 3 no management point found,
4 none eligible, 5 none answered, 6 trust refused.
"""

_MOST_SECONDS = 7 * 24 * 3600.0  # of --wait: longer than any fallback time


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    from .boundaries.data import add_lenient

    parser.add_argument("id", metavar="ID", help="the content: ABC00001, Content_<guid> or a GUID")
    parser.add_argument("--version", metavar="N", type=int, default=1, help="its version (default 1)")
    parser.add_argument("--kind", choices=("package", "update"), default="package", help="what it is (default package)")
    add_deployment(parser)
    parser.add_argument("--wait", metavar="SECONDS", type=float, default=0.0, help="go on asking so long")
    parser.add_argument("--explain", action="store_true", help="print every rule that decided, as a tree")
    parser.add_argument(
        "--data", metavar="FILE", action="append", help="boundary data of the site, for fallback times and options"
    )
    add_lenient(parser)
    add_lab(parser)
    add_settings(parser)
    add_facts(parser)


def run(arguments: argparse.Namespace) -> int:
    """Locate the content and print."""
    from ..assemble import open_content_locator
    from .progress import show_progress
    from .site import open_settings

    content, deployment = _read_content(arguments), read_deployment(arguments)
    with (
        open_settings(arguments) as (config, run),
        show_progress(),
        open_content_locator(config, _with_data(arguments, run)) as locator,
    ):
        try:
            search = locator.search(content, order=read_order(arguments), deployment=deployment)
            _wait(search, arguments.wait, config)
        except LocateError as error:
            from .unlocated import end_unlocated

            return end_unlocated(arguments, config, run, error)
    found, elapsed = search.latest, arguments.wait
    _print(arguments, found, elapsed)
    return DONE if found.plan.open_at(elapsed) else NOT_OBTAINED


def _read_content(arguments: argparse.Namespace) -> "ContentReference":
    from ..model.content import ContentId, ContentKind, ContentReference

    faults = []
    if arguments.version < 0:
        faults.append(f"--version {arguments.version} is less than 0")
    if not 0 <= arguments.wait <= _MOST_SECONDS:
        faults.append(f"--wait {arguments.wait:g} is not a number of seconds up to {_MOST_SECONDS:g}")
    if faults:
        raise ConfigError(tuple(faults), hint="see 'cmclient content --help'")
    kind = ContentKind.UPDATE if arguments.kind == "update" else ContentKind.PACKAGE
    return ContentReference(ContentId(arguments.id), arguments.version, kind)


def _with_data(arguments: argparse.Namespace, run: "Run") -> "Run":
    """With the boundary data given; of a lab's own data only the options count: its answers say the times."""
    if arguments.data is None:
        return run._replace(times_count=False)
    from .boundaries.data import read_data

    return run._replace(data=read_data(arguments), times_count=True)


def _wait(search: "ContentSearch", seconds: float, config: "ClientConfig") -> None:
    """Go on asking, as a download that finds no source does."""
    from time import monotonic, sleep

    began = monotonic()
    while (elapsed := monotonic() - began) < seconds:
        due = search.latest.plan.ask_again or elapsed + config.content_ask_interval
        sleep(max(0.0, min(due, seconds) - elapsed))
        search.replan(min(monotonic() - began, seconds))


def _print(arguments: argparse.Namespace, found: "ContentLocation", elapsed: float) -> None:
    from .contentviews import content_document, content_items

    if arguments.format == "json":
        print_json(content_document(found, elapsed))
    else:
        show(content_items(found, elapsed, explain=arguments.explain))
