"""The manual page, made from the parsers of the commands; ``python tests/docpages.py`` writes it."""

import argparse
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from commandline_parsers import Command, commands

from cmclient._version import __version__

EXIT_CODES = (
    (0, "done"),
    (1, "failed, for a reason that is said"),
    (2, "usage: options or settings are wrong"),
    (3, "no management point found"),
    (4, "management points found, none eligible"),
    (5, "none reachable"),
    (6, "trust refused by, or of, all of them"),
    (7, "content not obtained; of `content`: there is no source to use now"),
    (8, "messages left in the queue: `report flush`"),
    (9, "findings: `doctor`, `boundaries check`, `setup-line check`, `log --strict`; `replay` differs"),
    (70, "a bug in cmclient"),
    (130, "interrupted"),
)

_WIDTH = 80
_SHARED = 3  # a group of options that so many commands have is told once

_FILES = (
    ("/etc/xdg/cmclient/config.toml", "Settings of the machine."),
    ("~/.config/cmclient/config.toml", "Settings of the user; they win over those of the machine."),
    (
        "~/.local/state/cmclient/store.sqlite3",
        "What is kept between runs: the management points, waiting reports.",
    ),
)

_ENVIRONMENT = (
    ("CMCLIENT_CONFIG", "One more settings file, read after the two below."),
    ("CMCLIENT_NAME", "The setting NAME, in upper case, such as CMCLIENT_SITE_CODE; wins over every file."),
    ("NO_COLOR", "No colours in what is printed."),
)

_EXAMPLES = (
    ("cmclient locate --lab", "Try it without a site"),
    ("cmclient locate --explain", "The management point that a client here would use, with every rule that decided"),
    ("cmclient locate --format json", "The same as one document, for a script"),
    ("cmclient doctor", "What is wrong here, how sure that is, and what to do"),
    ("cmclient log --code 0x87d00215", "What an error code means"),
)


def manual_page() -> str:
    """The page in roff, with the macros of man."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    held = tuple(commands())
    shared = _shared_groups(held)
    yield '.\\" made by tests/docpages.py; do not edit'
    yield f'.TH CMCLIENT 1 "" "cmclient {__version__}" "User Commands"'
    yield from (".nh", ".ad l")  # a name that is broken at its hyphen cannot be copied
    yield ".SH NAME"
    yield "cmclient \\- find the site systems of Configuration Manager, and say why"
    yield ".SH SYNOPSIS"
    yield "\\fBcmclient\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR ..."
    yield ".SH DESCRIPTION"
    yield from _prose(
        "Finds what a client on this machine would use, from the machine's own facts: Active Directory, DNS, the "
        "stored list, and what the site answers. Every candidate is ranked or rejected, each with the rule that did "
        "it.\n\nIt locates; it never registers a client, reads policy, or works around a server's authentication."
        "\n\nOptions may stand before or after the command. \\fBcmclient COMMAND --help\\fR tells of one command."
    )
    yield ".SH COMMANDS"
    for command in held:
        yield from _command(command, shared)
    yield ".SH COMMON OPTIONS"
    for title, lines in shared.items():
        yield f".SS {_quoted(_title(title))}"
        yield from lines
    yield from _list("EXIT STATUS", [(str(code), meaning.replace("`", "") + ".") for code, meaning in EXIT_CODES])
    yield from _list("ENVIRONMENT", _ENVIRONMENT)
    yield from _list("FILES", _FILES)
    yield from _list("EXAMPLES", [(line, f"{meaning}.") for line, meaning in _EXAMPLES])


def _shared_groups(held: Sequence[Command]) -> dict[str, tuple[str, ...]]:
    """The groups that many commands have in the same words, by title."""
    groups = [
        (group.title or "", tuple(_group(command.parser, group)))
        for command in held
        if command.parser is not None
        for group in command.parser._action_groups[2:]  # after the positional ones and those without a title
    ]
    return {title: lines for (title, lines), times in Counter(groups).items() if times >= _SHARED}


def _command(command: Command, shared: dict[str, tuple[str, ...]]) -> Iterator[str]:
    parser = command.parser
    yield f".SS {_quoted(' '.join(('cmclient', *command.words, *(_operands(parser) if parser else ('ACTION',)))))}"
    yield from _prose(command.text)
    if parser is None:
        return
    also: list[str] = []
    for group in parser._action_groups:
        lines = tuple(_group(parser, group))
        if shared.get(group.title or "") == lines:
            also.append(_title(group.title or ""))
        else:
            yield from lines
    if also:
        yield ".PP"
        yield from _filled(f"Common options: {', '.join(also)}.")


def _operands(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield "[OPTIONS]"
    for action in parser._get_positional_actions():
        name = _value(action)
        yield {None: name, "?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} ..."}[action.nargs]  # type: ignore[index]


def _group(parser: argparse.ArgumentParser | None, group: argparse._ArgumentGroup) -> Iterator[str]:
    assert parser is not None
    for action in group._group_actions:
        if action.help is argparse.SUPPRESS:
            continue
        yield ".TP"
        value = f"\\fI{_escaped(_value(action))}\\fR"
        names = ", ".join(f"\\fB{_escaped(name)}\\fR" for name in action.option_strings)
        yield f"{names} {value}" if names and action.nargs != 0 else names or value
        yield from _filled(parser._get_formatter()._expand_help(action))


def _value(action: argparse.Action) -> str:
    if action.metavar is None and action.choices is not None:
        return "|".join(action.choices)
    return str(action.metavar or action.dest.upper())


def _title(title: str) -> str:
    """The title of a group without its remark: what follows in brackets or after a colon."""
    return re.split(r"\s*[(:]", title)[0]


def _list(title: str, rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield f".SH {title}"
    for name, meaning in rows:
        yield from (".TP", f"\\fB{_escaped(name)}\\fR", *_filled(meaning))


def _prose(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number:
            yield ".PP"
        yield from _filled(paragraph)


def _filled(text: str) -> Iterator[str]:
    r"""Lines of a paragraph; none begins with what roff takes for a request: \& is nothing, and in the way."""
    for line in textwrap.wrap(_escaped(text), _WIDTH, break_long_words=False, break_on_hyphens=False):
        yield f"\\&{line}" if line.startswith((".", "'")) else line


def _escaped(text: str) -> str:
    """Text of ours in roff; font changes that stand in it stay."""
    kept = re.sub(r"\\(?!f[BIR])", r"\\e", text)
    for plain, roff in (("-", r"\-"), ("'", r"\(aq"), ("`", r"\(ga"), ("^", r"\(ha"), ("~", r"\(ti")):
        kept = kept.replace(plain, roff)
    return kept


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'
