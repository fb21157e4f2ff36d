"""``cmclient doctor``."""

import argparse
from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..rules.explain import Outline
from .codes import DONE, FINDINGS
from .options import add_facts, add_lab, add_settings
from .render import Table, print_json, show

if TYPE_CHECKING:
    from ..model.checkup import Check, Checkup
    from ..model.content import ContentReference

__all__ = ["HELP", "configure", "count_in_words", "name_of", "run"]

HELP = """\
Check from this machine what a client on it depends on: names in DNS, domain controllers, what the site publishes, the
clock, the client certificate, every management point and distribution point that it could use with their certificates,
the fallback status point, the store and its disk, and settings that contradict each other. Each finding says what is
wrong, how sure that is, and what to do.

Nothing is changed, stored or reported. Distribution points are those of the client package, or of --content ID.
Exit codes: 0 nothing is wrong, 9 something is.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--content", metavar="ID", help="ask the distribution points of this content: ABC00001, a GUID")
    parser.add_argument("--version", metavar="N", type=int, default=1, help="its version (default 1)")
    parser.add_argument("--html", metavar="FILE", help="write the result as one web page that needs nothing else")
    parser.add_argument("--force", action="store_true", help="let --html replace a file")
    add_lab(parser)
    add_settings(parser)
    add_facts(parser)


def run(arguments: argparse.Namespace) -> int:
    """Examine and print."""
    from ..assemble_doctor import open_doctor
    from .progress import show_progress
    from .site import open_settings

    content = _read_content(arguments)
    with (
        open_settings(arguments) as (config, run),
        show_progress(),
        open_doctor(config, run, content=content) as doctor,
    ):
        checkup = doctor.examine()
    if arguments.html:
        from .doctorpage import build_page
        from .webpage import write_page

        write_page(arguments.html, build_page(checkup), replace=arguments.force)
    if arguments.format == "json":
        from ..protocol.checkupjson import build_checkup

        print_json(build_checkup(checkup))
    else:
        show(_items(checkup))
    return FINDINGS if checkup.findings else DONE


def _read_content(arguments: argparse.Namespace) -> "ContentReference | None":
    from ..model.content import ContentId, ContentReference

    if arguments.version < 0:
        raise ConfigError((f"--version {arguments.version} is less than 0",), hint="see 'cmclient doctor --help'")
    return None if arguments.content is None else ContentReference(ContentId(arguments.content), arguments.version)


def _items(checkup: "Checkup") -> list[str | Table | Outline]:
    from ..model.checkup import Level

    findings = [_finding(one) for one in checkup.findings]
    rows = tuple((one.level.value, one.area.value, one.about or "-", one.what) for one in checkup.checks)
    good, bad = (
        frozenset(at for at, one in enumerate(checkup.checks) if test(one))
        for test in (lambda one: one.level is Level.OK, lambda one: one.is_finding)
    )
    table = Table("Everything that was looked at", ("result", "area", "which", "what was seen"), rows, good, bad)
    return [count_in_words(checkup), *findings, "", table]


def count_in_words(checkup: "Checkup") -> str:
    """How many checks came to which end, in a line."""
    from ..model.checkup import Level

    counts = {level: sum(one.level is level for one in checkup.checks) for level in Level}
    errors, warnings = counts[Level.ERROR], counts[Level.WARN]
    found = [f"{errors} error{'s' * (errors != 1)}"] * bool(errors)
    found += [f"{warnings} warning{'s' * (warnings != 1)}"] * bool(warnings)
    head = ", ".join(found) or "Nothing is wrong"
    return f"{head}; {counts[Level.OK]} fine, {counts[Level.SKIPPED]} not checked ({checkup.seconds:.1f} s)"


def name_of(check: "Check") -> str:
    """What a check is about, in a line."""
    return f"{check.area.value} {check.about}".rstrip()


def _finding(check: "Check") -> Outline:
    parts = (Outline(check.what), Outline(f"how sure: {check.sure.value}"), Outline(f"what next: {check.do}"))
    return Outline(f"{check.level.value.upper():<5} {name_of(check)}", parts)
