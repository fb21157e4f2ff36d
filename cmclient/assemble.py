"""The composition root: puts the parts together from settings. It and its parts alone import adapters, when needed."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .assemble_login import build_directory, find_http_logins, read_directory_credentials
from .assemble_rootkey import with_root_key
from .assemble_trust import Resolve, build_transport, find_own_certificate, require_authorities
from .config import ClientConfig, load_config
from .deferred import Deferred
from .locator import Locator
from .model.decision import Location
from .model.facts import NetworkFacts
from .model.secret import Secret
from .ports import DomainControllerPing, FactsSource, NameService, SignatureVerifier, Store, WinsService
from .rules.choose import SeededChooser
from .world import World

if TYPE_CHECKING:
    from .assign import Assigner
    from .content import ContentLocator
    from .model.groups import SiteData
    from .roles import RoleLocator
    from .scans import UpdateScans

__all__ = [
    "FixedFacts",
    "GivenFacts",
    "Run",
    "config_files",
    "default_store",
    "load_settings",
    "locate",
    "open_assigner",
    "open_chooser",
    "open_content_locator",
    "open_locator",
    "open_ports",
    "open_role_locator",
    "open_store",
    "open_update_scans",
    "store_path",
]


class Run(NamedTuple):
    """How one run differs from what the settings say.

    Attributes:
        offline: Use the stored list and ask nobody.
        writes: Whether the store may be written; False for a what-if.
        facts: Facts given in place of this machine's; None for this machine.
        replaced: Single facts given by hand, by name; what is None or empty is unknown, and found out where it can be.
        remembers: Whether what is stored on this machine counts; not for the facts of another one.
        data: What the site knows of boundaries and servers, where somebody says it; roles without a message need it.
        times_count: Whether the fallback times of the data say when content may come from where; else the site does.
        http_password: The password of ``http_user``, where a person gave it; None for none.
        lasts: Whether what is stored outlives the run; it does not in a lab without a store of its own.
        wins: Who looks up names in WINS; None for nobody, since cmclient cannot.
    """

    offline: bool = False
    writes: bool = True
    facts: NetworkFacts | None = None
    replaced: Mapping[str, object] = {}
    remembers: bool = True
    data: "SiteData | None" = None
    times_count: bool = True
    http_password: Secret | None = None
    lasts: bool = True
    wins: WinsService | None = None


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
    if is_root and sys.platform == "linux":
        return Path("/var/lib/cmclient/store.sqlite3")  # where the agent's unit has it, too
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


@contextmanager
def open_locator(config: ClientConfig, run: Run | None = None) -> Iterator[Locator]:
    """A locator on the real world, closed at the end.

    Args:
        config: The settings.
        run: How this run differs from them; None when it does not.

    Raises:
        ConfigError: A file that a setting names cannot be read.
    """
    run = run or Run()
    with open_ports(config, run) as world:
        verifier = Deferred(_site_signatures)
        yield Locator(with_root_key(config), offline=run.offline, verifier=verifier, **world._asdict())


@contextmanager
def open_role_locator(config: ClientConfig, run: Run | None = None) -> "Iterator[RoleLocator]":
    """A locator of servers of other roles on the real world, closed at the end.

    Args:
        config: The settings.
        run: How this run differs from them; None when it does not.

    Raises:
        ConfigError: A file that a setting names cannot be read.
    """
    from .roles import RoleLocator

    run = run or Run()
    with open_ports(config, run) as world:
        yield RoleLocator(with_root_key(config), world, offline=run.offline, data=run.data)


@contextmanager
def open_content_locator(config: ClientConfig, run: Run | None = None) -> "Iterator[ContentLocator]":
    """A locator of content on the real world, closed at the end.

    Args:
        config: The settings.
        run: How this run differs from them; None when it does not. Its data say the options of boundary groups.

    Raises:
        ConfigError: A file that a setting names cannot be read.
    """
    from .adapters.shares import opens_shares
    from .content import ContentLocator, SiteKnowledge

    run = run or Run()
    knowledge = SiteKnowledge(run.data, run.times_count)
    with open_ports(config, run) as world:
        yield ContentLocator(with_root_key(config), world, knowledge=knowledge, opens_shares=opens_shares())


@contextmanager
def open_update_scans(config: ClientConfig | None = None) -> "Iterator[UpdateScans]":
    """What is remembered of scans for updates in the store of these settings, closed at the end.

    Args:
        config: The settings; None for those of this machine and user.
    """
    from .adapters.clock import SystemClock
    from .scans import UpdateScans

    with ExitStack() as stack:
        yield UpdateScans(open_store(config or load_settings(), Run(), stack), SystemClock())


@contextmanager
def open_assigner(config: ClientConfig, run: Run | None = None) -> "Iterator[Assigner]":
    """An assigner on the real world, closed at the end.

    Args:
        config: The settings.
        run: How this run differs from them; None when it does not.

    Raises:
        ConfigError: A file that a setting names cannot be read.
    """
    from .assign import Assigner

    with open_ports(config, run or Run()) as world:
        yield Assigner(with_root_key(config), world)


@contextmanager
def open_ports(config: ClientConfig, run: Run) -> Iterator[World]:
    """What every workflow that looks for something needs from the world."""
    from .adapters.clock import SystemClock

    clock = SystemClock()
    if not run.offline:
        require_authorities(config)
    credentials = read_directory_credentials(config)
    own = find_own_certificate(config, computer=None if run.facts is None else run.facts.host, now=clock.now())
    crls = store_path(config).with_name("crls") if run.remembers else None
    with ExitStack() as stack:

        def lazy(make: Callable[[], Any]) -> Any:  # noqa: ANN401 - stands for any port
            port = Deferred(make)
            stack.callback(port.close)
            return port

        names: NameService = lazy(lambda: _name_service(config))
        # Host names go through our own DNS only where DNS servers are set: else the system knows hosts files and more.
        resolve = names.resolve_host if config.dns_servers else None
        facts = _facts(run, lazy(_system_facts))
        logins = find_http_logins(
            config, lambda: facts.read().membership, has_certificate=own is not None, password=run.http_password
        )
        yield World(
            facts=facts,
            directory=lazy(lambda: build_directory(config, credentials, resolve)),
            controllers=lazy(lambda: _controllers(config, resolve)),
            names=names,
            transport=lazy(lambda: build_transport(config, own, resolve, logins, crls=crls, writes=run.writes)),
            store=lazy(lambda: open_store(config, run, stack)),
            clock=clock,
            chooser=open_chooser(config),
            certificate=None if own is None else own.described,
            wins=run.wins,
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


def open_chooser(config: ClientConfig) -> SeededChooser:
    """Chance, with the seed of the settings; without one, with one that nobody can foretell."""
    from .adapters.clock import fresh_seed

    return SeededChooser(fresh_seed() if config.seed is None else config.seed)


def _facts(run: Run, system: FactsSource) -> FactsSource:
    source = system if run.facts is None else FixedFacts(run.facts)
    return GivenFacts(source, run.replaced) if run.replaced else source


def _system_facts() -> FactsSource:
    from .adapters.facts import system_facts

    return system_facts()


def _site_signatures() -> SignatureVerifier:
    from .adapters.site_signatures import SiteSignatures

    return SiteSignatures()


def _name_service(config: ClientConfig) -> NameService:
    from .adapters.dns import DnsNameService
    from .loading import load_meanwhile

    load_meanwhile("cmclient.adapters.http")  # who asks DNS asks a server next

    return DnsNameService(config.dns_servers, attempt_timeout=config.dns_timeout)


def _controllers(config: ClientConfig, resolve: Resolve | None) -> DomainControllerPing:
    from .adapters.cldap import CldapPing

    return CldapPing(source_address=config.bind_address, resolve=resolve)


def open_store(config: ClientConfig, run: Run, stack: ExitStack) -> Store:
    """The store as a run may use it; closed with the stack."""
    from .adapters.memory_store import MemoryStore, ReadOnlyStore
    from .adapters.store import SqliteStore

    if not run.remembers:
        return MemoryStore()
    store = stack.enter_context(SqliteStore(store_path(config), read_only=not run.writes))
    return store if run.writes else ReadOnlyStore(store)


def store_path(config: ClientConfig) -> Path:
    """Where the store of these settings is."""
    return Path(config.store) if config.store else default_store()
