"""Options that several commands share, and how they become settings and facts."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..model.facts import Adapter, ClientKind, Membership, NetworkFacts, parse_address
from ..model.names import AdSiteName, DnsDomain

if TYPE_CHECKING:
    from ..assemble import Run
    from ..config import ClientConfig

__all__ = ["add_facts", "add_lab", "add_lab_description", "add_output", "add_settings", "read_run", "read_settings"]

_SETTINGS_THAT_ARE_FACTS = {
    "client_kind",
    "network_location",
    "always_internet",
    "trusted_forests",
    "allowed_mps",
    "metered_network",
    "roaming_network",
    "profile",  # no fact, and still: what would a client of the other product do?
}

# Options that are settings under the same name.
_SETTING_OPTIONS = ("site_code", "dns_suffix", "purpose", "phase", "store", "deadline", "seed")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has."""
    group = parser.add_argument_group("output")
    group.add_argument("--format", choices=("text", "json"), default="text", help="how results are printed")
    group.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="warning", help="on standard error"
    )
    group.add_argument("--log-format", choices=("text", "json", "cmtrace"), default="text", help="of those lines")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options that are settings."""
    group = parser.add_argument_group("settings ('cmclient config show' has all of them)")
    group.add_argument("--config", metavar="FILE", help="settings file, besides those of the machine and the user")
    group.add_argument("--setup-line", metavar="LINE", help="a ccmsetup line, such as '/UsePKICert SMSMP=mp1'")
    group.add_argument("--site-code", metavar="ABC", help="the assigned site (SMSSITECODE)")
    group.add_argument("--mp", metavar="[https://]HOST", action="append", help="a management point (SMSMP); repeatable")
    group.add_argument("--dns-suffix", metavar="DOMAIN", help="domain to look up in DNS (DNSSUFFIX)")
    group.add_argument("--purpose", metavar="WHAT", help="policy (default), location or registration")
    group.add_argument("--phase", metavar="PHASE", help="registered (default), installing or task-sequence")
    group.add_argument("--store", metavar="FILE", help="where the MP list is kept between runs")
    group.add_argument("--deadline", metavar="SECONDS", help="the longest that all may take (default 30)")
    group.add_argument("--seed", metavar="N", help="makes random choices repeatable")
    group.add_argument("--no-report", action="store_true", help="send nothing to a fallback status point")
    group.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="any other setting; repeatable")


def add_lab(parser: argparse.ArgumentParser) -> None:
    """Add the options that put a lab in place of the real site."""
    group = parser.add_argument_group("lab")
    group.add_argument("--lab", action="store_true", help="against a small site on this machine, started and stopped")
    add_lab_description(group)


def add_lab_description(parser: argparse._ActionsContainer) -> None:
    """Add the options that say what the lab is like."""
    parser.add_argument("--lab-file", metavar="FILE", help="describe the site in a TOML file of yours")
    parser.add_argument(
        "--lab-fault",
        metavar="ROLE[:NAME]=FAULT",
        action="append",
        default=[],
        help="break something in it, as in mp=refuse or mp:mp1=slow:3; repeatable",
    )


def add_facts(parser: argparse.ArgumentParser) -> None:
    """Add the options that give a fact by hand; with one of them nothing is stored and nothing reported."""
    group = parser.add_argument_group("facts given by hand: what would that machine do? (changes nothing here)")
    whole = group.add_mutually_exclusive_group()
    whole.add_argument("--facts", metavar="FILE", help="facts of another machine, as 'facts --format json' prints them")
    whole.add_argument("--facts-from", metavar="LOG", help="what a client's log, or a folder of its logs, says of it")
    group.add_argument("--domain", metavar="NAME", help="its domain; '' for a workgroup")
    group.add_argument("--forest", metavar="NAME", help="its forest")
    group.add_argument("--ad-site", metavar="NAME", help="its AD site")
    group.add_argument("--address", metavar="ADDR/PREFIX", action="append", help="an address of it; repeatable")
    group.add_argument("--client-kind", choices=[kind.value for kind in ClientKind], help="the kind of client")


def read_settings(arguments: argparse.Namespace, lab_file: Path | None = None) -> "ClientConfig":
    """Load the settings that the options ask for.

    Args:
        arguments: With the options of ``add_settings``.
        lab_file: Settings file of a lab; then no other file and no environment of this machine has a say.

    Raises:
        ConfigError: A setting is wrong.
    """
    options: dict[str, object] = {
        name: value for name in _SETTING_OPTIONS if (value := getattr(arguments, name)) is not None
    }
    called: dict[str, str] = {}
    if arguments.mp:
        options["management_points"], called["management_points"] = ";".join(arguments.mp), "--mp"
    if getattr(arguments, "source", None):
        options["setup_sources"], called["setup_sources"] = arguments.source, "--source"
    if arguments.no_report:
        options["report"], called["report"] = False, "--no-report"
    for text in arguments.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError((f"--set {text!r} is not NAME=VALUE",))
        setting = name.strip().replace("-", "_")
        options[setting], called[setting] = value, "--set"
    if lab_file is not None:
        from ..config import load_config

        files = (("lab", lab_file),)
        return load_config(files=files, setup_line=arguments.setup_line, options=options, option_names=called)
    from ..assemble import load_settings

    explicit = Path(arguments.config) if arguments.config else None
    line = arguments.setup_line
    return load_settings(explicit_file=explicit, setup_line=line, options=options, option_names=called)


def read_run(
    arguments: argparse.Namespace, config: "ClientConfig", *, facts: NetworkFacts | None = None, offline: bool = False
) -> "Run":
    """What the options say about this run.

    Args:
        arguments: With the options of ``add_facts``.
        config: The settings; one that is a fact and comes from the command line is a fact given by hand.
        facts: Facts in place of this machine's, before options replace single ones.
        offline: Ask nobody.

    Raises:
        InvalidValueError: A fact cannot be one.
        ConfigError: The facts file or the log cannot be read, or holds no facts.
    """
    from ..assemble import Run
    from .factsfile import read_facts
    from .prompt import ask_http_password

    replaced = _replaced_facts(arguments)
    sources = ("option", "setup line") if arguments.setup_line else ("option",)
    is_set = any(config.origins[name].startswith(sources) for name in _SETTINGS_THAT_ARE_FACTS)
    is_another = arguments.facts is not None or arguments.facts_from is not None
    if arguments.facts is not None:
        facts = read_facts(arguments.facts)
    elif arguments.facts_from is not None:
        from .log import read_logged_facts

        facts = read_logged_facts(arguments.facts_from)
    return Run(
        offline=offline,
        writes=not (replaced or is_set or is_another or offline),
        facts=facts,
        replaced=replaced,
        remembers=not is_another and arguments.domain is None,
        http_password=None if offline else ask_http_password(config),
    )


def _replaced_facts(arguments: argparse.Namespace) -> dict[str, Any]:
    replaced: dict[str, Any] = {}
    if arguments.domain is not None:
        domain = arguments.domain.strip()
        replaced["domain"] = DnsDomain(domain) if domain else None
        replaced["membership"] = Membership.DOMAIN if domain else Membership.WORKGROUP
        # What belongs to the domain that this machine is in belongs to that one no longer.
        replaced |= {"forest": None, "ad_site": None, "trusted_forests": (), "domain_controllers": ()}
    if arguments.forest is not None:
        replaced["forest"] = DnsDomain(arguments.forest)
    if arguments.address:
        addresses = tuple(parse_address(text) for text in arguments.address)
        replaced["adapters"] = (Adapter("given", addresses=addresses),)
        # The AD site follows from the address; a domain controller tells that of this machine's own one.
        replaced["ad_site"] = None
    if arguments.ad_site is not None:
        replaced["ad_site"] = AdSiteName(arguments.ad_site)
    if arguments.client_kind is not None:
        replaced["client_kind"] = ClientKind(arguments.client_kind)
    return replaced
