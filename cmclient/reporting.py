"""Whether a client reports, as whom and how patiently: what its settings and facts say about reporting."""

from typing import TYPE_CHECKING, NamedTuple

from .config import ClientConfig
from .model.decision import Reason
from .model.facts import NetworkFacts
from .model.names import HostName, SiteCode
from .model.reports import Reporting
from .model.state import ClientIdentity, ClientVersion
from .rules.fsp import FspNames, find_reporting
from .rules.metered import MeteredAction, find_metered_bar

if TYPE_CHECKING:
    from .protocol.statexml import ReportStyle

__all__ = ["SendLimits", "decide_reporting", "fsp_names", "identity_of", "limits_of", "style_of", "with_site"]


class SendLimits(NamedTuple):
    """How patient sending is.

    Attributes:
        connect_timeout: Seconds to a connection.
        attempt_timeout: Seconds to a whole answer to one report.
    """

    connect_timeout: float = 5.0
    attempt_timeout: float = 15.0


def decide_reporting(
    config: ClientConfig, facts: NetworkFacts, *, published: HostName | None = None, what_if: bool = False
) -> Reporting:
    """Decide whether a client reports, and to which fallback status point.

    Args:
        config: The settings.
        facts: What is known of the client.
        published: The fallback status point that the client's site names in the directory; None when none is known.
        what_if: Whether facts were given by hand, or nobody is to be asked.
    """
    names = fsp_names(config, published=published)
    reporting = find_reporting(facts, names, wish=config.report, what_if=what_if)
    bar = find_metered_bar(config.metered, facts, MeteredAction.STATE_MESSAGES)
    return Reporting(None, bar) if reporting.is_on and bar is not None else reporting


def with_site(reporting: Reporting, identity: ClientIdentity) -> Reporting:
    """Switch reporting off for a client whose site is not known.

    A report without a site may be refused again and again, and hold up all that wait behind it.
    """
    if not reporting.is_on or identity.site is not None:
        return reporting
    return Reporting(None, Reason("", "no site is known, and a report without one may be refused; set site_code"))


def fsp_names(config: ClientConfig, *, published: HostName | None = None) -> FspNames:
    """Names of fallback status points in the settings, and the one that the directory names."""
    return FspNames(
        given=config.fsp,
        given_detail=config.origins.get("fsp", ""),
        internet=config.internet_fsp,
        internet_detail=config.origins.get("internet_fsp", ""),
        published=published,
        port=config.fsp_port or config.http_port,
    )


def identity_of(config: ClientConfig, facts: NetworkFacts, *, site: SiteCode | None = None) -> ClientIdentity:
    """What a client says of itself in a report.

    Args:
        config: The settings.
        facts: What is known of the client.
        site: The site that it is assigned to; None for the one that the settings or an installed client name.
    """
    adapters = sorted(facts.adapters, key=lambda one: one.is_vpn is True)  # of a VPN only where there is nothing else
    return ClientIdentity(
        host=facts.host,
        version=_version_of(config, facts),
        client_id=config.client_id or facts.client_id,
        mac=next((one.hardware_address for one in adapters if one.hardware_address is not None), None),
        ad_site=facts.ad_site,
        site=site or config.site_code or facts.assigned_site,
    )


def _version_of(config: ClientConfig, facts: NetworkFacts) -> ClientVersion:
    """That of the installed client, unless somebody set the build number."""
    if facts.client_version is not None and config.origins.get("client_build", "default") == "default":
        return facts.client_version
    return ClientVersion(f"5.00.{config.client_build}.1000")


def style_of(config: ClientConfig) -> "ReportStyle":
    """What the settings say about the uncertain parts of a report."""
    from .protocol.statexml import ReportStyle

    return ReportStyle(
        config.report_format,
        has_declaration=config.report_declaration,
        content_type=config.report_content_type,
        version_first=config.report_client_version,
    )


def limits_of(config: ClientConfig) -> SendLimits:
    """How patient the settings are."""
    return SendLimits(config.connect_timeout, config.attempt_timeout)
