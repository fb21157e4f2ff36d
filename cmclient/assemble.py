"""The composition root: puts the parts together from settings. The only module that imports adapters, when needed."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from .config import ClientConfig, load_config
from .errors import ConfigError
from .locate import Locator
from .model.certificates import ClientCertificate
from .model.decision import Location
from .model.directory import DirectoryCredentials
from .model.facts import NetworkFacts
from .model.http import Deadline
from .model.names import HostName
from .model.secret import Secret
from .ports import Clock, DirectoryService, DomainControllerPing, FactsSource, NameService, Store, Transport
from .rules.choose import SeededChooser

__all__ = [
    "FixedFacts",
    "GivenFacts",
    "Run",
    "config_files",
    "default_store",
    "load_settings",
    "locate",
    "open_locator",
]

Resolve = Callable[[HostName, Deadline], Sequence[str]]
_PASSWORD_CAP = 4096  # bytes; a password file is a line, not a device that never ends


class Run(NamedTuple):
    """How one run differs from what the settings say.

    Attributes:
        offline: Use the stored list and ask nobody.
        writes: Whether the store may be written; False for a what-if.
        facts: Facts given in place of this machine's; None for this machine.
        replaced: Single facts given by hand, by name; what is None or empty is unknown, and found out where it can be.
        remembers: Whether what is stored on this machine counts; not for the facts of another one.
    """

    offline: bool = False
    writes: bool = True
    facts: NetworkFacts | None = None
    replaced: Mapping[str, object] = {}
    remembers: bool = True


class GivenFacts:
    """Facts of a machine with some of them replaced by what was given by hand."""

    def __init__(self, inner: FactsSource, replaced: Mapping[str, object], origin: str = "given") -> None:
        self._inner = inner
        self._replaced = dict(replaced)
        self._origin = origin

    def read(self) -> NetworkFacts:
        """Read the inner facts, then replace.

        Raises:
            FactsError: The machine could not be asked at all.
        """
        facts = self._inner.read()
        known = {name for name, value in self._replaced.items() if value not in (None, ())}
        kept = {name: origin for name, origin in facts.origins.items() if name not in self._replaced}
        origins = kept | dict.fromkeys(known, self._origin)
        if "adapters" in self._replaced and "ad_site" not in known:
            origins["ad_site"] = "not known: it follows from the address, and that was given"
        return facts._replace(**self._replaced, origins=origins)  # type: ignore[arg-type] # keys are names of fields


class FixedFacts:
    """Facts that do not come from this machine."""

    def __init__(self, facts: NetworkFacts) -> None:
        self._facts = facts

    def read(self) -> NetworkFacts:
        """The facts."""
        return self._facts


def config_files() -> tuple[tuple[str, Path], ...]:
    """The settings files of this machine and of this user, whether they exist or not."""
    import platformdirs

    return (
        ("machine file", Path(platformdirs.site_config_dir("cmclient", appauthor=False)) / "config.toml"),
        ("user file", Path(platformdirs.user_config_dir("cmclient", appauthor=False)) / "config.toml"),
    )


def default_store() -> Path:
    """Where the store is when no setting says otherwise: machine-wide for root, else the user's."""
    import platformdirs

    is_root = sys.platform != "win32" and os.geteuid() == 0
    folder = platformdirs.site_data_dir if is_root else platformdirs.user_state_dir
    return Path(folder("cmclient", appauthor=False)) / "store.sqlite3"


def load_settings(
    *,
    explicit_file: Path | None = None,
    setup_line: str | None = None,
    options: Mapping[str, object] = {},
    option_names: Mapping[str, str] = {},
) -> ClientConfig:
    """Load the settings of this machine and user, with the environment; ``load_config`` says what the arguments are.

    Raises:
        ConfigError: Something in them is wrong; all faults at once.
    """
    return load_config(
        files=config_files(),
        explicit_file=explicit_file,
        setup_line=setup_line,
        environ=dict(os.environ),
        options=options,
        option_names=option_names,
    )


class _Lazy:
    """A port that comes into being when it is first used: what a run does not need costs it no import."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        with self._lock:
            if self._made is None:
                self._made = self._make()
        return getattr(self._made, name)

    def close(self) -> None:
        """Close the port if it came into being and can be closed."""
        close = getattr(self._made, "close", None)
        if close is not None:
            close()


@contextmanager
def open_locator(config: ClientConfig, run: Run | None = None) -> Iterator[Locator]:
    """A locator on the real world, closed at the end.

    Args:
        config: The settings.
        run: How this run differs from them; None when it does not.

    Raises:
        ConfigError: A file that a setting names cannot be read.
    """
    from .adapters.clock import SystemClock, fresh_seed

    run = run or Run()
    clock = SystemClock()
    if not run.offline:
        _require_authorities(config)
    credentials = _credentials(config)
    with ExitStack() as stack:

        def lazy(make: Callable[[], Any]) -> Any:  # noqa: ANN401 - stands for any port
            port = _Lazy(make)
            stack.callback(port.close)
            return port

        names: NameService = lazy(lambda: _name_service(config))
        # Host names go through our own DNS only where DNS servers are set: else the system knows hosts files and more.
        resolve = names.resolve_host if config.dns_servers else None
        yield Locator(
            config,
            facts=_facts(run, lazy(_system_facts)),
            directory=lazy(lambda: _directory(config, credentials, resolve)),
            controllers=lazy(lambda: _controllers(config, resolve)),
            names=names,
            transport=lazy(lambda: _transport(config, resolve)),
            store=lazy(lambda: _store(config, stack, run)),
            clock=clock,
            chooser=SeededChooser(fresh_seed() if config.seed is None else config.seed),
            certificate=_certificate(config, clock),
            offline=run.offline,
        )


def locate(config: ClientConfig | None = None) -> Location:
    """Locate the management point that a client with these settings would use on this machine.

    Args:
        config: The settings; None for those of this machine and user.

    Returns:
        The location; ``chosen`` is the management point.

    Raises:
        LocateError: None was located; holds the whole Location.
        ConfigError: A setting is wrong.
        FactsError: The machine could not be asked at all.
    """
    with open_locator(config or load_settings()) as locator:
        return locator.locate()


def _require_authorities(config: ClientConfig) -> None:
    """Check the certificates to trust before anybody is asked: a fault of ours is no fault of a server."""
    faults = []
    for name in ("ca_file", "directory_ca_file"):
        path = getattr(config, name)
        if path is None or Path(path).is_dir():
            continue
        import ssl

        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except OSError as error:
            problem = "there is no such file" if isinstance(error, FileNotFoundError) else f"it holds none: {error}"
            faults.append(f"{name} ({config.origins[name]}): no certificates can be read from {path}: {problem}")
    if faults:
        raise ConfigError(tuple(faults))


def _facts(run: Run, system: FactsSource) -> FactsSource:
    source = system if run.facts is None else FixedFacts(run.facts)
    return GivenFacts(source, run.replaced) if run.replaced else source


def _system_facts() -> FactsSource:
    from .adapters.facts import system_facts

    return system_facts()


def _name_service(config: ClientConfig) -> NameService:
    from .adapters.dns import DnsNameService

    return DnsNameService(config.dns_servers, attempt_timeout=config.dns_timeout)


def _controllers(config: ClientConfig, resolve: Resolve | None) -> DomainControllerPing:
    from .adapters.cldap import CldapPing

    return CldapPing(source_address=config.bind_address, resolve=resolve)


def _directory(
    config: ClientConfig, credentials: DirectoryCredentials | None, resolve: Resolve | None
) -> DirectoryService:
    from .adapters.ldap import LdapDirectory

    return LdapDirectory(
        credentials=credentials,
        security=config.directory_security,
        ca_file=config.directory_ca_file or config.ca_file,
        connect_timeout=config.connect_timeout,
        allow_clear_text_bind=config.directory_allow_clear_text_bind,
        source_address=config.bind_address,
        resolve=resolve,
    )


def _transport(config: ClientConfig, resolve: Resolve | None) -> Transport:
    from .adapters.http import RequestsTransport

    pair = None
    if config.use_pki_cert and config.client_certificate:
        pair = (config.client_certificate, config.client_key or config.client_certificate)
    return RequestsTransport(
        ca_file=config.ca_file,
        client_certificate=pair,
        trust_env=config.trust_env,
        resolve=resolve,
        source_address=config.bind_address,
    )


def _store(config: ClientConfig, stack: ExitStack, run: Run) -> Store:
    from .adapters.memory_store import MemoryStore, ReadOnlyStore
    from .adapters.store import SqliteStore

    if not run.remembers:
        return MemoryStore()
    path = Path(config.store) if config.store else default_store()
    store = stack.enter_context(SqliteStore(path, read_only=not run.writes))
    return store if run.writes else ReadOnlyStore(store)


def _certificate(config: ClientConfig, clock: Clock) -> ClientCertificate | None:
    if not (config.use_pki_cert and config.client_certificate):
        return None
    from .adapters.certs import read_client_certificate

    key = config.client_key or config.client_certificate
    return read_client_certificate(config.client_certificate, key, clock.now())


def _credentials(config: ClientConfig) -> DirectoryCredentials | None:
    if config.directory_user is None:
        return None
    password = config.directory_password or _read_password(config)
    if password is None:
        raise ConfigError(("directory_user is set and no password: set directory_password_file",))
    return DirectoryCredentials(config.directory_user, password)


def _read_password(config: ClientConfig) -> Secret | None:
    if config.directory_password_file is None:
        return None
    try:
        with Path(config.directory_password_file).open("rb") as file:
            text = file.read(_PASSWORD_CAP).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        fault = f"directory_password_file {config.directory_password_file} cannot be read: {error}"
        raise ConfigError((fault,)) from error
    return Secret(text[0]) if text else None
