"""Facts of this machine: what it knows itself, what was given by hand, and what a domain controller says."""

import logging
from collections.abc import Container
from typing import NamedTuple

from .config import ClientConfig
from .errors import CmClientError
from .model.decision import Reason
from .model.directory import DirectoryServer
from .model.facts import DomainController, NetworkFacts, NetworkLocation
from .model.http import Deadline
from .model.names import HostName, parse_port
from .model.network import LocationJudgement, SetupChange
from .ports import DomainControllerPing, FactsSource, NameService
from .protocol.setupsources import counts_existing_first
from .rules.mplist import find_directory_bar
from .rules.network import judge_changes, judge_location, weigh_facts
from .world import World

__all__ = ["gather_facts", "parse_server", "read_facts"]

_log = logging.getLogger(__name__)
_PINGED = 5  # domain controllers asked before giving up: a domain may publish hundreds
_PING_SECONDS = 2.0
_SETTINGS_THAT_ARE_FACTS = (
    "client_kind",
    "always_internet",
    "network_location",
    "trusted_forests",
    "allowed_mps",
    "metered_network",
    "roaming_network",
    "internet_mp",
    "fallback_gateways",
)
_CLEARED_BY_NOTHING = {"internet_mp"}  # an empty text takes away what the machine says (NET-020)
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
) -> tuple[NetworkFacts, LocationJudgement]:
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
        The facts with their origins, and the judgement of the network location by what is known so far.

    Raises:
        FactsError: The machine could not be asked at all.
    """
    machine = source.read()
    refused = _refused_changes(machine, config)
    facts = _with_settings(machine, config, kept={change.setting for change in refused})
    evidence = weigh_facts(facts, has_internet_mp=facts.internet_mp is not None)
    before = judge_location(evidence)
    if before.location is NetworkLocation.INTERNET:  # known before anybody is asked, and says who may be
        facts = _located(facts, before)
    if not offline and not facts.domain_controllers:
        found = _find_controller(config, facts, names, controllers, deadline.half())
        facts = _with_controller(facts, found.controller)
        evidence = evidence._replace(dns_answered=found.dns_answered)
    hosts = tuple(one.host for one in facts.domain_controllers)
    judgement = judge_location(evidence._replace(controllers=hosts))
    if offline and judgement.location is NetworkLocation.UNKNOWN:
        judgement = judgement._replace(reasons=(Reason("NET-006", "offline, so nobody was asked"),))
    reasons = judgement.reasons + tuple(change.reason for change in refused)
    return _located(facts, judgement), judgement._replace(reasons=reasons)


def read_facts(
    config: ClientConfig, world: World, deadline: Deadline, *, offline: bool = False
) -> tuple[NetworkFacts, LocationJudgement]:
    """``gather_facts`` with the ports of a world; its arguments and errors are those."""
    return gather_facts(
        config,
        source=world.facts,
        names=world.names,
        controllers=world.controllers,
        deadline=deadline,
        offline=offline,
    )


def _located(facts: NetworkFacts, judgement: LocationJudgement) -> NetworkFacts:
    """The facts with the location as judged; where that was said already, by whom is kept."""
    if judgement.location is facts.network_location is not NetworkLocation.UNKNOWN:
        return facts
    return facts.learn(judgement.reason.text, network_location=judgement.location)


def _refused_changes(machine: NetworkFacts, config: ClientConfig) -> tuple[SetupChange, ...]:
    """What the settings want of an installed client that it does not take."""
    said = config.origins.get("always_internet", "default") != "default"
    wanted = config.always_internet if said else machine.always_internet
    changes = judge_changes(installed_always=machine.always_internet, wanted_always=wanted)
    return tuple(change for change in changes if not change.allowed)


class _Search(NamedTuple):
    """What came of looking for a domain controller."""

    controller: DomainController | None = None
    dns_answered: bool = False


def _with_settings(facts: NetworkFacts, config: ClientConfig, *, kept: Container[str]) -> NetworkFacts:
    """Take over what the settings say; a default says nothing, and what is to be kept stays."""
    existing_first = counts_existing_first(config.setup_line)
    for name in _SETTINGS_THAT_ARE_FACTS:
        origin = config.origins.get(name, "default")
        if (
            origin != "default"
            and (getattr(config, name) is not None or name in _CLEARED_BY_NOTHING)
            and name not in kept
            and not facts.origins.get(name, "").startswith("given")
            and not (existing_first and name in facts.origins and origin.startswith("setup line"))
        ):
            facts = facts.learn(origin, **{name: getattr(config, name)})
    return facts


def _find_controller(
    config: ClientConfig,
    facts: NetworkFacts,
    names: NameService,
    controllers: DomainControllerPing,
    deadline: Deadline,
) -> _Search:
    """Ping domain controllers in order until one answers; nobody when the rules forbid it."""
    bar = find_directory_bar(facts, is_controller_known=True)
    if bar is not None or facts.domain is None:
        _log.debug("no domain controller is asked: %s", bar.text if bar else "no domain", extra={"event": "dc.skipped"})
        return _Search()
    from .protocol.srv import domain_controller_query_name, read_directory_servers

    try:
        servers = tuple(parse_server(text) for text in config.directory_servers) or read_directory_servers(
            names.resolve_srv(domain_controller_query_name(facts.domain), deadline.within(2 * config.dns_timeout)),
            is_global_catalog=False,
        )
    except CmClientError as error:
        _log.info("no domain controller found: %s", error.message, extra={"event": "dc.lookup-failed"})
        return _Search()
    dns_answered = bool(servers) and not config.directory_servers
    for server in servers[:_PINGED]:
        try:
            answer = controllers.ping(server, facts.domain, deadline.within(_PING_SECONDS))
        except CmClientError as error:
            _log.info("%s did not answer: %s", server.host, error.message, extra={"event": "dc.silent"})
            continue
        if answer is not None:
            return _Search(answer, dns_answered)
    return _Search(None, dns_answered)


def _with_controller(facts: NetworkFacts, answer: DomainController | None) -> NetworkFacts:
    if answer is None:
        return facts
    origin = f"domain controller {answer.host}"
    found: dict[str, object] = {"domain_controllers": (answer,)}
    if facts.forest is None:
        found["forest"] = answer.forest
    if facts.ad_site is None and "ad_site" not in facts.origins and answer.client_site is not None:
        found["ad_site"] = answer.client_site
    return facts.learn(origin, **found)
