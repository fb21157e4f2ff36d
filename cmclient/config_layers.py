"""Layers of settings, read one by one; what is wrong with any value is collected, and hides nothing else."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from .errors import InvalidValueError
from .login_settings import find_login_conflicts
from .model.directory import DirectorySecurity
from .model.settings import closest_name
from .protocol.setupsources import combine_lines, parse_setup_file
from .protocol.setupvalues import SetupItem, SetupLine
from .settings import SETTINGS

__all__ = [
    "LAYERS",
    "Faults",
    "Given",
    "from_environment",
    "from_explicit_file",
    "from_file",
    "from_options",
    "from_program",
    "from_setup_line",
]

LAYERS: tuple[str, ...] = ("default", "files", "explicit file", "setup line", "environment", "options", "program")
"""Where values come from; a later layer wins over an earlier one."""

_PREFIX = "CMCLIENT_"
_CONFIG_VARIABLE = "CMCLIENT_CONFIG"
_MAX_FILE = 1024 * 1024  # bytes; a settings file has some hundred, so this is a wrong file
_BY_NAME = {setting.name: setting for setting in SETTINGS}


class Given(NamedTuple):
    """A value of a setting, checked, and where it stood."""

    name: str
    value: object
    origin: str


class Faults:
    """Collects what is wrong while the layers are read."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._names: set[str] = set()

    def checked(self, name: str, raw: object, origin: str) -> list[Given]:
        """The value as given, in a list; none when it cannot be one."""
        try:
            value = _BY_NAME[name].parse(raw)
        except InvalidValueError as error:
            self._add(name, origin, error.message)
            return []
        if isinstance(value, SetupLine):
            for fault in value.faults:
                self._add(name, origin, fault)
            if value.faults:
                return []
        return [Given(name, value, origin)]

    def _add(self, name: str, origin: str, problem: str) -> None:
        self._names.add(name)
        self.texts.append(f"{name} ({origin}): {problem}")

    def unknown(self, name: str, known: Iterable[str], where: str) -> None:
        """A name that no setting has."""
        closest = closest_name(name, known)
        hint = f"; did you mean {closest}?" if closest else ""
        self.texts.append(f"{name[:64]!r} ({where}): there is no such setting{hint}")

    def add_contradictions(self, last: Mapping[str, Given]) -> None:
        """Settings that are right alone and wrong together; one with a fault of its own is left out."""

        def is_set(name: str) -> bool:
            return last[name].value not in (None, False)

        clear = last["directory_security"].value is DirectorySecurity.CLEAR
        for names, wrong, problem in (
            (
                ("client_key", "client_certificate"),
                is_set("client_key") and not is_set("client_certificate"),
                "there is no client_certificate that it belongs to",
            ),
            (
                ("client_certificate_password_file", "client_certificate"),
                is_set("client_certificate_password_file") and not is_set("client_certificate"),
                "there is no client_certificate that it opens",
            ),
            (
                ("directory_password", "directory_password_file"),
                is_set("directory_password") and is_set("directory_password_file"),
                "directory_password_file is set as well; give one of them",
            ),
            *find_login_conflicts({name: given.value for name, given in last.items()}),
            (
                ("directory_security", "directory_user", "directory_allow_clear_text_bind"),
                clear and is_set("directory_user") and not is_set("directory_allow_clear_text_bind"),
                "the password would cross the network unprotected; set directory_allow_clear_text_bind to allow that",
            ),
        ):
            if wrong and not self._names.intersection(names):
                self._add(names[0], last[names[0]].origin, problem)


def from_file(path: Path, origin: str, faults: Faults, *, must_exist: bool) -> list[Given]:
    """What a settings file says; a missing one says nothing, or is a fault where it must be there."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        if must_exist:
            faults.texts.append(f"{origin}: there is no such file")
        return []
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        faults.texts.append(f"{origin}: it cannot be read: {getattr(error, 'strerror', None) or error}")
        return []
    if len(raw) > _MAX_FILE:
        faults.texts.append(f"{origin}: it has more than {_MAX_FILE} bytes, so it is no settings file")
        return []
    return _from_toml(raw, origin, faults)


def _from_toml(raw: bytes, origin: str, faults: Faults) -> list[Given]:
    import tomllib  # noqa: PLC0415 - most runs read no file

    try:
        document = tomllib.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # ValueError: no TOML, no UTF-8, or a number of thousands of digits
        faults.texts.append(f"{origin}: it is no TOML: {error}")
        return []
    found = []
    for name, value in document.items():
        if name in _BY_NAME:
            found += faults.checked(name, value, origin)
        else:
            faults.unknown(name, _BY_NAME, origin)
    return found


def from_explicit_file(path: Path | None, environ: Mapping[str, str], faults: Faults) -> list[Given]:
    """What the file says that somebody named, by an option or in the environment."""
    if path is not None:
        return from_file(path, f"config file {path}", faults, must_exist=True)
    named = environ.get(_CONFIG_VARIABLE)
    if not named:
        return []
    return from_file(Path(named), f"config file {named} ({_CONFIG_VARIABLE})", faults, must_exist=True)


def from_environment(environ: Mapping[str, str], faults: Faults) -> list[Given]:
    """What variables say whose names begin with ``CMCLIENT_``."""
    variables = {_PREFIX + name.upper(): name for name in _BY_NAME}
    found = []
    for variable, text in sorted(environ.items()):
        if not variable.startswith(_PREFIX) or variable == _CONFIG_VARIABLE:
            continue
        if variable not in variables:
            faults.unknown(variable, (*variables, _CONFIG_VARIABLE), "environment")
        elif text:
            found += faults.checked(variables[variable], text, variable)
    return found


def from_options(options: Mapping[str, object], called: Mapping[str, str], faults: Faults) -> list[Given]:
    """What options say; see ``load_config`` for the arguments."""
    found = []
    for name, value in options.items():
        option = called.get(name, f"--{name.replace('_', '-')}")
        if name not in _BY_NAME:
            faults.unknown(name, _BY_NAME, f"option {option}")
        elif value is not None:
            found += faults.checked(name, value, f"option {option}")
    return found


def from_program(overrides: Mapping[str, object], faults: Faults) -> list[Given]:
    """What a program says; None is taken where the default is None."""
    found = []
    for name, value in overrides.items():
        if name not in _BY_NAME:
            faults.unknown(name, _BY_NAME, "program")
        elif value is None and _BY_NAME[name].default is None:
            found.append(Given(name, None, "program"))
        else:
            found += faults.checked(name, value, "program")
    return found


def from_setup_line(layers: Mapping[str, list[Given]], faults: Faults) -> list[Given]:
    """Settings that the line in force names. A line with faults is never in force."""
    given_lines = [given for layer in LAYERS for given in layers[layer] if given.name == "setup_line"]
    lines = [given.value for given in given_lines if isinstance(given.value, SetupLine)]
    line = combine_lines(lines)
    if line is None or line.faults:
        return []
    from .setup_settings import read_setup_settings  # noqa: PLC0415 - most runs have no line

    line = line._replace(items=_from_setup_file(line, given_lines[-1].origin, faults) + line.items)
    found = [Given("setup_line", line, given_lines[-1].origin)]
    return found + [Given(name, value, f"setup line {said}") for name, value, said in read_setup_settings(line)]


def _from_setup_file(line: SetupLine, origin: str, faults: Faults) -> tuple[SetupItem, ...]:
    """The properties in the file that ``/config`` names; those of the line itself win over them."""
    name = line.find("/config")
    if name is None:
        return ()
    try:
        with Path(name).open("rb") as file:
            raw = file.read(_MAX_FILE + 1)
        too_large = f"it has more than {_MAX_FILE} bytes, so it is no such file" if len(raw) > _MAX_FILE else ""
        read = SetupLine((), (too_large,)) if too_large else parse_setup_file(raw)
    except (OSError, ValueError, InvalidValueError) as error:
        problem = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        faults.texts.append(f"setup_line ({origin}): the file of /config cannot be used: {problem}")
        return ()
    faults.texts += [f"setup_line ({origin}): the file of /config: {fault}" for fault in read.faults]
    return () if read.faults else read.items
