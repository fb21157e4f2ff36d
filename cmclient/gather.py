"""Facts of this machine: what it knows itself, what was given by hand, and what a domain controller says."""

import logging

from .config import ClientConfig
from .errors import CmClientError
from .model.decision import Reason
from .model.directory import DirectoryServer
from .model.facts import DomainController, NetworkFacts, NetworkLocation
from .model.http import Deadline
from .model.names import HostName, parse_port
from .ports import DomainControllerPing, FactsSource, NameService
from .protocol.srv import domain_controller_query_name, read_directory_servers
from .rules.mplist import find_directory_bar
from .rules.network import find_location

__all__ = ["gather_facts", "parse_server"]

_log = logging.getLogger(__name__)
_PINGED = 5  # domain controllers asked before giving up: a domain may publish hundreds
_PING_SECONDS = 2.0
_SETTINGS_THAT_ARE_FACTS = ("client_kind", "always_internet", "network_location", "trusted_forests", "allowed_mps")
_LDAP_PORT = 389
_DOMAIN_PORTS = {389, 636}
_GLOBAL_CATALOG_PORT = 3268


def parse_server(text: str, *, wants_global_catalog: bool = False) -> DirectoryServer:
    """Read ``HOST`` or ``HOST:PORT`` of a directory server.

    Args:
        text: The server. A domain controller's own port (389, 636) is never taken for a global catalog.
        wants_global_catalog: Ask its global catalog; decides the port when none is given.

    Raises:
        InvalidValueError: The host or the port cannot be one.
    """
    host, _, given = text.partition(":")
    usual = _GLOBAL_CATALOG_PORT if wants_global_catalog else _LDAP_PORT
    port = parse_port(given) if given else usual
    return DirectoryServer(HostName(host), port, is_global_catalog=wants_global_catalog and port not in _DOMAIN_PORTS)


def gather_facts(
    config: ClientConfig,
    *,
    source: FactsSource,
    names: NameService,
    controllers: DomainControllerPing,
    deadline: Deadline,
    offline: bool = False,
) -> tuple[NetworkFacts, Reason]:
    """Gather what is to be known about this machine.

    Forest and AD site come from the first domain controller that answers a netlogon ping; a fact that is known
    already (given by hand, or read from the machine) is kept.

    Args:
        config: Settings that are facts as well: client kind, internet only, network location, trusted forests.
        source: This machine, or the facts given in its place.
        names: DNS, to find domain controllers.
        controllers: The ping.
        deadline: The end of waiting; domain controllers get half of what is left.
        offline: Ask nobody.

    Returns:
        The facts with their origins, and why the network location is what it is.

    Raises:
        FactsError: The machine could not be asked at all.
    """
    facts = _with_settings(source.read(), config)
    if not offline and not facts.domain_controllers:
        facts = _with_controller(facts, _find_controller(config, facts, names, controllers, deadline.half()))
    if offline and facts.network_location is NetworkLocation.UNKNOWN:
        return facts, Reason("NET-006", "offline, so nobody was asked")
    given = None if facts.network_location is NetworkLocation.UNKNOWN else facts.network_location
    location, reason = find_location(facts, given=given)
    if given is None:
        facts = _replace(facts, {"network_location": location}, reason.text)
    return facts, reason


def _replace(facts: NetworkFacts, values: dict[str, object], origin: str) -> NetworkFacts:
    origins = {**facts.origins, **dict.fromkeys(values, origin)}
    return facts._replace(**values, origins=origins)  # type: ignore[arg-type] # names of fields, checked by tests


def _with_settings(facts: NetworkFacts, config: ClientConfig) -> NetworkFacts:
    """Take over what the settings say; a default says nothing."""
    for name in _SETTINGS_THAT_ARE_FACTS:
        origin = config.origins.get(name, "default")
        if (
            origin != "default"
            and getattr(config, name) is not None
            and not facts.origins.get(name, "").startswith("given")
        ):
            facts = _replace(facts, {name: getattr(config, name)}, origin)
    if facts.always_internet:
        facts = _replace(facts, {"network_location": NetworkLocation.INTERNET}, "set up for the internet only")
    return facts


def _find_controller(
    config: ClientConfig,
    facts: NetworkFacts,
    names: NameService,
    controllers: DomainControllerPing,
    deadline: Deadline,
) -> DomainController | None:
    """Ping domain controllers in order until one answers; None when the rules forbid it or none does."""
    bar = find_directory_bar(facts, is_controller_known=True)
    if bar is not None or facts.domain is None:
        _log.debug("no domain controller is asked: %s", bar.text if bar else "no domain", extra={"event": "dc.skipped"})
        return None
    try:
        servers = tuple(parse_server(text) for text in config.directory_servers) or read_directory_servers(
            names.resolve_srv(domain_controller_query_name(facts.domain), deadline.within(2 * config.dns_timeout)),
            is_global_catalog=False,
        )
    except CmClientError as error:
        _log.info("no domain controller found: %s", error.message, extra={"event": "dc.lookup-failed"})
        return None
    for server in servers[:_PINGED]:
        try:
            answer = controllers.ping(server, facts.domain, deadline.within(_PING_SECONDS))
        except CmClientError as error:
            _log.info("%s did not answer: %s", server.host, error.message, extra={"event": "dc.silent"})
            continue
        if answer is not None:
            return answer
    return None


def _with_controller(facts: NetworkFacts, answer: DomainController | None) -> NetworkFacts:
    if answer is None:
        return facts
    origin = f"domain controller {answer.host}"
    found: dict[str, object] = {"domain_controllers": (answer,)}
    if facts.forest is None:
        found["forest"] = answer.forest
    if facts.ad_site is None and "ad_site" not in facts.origins and answer.client_site is not None:
        found["ad_site"] = answer.client_site
    return _replace(facts, found, origin)
