"""All settings as one value: where each comes from, and everything that is wrong with any of them at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from .config_layers import (
    LAYERS,
    Faults,
    Given,
    from_environment,
    from_explicit_file,
    from_file,
    from_options,
    from_program,
    from_setup_line,
)
from .errors import ConfigError
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
from .model.settings import ContactMode, MeteredUse
from .model.state import ClientId, ReportFormat
from .protocol.setupvalues import SetupLine
from .settings import SETTINGS, Setting
from .settings_text import printable_setting

__all__ = ["LAYERS", "SETTINGS", "ClientConfig", "Setting", "load_config", "show_config"]


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
    wins_lookup: bool
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
    setup_newest: bool
    setup_line: SetupLine | None
    origins: Mapping[str, str]


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
    faults = Faults()
    layers: dict[str, list[Given]] = {layer: [] for layer in LAYERS}
    layers["default"] = [Given(setting.name, setting.default, "default") for setting in SETTINGS]
    for label, path in files:
        layers["files"] += from_file(path, f"{label} {path}", faults, must_exist=False)
    layers["explicit file"] = from_explicit_file(explicit_file, environ, faults)
    layers["environment"] = from_environment(environ, faults)
    layers["options"] = from_options(options, option_names, faults)
    layers["program"] = from_program(overrides, faults)
    if setup_line is not None:
        layers["program"] += faults.checked("setup_line", setup_line, "option --setup-line")
    from_line = from_setup_line(layers, faults)
    layers["setup line"] = from_line[1:]

    last = {given.name: given for layer in LAYERS for given in layers[layer]}
    last |= {given.name: given for given in from_line[:1]}  # the line itself, put together from several
    faults.add_contradictions(last)
    if faults.texts:
        raise ConfigError(tuple(dict.fromkeys(faults.texts)))
    values: dict[str, Any] = {name: given.value for name, given in last.items()}
    return ClientConfig(**values, origins={name: given.origin for name, given in last.items()})


def show_config(config: ClientConfig) -> tuple[tuple[str, str, str], ...]:
    """Every setting for a person, in the order of ``SETTINGS``.

    Returns:
        Name, value and origin of each. Secrets are masked; ``not set`` stands for None, ``none`` for an empty list.
    """
    return tuple(
        (setting.name, printable_setting(getattr(config, setting.name)), config.origins[setting.name])
        for setting in SETTINGS
    )
