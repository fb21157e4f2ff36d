"""Where client setup takes its properties from: the command line, what was provisioned, a file, the directory.

Who wins is not a matter of single values: any property on the command line puts what was provisioned aside as a whole,
and any property at all keeps setup from reading the directory.
"""

from collections.abc import Sequence
from enum import Enum

from ..errors import InvalidValueError
from ..model.decision import Reason
from ..model.rule import decides
from .setupvalues import SetupItem, SetupKind, SetupLine

__all__ = [
    "SettingSource",
    "combine_lines",
    "counts_existing_first",
    "find_published_bar",
    "parse_setup_file",
    "rank_setting_sources",
]

_SECTION, _KEY, _FIXED = "[client install]", "install", "install=all"
_DEFAULT_ORDER = "PU"
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


class SettingSource(Enum):
    """Where an installation looks for settings; the value is the letter in ``SMSCONFIGSOURCE``."""

    REGISTRY = "R"
    COMMAND_LINE = "P"
    OLDER_CLIENT = "M"
    INSTALLED_CLIENT = "U"


@decides("AD-016")
def combine_lines(lines: Sequence[SetupLine]) -> SetupLine | None:
    """The line in force.

    Args:
        lines: Those that were given, the weakest first: what was provisioned in a settings file stands before what is
            on the command line.

    Returns:
        The last one. Where it has parameters only, the properties of the last one before it that has any count too;
        an empty one puts them aside. None when there is none.
    """
    if not lines:
        return None
    line = lines[-1]
    if _properties(line) or not line.items:
        return line
    provisioned = next((found for one in reversed(lines[:-1]) if (found := _properties(one))), ())
    return line._replace(items=(*provisioned, *line.items))


def _properties(line: SetupLine) -> tuple[SetupItem, ...]:
    return tuple(item for item in line.items if item.kind is not SetupKind.PARAMETER)


@decides("AD-015", "AD-019")
def find_published_bar(line: SetupLine | None) -> Reason | None:
    """Why setup does not read the properties that a site publishes; None when it does.

    Args:
        line: The line in force, with what was provisioned.
    """
    given = () if line is None else _properties(line)
    if not given:
        return None
    return Reason("AD-015", f"what the site publishes for installation is not read: {given[0].name} was given")


@decides("IP-059", "CI-034")
def rank_setting_sources(line: SetupLine | None) -> tuple[SettingSource, ...]:
    """In which order settings are looked for: what comes first wins.

    Args:
        line: The line in force; None for none.

    Returns:
        As ``SMSCONFIGSOURCE`` says, each once; without it the command line, then the settings of the installed client.
    """
    said = (line.find("SMSCONFIGSOURCE") if line is not None else None) or _DEFAULT_ORDER
    return tuple(dict.fromkeys(SettingSource(letter) for letter in said.upper()))


def counts_existing_first(line: SetupLine | None) -> bool:
    """Whether what an installed client has on record wins over the properties of the line."""
    return rank_setting_sources(line)[0] is not SettingSource.COMMAND_LINE


@decides("IP-086")
def parse_setup_file(raw: bytes) -> SetupLine:
    """Read the file of ``/config``: properties after ``Install=INSTALL=ALL`` in the section ``[Client Install]``.

    Args:
        raw: Its bytes; UTF-8 unless a mark at the beginning says UTF-16.

    Returns:
        Its properties, with what is wrong with them.

    Raises:
        InvalidValueError: It has no such section or line, or is no text.
    """
    what = "setup file"
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidValueError(what, "", "it is neither UTF-8 nor UTF-16") from error
    inside = False
    for each in text.splitlines():
        line = each.strip()
        if line.startswith("["):
            inside = line.casefold() == _SECTION
            continue
        key, _, value = line.partition("=")
        if inside and key.strip().casefold() == _KEY:
            return _read_properties(value.strip())
    raise InvalidValueError(what, "", "it has no line Install=INSTALL=ALL in the section [Client Install]")


def _read_properties(value: str) -> SetupLine:
    head, _, rest = value.partition(" ")
    if head.casefold() != _FIXED:
        raise InvalidValueError("setup file", "", "the properties follow the words Install=INSTALL=ALL")
    from .setupline import parse_setup_line  # noqa: PLC0415 - most runs have no line

    line = parse_setup_line(rest)
    parameters = tuple(
        f"{item.name} is a parameter: the file takes properties only"
        for item in line.items
        if item.kind is SetupKind.PARAMETER
    )
    return line._replace(faults=line.faults + parameters)
