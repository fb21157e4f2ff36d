"""Settings in layers: where each value comes from, and everything that is wrong with any of them at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from .errors import ConfigError, InvalidValueError
from .login_settings import find_login_conflicts
from .model.content_id import ContentId
from .model.decision import Phase, Purpose
from .model.directory import DirectorySecurity
from .model.endpoints import Endpoint, InternetAddress, ManagementPoint
from .model.enrollment import PrincipalName
from .model.facts import ClientKind, NetworkLocation
from .model.legacy import DefaultKind, ProfileName, SiteMode
from .model.login import Authentication, DirectoryAuthentication
from .model.names import AdSiteName, DnsDomain, HostName, SiteCode
from .model.proxies import ProxyAddress
from .model.secret import Secret
from .model.settings import ContactMode, MeteredUse, closest_name
from .model.state import ClientId, ReportFormat
from .protocol.setupsources import combine_lines, parse_setup_file
from .protocol.setupvalues import SetupItem, SetupLine
from .settings import SETTINGS, Setting
from .settings_text import printable_setting

__all__ = ["LAYERS", "SETTINGS", "ClientConfig", "Setting", "load_config", "show_config"]

LAYERS: tuple[str, ...] = ("default", "files", "explicit file", "setup line", "environment", "options", "program")
"""Where values come from; a later layer wins over an earlier one."""

_PREFIX = "CMCLIENT_"
_CONFIG_VARIABLE = "CMCLIENT_CONFIG"
_MAX_FILE = 1024 * 1024  # bytes; a settings file has some hundred, so this is a wrong file
_BY_NAME = {setting.name: setting for setting in SETTINGS}


class ClientConfig(NamedTuple):
    """All settings, checked; ``load_config()`` gives one, ``SETTINGS`` says what each means.

    Attributes:
        origins: Where each value came from, for every setting.
    """

    site_code: SiteCode | None
    management_points: tuple[ManagementPoint, ...]
    dns_suffix: DnsDomain | None
    client_kind: ClientKind
    network_location: NetworkLocation | None
    always_internet: bool
    internet_mp: InternetAddress | None
    fallback_gateways: tuple[InternetAddress, ...] | None
    use_gateways: bool
    prefer_cloud: bool
    metered: MeteredUse
    metered_network: bool | None
    roaming_network: bool | None
    use_pki_cert: bool
    client_certificate: str | None
    client_key: str | None
    client_certificate_password_file: str | None
    certificate_criterion: str | None
    certificate_issuers: str | None
    certificate_store: str
    certificate_name_check: bool
    select_first_certificate: bool
    crl_check: bool
    ca_file: str | None
    trusted_root_key: str | None
    trusted_root_key_file: str | None
    reset_trusted_root_key: bool
    trust_env: bool
    proxy: ProxyAddress | None
    allow_http: bool
    http_authentication: Authentication
    http_user: str | None
    http_password_file: str | None
    http_keytab: str | None
    http_port: int
    https_port: int
    http_port_alternative: int | None
    https_port_alternative: int | None
    allowed_mps: tuple[HostName, ...] | None
    client_build: int
    nearby_mps: bool
    software_update_points: tuple[Endpoint, ...]
    software_update_point: HostName | None
    update_source: ContentId | None
    update_source_version: int
    cloud_content: bool
    content_ask_interval: float
    content_connections: int
    content_hosts: int
    content_rate: int | None
    content_stall: float
    enrollment_site: SiteCode | None
    enrollment_proxy: HostName | None
    enrollment_port: int
    enrollment_user: PrincipalName | None
    enrolled_at: datetime | None
    purpose: Purpose
    phase: Phase
    trusted_forests: tuple[DnsDomain, ...] | None
    directory_servers: tuple[str, ...]
    directory_user: str | None
    directory_password: Secret | None
    directory_password_file: str | None
    directory_keytab: str | None
    directory_authentication: DirectoryAuthentication
    directory_security: DirectorySecurity
    directory_ca_file: str | None
    directory_allow_clear_text_bind: bool
    use_global_catalog: bool
    dns_servers: tuple[str, ...]
    bind_address: str | None
    store: str | None
    deadline: float
    connect_timeout: float
    attempt_timeout: float
    directory_timeout: float
    dns_timeout: float
    contact: ContactMode
    race_stagger: float
    race_width: int
    agent_probe_interval: float
    agent_spread: float
    seed: int | None
    fsp: HostName | None
    internet_fsp: HostName | None
    fsp_port: int | None
    report: bool | None
    report_format: ReportFormat
    report_declaration: bool
    report_content_type: str
    report_client_version: bool
    client_id: ClientId | None
    profile: ProfileName
    cm07_mode: SiteMode | None
    cm07_http_roaming: bool
    cm07_locator_point: HostName | None
    cm07_slow_boundaries: tuple[AdSiteName, ...]
    cm07_default_mp: DefaultKind
    setup_mps: tuple[ManagementPoint, ...]
    setup_sources: tuple[str, ...]
    setup_retry: float
    setup_timeout: float
    setup_line: SetupLine | None
    origins: Mapping[str, str]


class _Given(NamedTuple):
    """A value of a setting, checked, and where it stood."""

    name: str
    value: object
    origin: str


def load_config(
    *,
    files: Sequence[tuple[str, Path]] = (),
    explicit_file: Path | None = None,
    setup_line: str | None = None,
    environ: Mapping[str, str] = {},
    options: Mapping[str, object] = {},
    option_names: Mapping[str, str] = {},
    overrides: Mapping[str, object] = {},
) -> ClientConfig:
    """Put the settings of all layers together; the last layer that names a setting wins (``LAYERS``).

    Reads the given files and nothing else: files that settings name, such as ``directory_password_file``, stay
    unopened.

    Args:
        files: What to call a file, such as ``user file``, and where it is; weakest first. A file may be missing.
        explicit_file: A file that must exist. Without it ``CMCLIENT_CONFIG`` may name one.
        setup_line: A ccmsetup line; wins over one in the setting ``setup_line``.
        environ: The environment. ``CMCLIENT_`` and a name in upper case sets it; empty means not set.
        options: Options of a command line by setting name; None means not given.
        option_names: What an option is called, by setting name, where it is not ``--`` and the name of the setting.
        overrides: Values from a program by setting name; final types are taken too, and None where the default is None.

    Returns:
        Every setting with its origin.

    Raises:
        ConfigError: Unknown names, values that cannot be, files that cannot be read, settings that contradict each
            other. Everything that is wrong in any layer is in it, also in values that another layer replaces.
    """
    faults = _Faults()
    layers: dict[str, list[_Given]] = {layer: [] for layer in LAYERS}
    layers["default"] = [_Given(setting.name, setting.default, "default") for setting in SETTINGS]
    for label, path in files:
        layers["files"] += _from_file(path, f"{label} {path}", faults, must_exist=False)
    layers["explicit file"] = _from_explicit_file(explicit_file, environ, faults)
    layers["environment"] = _from_environment(environ, faults)
    layers["options"] = _from_options(options, option_names, faults)
    layers["program"] = _from_program(overrides, faults)
    if setup_line is not None:
        layers["program"] += faults.checked("setup_line", setup_line, "option --setup-line")
    from_line = _from_setup_line(layers, faults)
    layers["setup line"] = from_line[1:]

    last = {given.name: given for layer in LAYERS for given in layers[layer]}
    last |= {given.name: given for given in from_line[:1]}  # the line itself, put together from several
    faults.add_contradictions(last)
    if faults.texts:
        raise ConfigError(tuple(dict.fromkeys(faults.texts)))
    values: dict[str, Any] = {name: given.value for name, given in last.items()}
    return ClientConfig(**values, origins={name: last[name].origin for name in _BY_NAME})


class _Faults:
    """Collects what is wrong while the layers are read."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._names: set[str] = set()

    def checked(self, name: str, raw: object, origin: str) -> list[_Given]:
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
        return [_Given(name, value, origin)]

    def _add(self, name: str, origin: str, problem: str) -> None:
        self._names.add(name)
        self.texts.append(f"{name} ({origin}): {problem}")

    def unknown(self, name: str, known: Iterable[str], where: str) -> None:
        """A name that no setting has."""
        closest = closest_name(name, known)
        hint = f"; did you mean {closest}?" if closest else ""
        self.texts.append(f"{name[:64]!r} ({where}): there is no such setting{hint}")

    def add_contradictions(self, last: Mapping[str, _Given]) -> None:
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


def _from_file(path: Path, origin: str, faults: _Faults, *, must_exist: bool) -> list[_Given]:
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


def _from_toml(raw: bytes, origin: str, faults: _Faults) -> list[_Given]:
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


def _from_explicit_file(path: Path | None, environ: Mapping[str, str], faults: _Faults) -> list[_Given]:
    if path is not None:
        return _from_file(path, f"config file {path}", faults, must_exist=True)
    named = environ.get(_CONFIG_VARIABLE)
    if not named:
        return []
    return _from_file(Path(named), f"config file {named} ({_CONFIG_VARIABLE})", faults, must_exist=True)


def _from_environment(environ: Mapping[str, str], faults: _Faults) -> list[_Given]:
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


def _from_options(options: Mapping[str, object], called: Mapping[str, str], faults: _Faults) -> list[_Given]:
    found = []
    for name, value in options.items():
        option = called.get(name, f"--{name.replace('_', '-')}")
        if name not in _BY_NAME:
            faults.unknown(name, _BY_NAME, f"option {option}")
        elif value is not None:
            found += faults.checked(name, value, f"option {option}")
    return found


def _from_program(overrides: Mapping[str, object], faults: _Faults) -> list[_Given]:
    found = []
    for name, value in overrides.items():
        if name not in _BY_NAME:
            faults.unknown(name, _BY_NAME, "program")
        elif value is None and _BY_NAME[name].default is None:
            found.append(_Given(name, None, "program"))
        else:
            found += faults.checked(name, value, "program")
    return found


def _from_setup_line(layers: Mapping[str, list[_Given]], faults: _Faults) -> list[_Given]:
    """Settings that the line in force names. A line with faults is never in force."""
    given_lines = [given for layer in LAYERS for given in layers[layer] if given.name == "setup_line"]
    lines = [given.value for given in given_lines if isinstance(given.value, SetupLine)]
    line = combine_lines(lines)
    if line is None or line.faults:
        return []
    from .setup_settings import read_setup_settings  # noqa: PLC0415 - most runs have no line

    line = line._replace(items=_from_setup_file(line, given_lines[-1].origin, faults) + line.items)
    found = [_Given("setup_line", line, given_lines[-1].origin)]
    return found + [_Given(name, value, f"setup line {said}") for name, value, said in read_setup_settings(line)]


def _from_setup_file(line: SetupLine, origin: str, faults: _Faults) -> tuple[SetupItem, ...]:
    """The properties in the file that ``/config`` names; those of the line itself win over them."""
    name = line.find("/config")
    if name is None:
        return ()
    try:
        with Path(name).open("rb") as file:
            read = parse_setup_file(file.read(_MAX_FILE))
    except (OSError, ValueError, InvalidValueError) as error:
        problem = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        faults.texts.append(f"setup_line ({origin}): the file of /config cannot be used: {problem}")
        return ()
    faults.texts += [f"setup_line ({origin}): the file of /config: {fault}" for fault in read.faults]
    return () if read.faults else read.items


def show_config(config: ClientConfig) -> tuple[tuple[str, str, str], ...]:
    """Every setting for a person, in the order of ``SETTINGS``.

    Returns:
        Name, value and origin of each. Secrets are masked; ``not set`` stands for None, ``none`` for an empty list.
    """
    return tuple(
        (setting.name, printable_setting(getattr(config, setting.name)), config.origins[setting.name])
        for setting in SETTINGS
    )
