"""``cmclient log``."""

import argparse
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..rules.explain import Outline
from .codes import DONE, FAILED, FINDINGS
from .render import Table, print_json, show

if TYPE_CHECKING:
    from ..model.errorcode import ErrorCode
    from ..model.facts import NetworkFacts
    from ..model.logchecks import LogCheck
    from ..model.story import LogDecision, LogError, LogEvent, LogStory, Quote
    from ..rules.codes import CodeTable
    from ..story import LogFile

__all__ = ["HELP", "check_in_short", "configure", "read_logged_facts", "run", "said_in_short"]

HELP = """\
Read the logs of a client and tell what it decided, which rules explain that, whether our own rules would have decided
the same, and what went wrong. Asks nobody and changes nothing. A folder stands for the logs in it that tell of
locating; parts that were rolled over are read first. Without FILE, the logs of the client on this machine are read.
"""

_Item = str | Table | Outline
_CODE_SCHEMA = "cmclient.log-code/1"
_FEW = 40  # events of the timeline that are printed without --all
_FEW_ERRORS = 20
_FEW_SOURCES = 12
_MOST_SAID = 90  # characters of an event's details in the timeline


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("files", metavar="FILE", nargs="*", help="log files or folders of them; - for standard input")
    parser.add_argument("--errors", action="store_true", help="only warnings and errors, with their meaning; quicker")
    parser.add_argument("--all", action="store_true", help=f"print the whole timeline, not its first {_FEW} lines")
    parser.add_argument(
        "--strict", action="store_true", help="end with code 9 when our rules differ from what the client did"
    )
    parser.add_argument("--html", metavar="FILE", help="write the story as one web page that needs nothing else")
    parser.add_argument("--force", action="store_true", help="let --html replace a file")
    parser.add_argument(
        "--code-page", metavar="NAME", default="cp1252", help="of text that is not UTF-8 (default: cp1252)"
    )
    parser.add_argument("--code", metavar="CODE", help="say what an error code means, in any form, and read no log")
    parser.add_argument("--by", metavar="NAME", help="with --code: the function or component that says it in the log")


def run(arguments: argparse.Namespace) -> int:
    """Read and tell."""
    from ..adapters.packagedata import read_codes
    from ..rules.codes import parse_codes

    codes = parse_codes(read_codes())
    if arguments.code is not None:
        return _explain(arguments, codes)
    if arguments.by is not None:
        raise ConfigError(("--by goes with --code alone",), hint="a log says itself who says a code")
    if arguments.strict and arguments.errors:
        hint = "leave one of them out: --errors looks for no decisions, so there is nothing to hold rules against"
        raise ConfigError(("--strict does not go with --errors",), hint=hint)
    paths = arguments.files or _own_folders()
    _refuse_code(paths[0])
    story = _read(paths, codes, code_page=arguments.code_page, errors_only=arguments.errors)
    if arguments.html:
        from .logpage import build_page
        from .webpage import write_page

        write_page(arguments.html, build_page(story), replace=arguments.force)
    if arguments.format == "json":
        from ..protocol.logjson import build_story

        print_json(build_story(story))
    else:
        show(_items(story, arguments))
    if story.files and all(file.problem for file in story.files):
        return FAILED
    return FINDINGS if arguments.strict and _differences(story) else DONE


def _differences(story: "LogStory") -> int:
    from ..model.logchecks import Agreement

    return sum(check.finding.outcome is Agreement.DIFFERS for check in story.checks)


# --- reading --------------------------------------------------------------------------------------------------------


def read_logged_facts(path: str) -> "NetworkFacts":
    """Read what a log, or a folder of logs, says of the client that wrote it.

    Returns:
        Facts, each with the file and line that it comes from.

    Raises:
        ConfigError: It cannot be opened, or says nothing of a client.
        CmClientError: It cannot be read to its end.
    """
    from ..adapters.packagedata import read_codes
    from ..rules.codes import parse_codes

    facts = _read([path], parse_codes(read_codes())).facts
    if not facts.origins:
        hint = "LocationServices.log names address, AD site and domain when it asks for locations"
        raise ConfigError((f"{path} says nothing of the client that wrote it",), hint=hint)
    return facts


def _read(
    paths: Iterable[str], codes: "CodeTable", *, code_page: str = "cp1252", errors_only: bool = False
) -> "LogStory":
    from ..adapters.packagedata import read_explanations
    from ..protocol.logtext import check_code_page
    from ..rules.logdecisions import parse_explanations
    from ..story import tell_story

    return tell_story(
        _logs(paths),
        codes=codes,
        explanations=parse_explanations(read_explanations()),
        code_page=check_code_page(code_page),
        errors_only=errors_only,
    )


def _refuse_code(path: str) -> None:
    """A code where a file is wanted: say how it is asked for."""
    from ..rules.codes import parse_code_number

    if parse_code_number(path) is not None and not Path(path).exists():
        hint = f"'cmclient log --code {path}' says what the code means"
        raise ConfigError((f"{path} is no file; as an error code it is asked for with --code {path}",), hint=hint)


def _own_folders() -> list[str]:
    """The folders of the client on this machine."""
    from ..rules.clientlogs import log_folders

    windows = os.environ.get("SystemRoot")  # noqa: SIM112 - its name on Windows
    folders = [folder for folder in (log_folders(windows) if windows else ()) if Path(folder).is_dir()]
    if not folders:
        hint = "a client's logs are in C:\\Windows\\CCM\\Logs, those of its setup in C:\\Windows\\ccmsetup\\Logs"
        raise ConfigError(("no log was named, and there is no client on this machine",), hint=hint)
    return folders


def _logs(paths: Iterable[str]) -> "Iterator[list[LogFile]]":
    """The files of each log, the oldest first."""
    from ..adapters.logfiles import list_folder, read_log
    from ..rules.clientlogs import group_parts
    from ..story import LogFile

    single: dict[str, list[str]] = {}
    for path in paths:
        names = list_folder(path)
        if names is None:
            single.setdefault(os.path.dirname(path), []).append(os.path.basename(path))  # noqa: PTH119, PTH120 - keeps "-"
            continue
        for group in group_parts(_telling(path, names)):
            yield [LogFile(name, read_log(str(Path(path) / name))) for name in group]
    for folder, names_there in single.items():
        for group in group_parts(dict.fromkeys(names_there)):
            yield [LogFile(name, read_log(os.path.join(folder, name))) for name in group]  # noqa: PTH118 - keeps "-"


def _telling(folder: str, names: Iterable[str]) -> list[str]:
    from ..rules.clientlogs import find_client_log

    telling = [name for name in names if (log := find_client_log(name)) is not None and log.tells]
    if not telling:
        hint = "name its files if they are logs under other names"
        raise ConfigError((f"{folder} has no log that tells of locating",), hint=hint)
    return telling


# --- telling --------------------------------------------------------------------------------------------------------


def _items(story: "LogStory", arguments: argparse.Namespace) -> Iterator[_Item]:
    yield from (f"note: {note}" for note in story.notes)
    if story.notes:
        yield ""
    if not arguments.errors:
        yield "Decisions" if story.decisions else "Decisions: none in these logs"
        checks = {check.decision: check for check in story.checks}
        yield from (_decision(decision, checks.get(place)) for place, decision in enumerate(story.decisions))
        yield from _summary(story)
        yield ""
        yield from _timeline(story.events, whole=arguments.all)
        yield ""
    yield from _errors(story.errors)
    yield ""
    yield _files(story)


def _summary(story: "LogStory") -> Iterator[str]:
    """How often our rules agree with the client."""
    from ..model.logchecks import Agreement

    if story.checks:
        outcomes = [check.finding.outcome for check in story.checks]
        agreed, differed = outcomes.count(Agreement.AGREES), outcomes.count(Agreement.DIFFERS)
        yield (
            f"Checked against our rules: {agreed} agree{'s' * (agreed == 1)}, {differed} differ{'s' * (differed == 1)},"
            f" {len(outcomes) - agreed - differed} not enough in the log"
        )


def check_in_short(check: "LogCheck") -> str:
    """What came of a check, in one line."""
    finding = check.finding
    said = f"it does not show {'; '.join(finding.missing)}" if finding.missing else finding.why
    return f"{finding.outcome.value}: {said}"


def _check(check: "LogCheck") -> Outline:
    from ..model.logchecks import Agreement

    finding = check.finding
    parts: list[Outline] = []
    if finding.outcome is Agreement.DIFFERS:
        for who, order in (("the client", finding.client), ("our rules", finding.ours)):
            lines = [f"{place}. {one}" for place, one in enumerate(order[:_FEW_SOURCES], 1)] or ["none"]
            parts.append(Outline(who, tuple(map(Outline, lines))))
        if finding.rules:
            parts.append(Outline(f"rules {', '.join(finding.rules)}"))
    return Outline(f"checked: {check_in_short(check)}", tuple(parts))


def _decision(decision: "LogDecision", check: "LogCheck | None") -> Outline:
    from ..model.story import Mood

    sign = {Mood.GOOD: "+", Mood.BAD: "!", Mood.PLAIN: "-"}[decision.mood]
    sources = [
        f"{place}. {source.locality or '?':<10} {source.url}" for place, source in enumerate(decision.sources, 1)
    ]
    if len(sources) > _FEW_SOURCES:
        sources[_FEW_SOURCES:] = [f"and {len(sources) - _FEW_SOURCES} more"]
    lines = [*sources, f"{', '.join(decision.rules)}: {decision.why}"]
    judged = () if check is None else (_check(check),)
    return Outline(
        f"{sign} {decision.what}", (*map(Outline, lines), *judged, *map(Outline, map(_quoted, decision.quotes)))
    )


def _quoted(quote: "Quote") -> str:
    return f"{quote.file}:{quote.line}: {quote.text}"


def _timeline(events: "Sequence[LogEvent]", *, whole: bool) -> Iterator[_Item]:
    from ..model.story import Mood

    shown = events if whole else events[:_FEW]
    rows: tuple[tuple[str, ...], ...] = tuple(
        (
            "" if event.when is None else str(event.when),
            f"{event.quote.file}:{event.quote.line}",
            event.kind.value + (f" x{event.times}" if event.times > 1 else ""),
            said_in_short(event),
        )
        for event in shown
    )
    good, bad = (frozenset(at for at, one in enumerate(shown) if one.mood is mood) for mood in (Mood.GOOD, Mood.BAD))
    headers: tuple[str, ...] = ("time", "line", "what", "says")
    if not any(row[0] for row in rows):  # pasted lines have no time
        headers, rows = headers[1:], tuple(row[1:] for row in rows)
    yield Table("Timeline", headers, rows, good, bad)
    if len(events) > len(shown):
        yield f"  and {len(events) - len(shown)} more; --all prints them"


def said_in_short(event: "LogEvent") -> str:
    """What an event says, in one line; the text of the log where it has no values."""
    said = [f"{name} {value}" for name, value in event.details.items()]
    said += [f"{source.locality} {source.url}".strip() for source in event.sources]
    text = "; ".join(said) or event.quote.text
    return text if len(text) <= _MOST_SAID else f"{text[: _MOST_SAID - 3]}..."


def _errors(errors: "Sequence[LogError]") -> Iterator[_Item]:
    yield f"Errors and warnings ({len(errors)} different)" if errors else "Errors and warnings: none"
    for error in errors[:_FEW_ERRORS]:
        times = f"{error.times} times, last at {error.last.file}:{error.last.line}; " if error.times > 1 else ""
        parts = [Outline(f"{times}first at {_quoted(error.first)}"), *map(_code, error.known)]
        yield Outline(error.what[:_MOST_SAID], tuple(parts))
    if len(errors) > _FEW_ERRORS:
        yield f"  and {len(errors) - _FEW_ERRORS} more; --format json has them all"


def _code(code: "ErrorCode") -> Outline:
    causes = tuple(Outline(f"{place}. {cause}") for place, cause in enumerate(code.told_causes, 1))
    return Outline(f"{code.label}: {code.meaning}", causes)


def _files(story: "LogStory") -> Table:
    rows = tuple(
        (
            file.name,
            f"{file.counts.lines:,}",
            f"{file.counts.size:,}",
            str(file.counts.damaged + file.counts.too_long),
            file.problem or "read",
        )
        for file in story.files
    )
    bad = frozenset(place for place, file in enumerate(story.files) if file.problem or file.counts.damaged)
    return Table("Files", ("file", "lines", "bytes", "damaged", "what"), rows, bad=bad)


def _explain(arguments: argparse.Namespace, codes: "CodeTable") -> int:
    from ..rules.codes import narrow_code

    known = codes.find(arguments.code)
    found = tuple(narrow_code(code, arguments.by or "") for code in known)
    if arguments.format == "json":
        from ..protocol.logjson import build_code

        print_json({"schema": _CODE_SCHEMA, "asked": arguments.code, "known": [build_code(code) for code in found]})
    else:
        show(_code_items(arguments.code, found))
        if found and arguments.by and found == known:
            show([f"  of {arguments.by} in particular nothing is known"])
    return DONE if found else FAILED


def _code_items(asked: str, found: "Sequence[ErrorCode]") -> Iterator[_Item]:
    from ..rules.codes import parse_code_number

    if not found:
        number = parse_code_number(asked)
        written = "" if number is None else f" (0x{number:08x}, {number})"
        yield f"{asked}{written}: nobody has said what this means for a client"
    for code in found:
        yield _code(code)
        if parse_code_number(asked) is not None and asked.strip().lower() not in code.label.lower():
            yield f"  {asked} is the same code, written another way"
        yield f"  known from: {code.source}" + (f"; rules {', '.join(code.rules)}" if code.rules else "")
