"""Which fallback status point a client reports to, and whether it reports at all."""

from collections.abc import Iterable
from typing import NamedTuple

from ..model.decision import Reason
from ..model.directory import PublishedFsp
from ..model.endpoints import Endpoint, Scheme
from ..model.facts import ClientKind, NetworkFacts, NetworkLocation
from ..model.names import HostName, SiteCode
from ..model.reports import FallbackStatusPoint, FspSource, Reporting
from ..model.rule import decides

__all__ = ["FspNames", "choose_fsp", "find_reporting"]

_WITHOUT_FSP = {
    ClientKind.MAC: "a Mac",
    ClientKind.MOBILE: "a mobile device that Configuration Manager enrolled",
    ClientKind.MDM: "a device under on-premises device management",
    ClientKind.EXCHANGE: "a device of the Exchange connector",
}


class FspNames(NamedTuple):
    """Names of fallback status points besides those that the facts have of an installed client.

    Attributes:
        given: By a setting or the setup line.
        given_detail: Where that stood, for a person.
        internet: By a setting, for a client on the internet.
        internet_detail: Where that stood.
        published: By the client's site in the directory, the first one installed.
        port: On which it listens.
    """

    given: HostName | None = None
    given_detail: str = ""
    internet: HostName | None = None
    internet_detail: str = ""
    published: HostName | None = None
    port: int = 80


@decides("FS-008")
def find_reporting(facts: NetworkFacts, names: FspNames, *, wish: bool | None, what_if: bool) -> Reporting:
    """Decide whether a client reports, and to which one fallback status point.

    Args:
        facts: The kind of client, where it is, and what an installed client has written down.
        names: Who else names a fallback status point.
        wish: The setting ``report``; None when it is not set.
        what_if: Whether facts were given by hand, or nobody is to be asked: then nothing is reported.
    """
    if facts.client_kind in _WITHOUT_FSP:
        return Reporting(None, Reason("FS-002", f"{_WITHOUT_FSP[facts.client_kind]} uses no fallback status point"))
    if what_if:
        return Reporting(None, Reason("", "this only asks what would be, and then nothing is reported"))
    if wish is False:
        return Reporting(None, Reason("", "it is switched off (report = false, --no-report)"))
    point, reason = _find_point(facts, names)
    if point is not None and point.source is FspSource.DIRECTORY and not wish:
        text = f"the directory names {point.endpoint.host}; nothing else does, so report = true is wanted to use it"
        return Reporting(None, Reason("", text))
    return Reporting(point, reason)


@decides("FS-007")
def _find_point(facts: NetworkFacts, names: FspNames) -> tuple[FallbackStatusPoint | None, Reason]:
    """The one that counts: a setting's, else an installed client's, else the directory's."""
    if facts.network_location is NetworkLocation.INTERNET:
        return _find_internet_point(facts, names)
    registered = facts.intranet_fsp or facts.fsp
    for host, source, detail in (
        (names.given, FspSource.SETTINGS, names.given_detail),
        (registered, FspSource.REGISTRY, facts.origins.get("fsp", "")),
        (names.published, FspSource.DIRECTORY, "operational settings of the site"),
    ):
        if host is not None:
            text = f"{host} is the fallback status point, named by the {source.value}"
            return _point(host, names.port, source, detail), Reason("FS-007", text)
    return None, Reason("FS-009", "no fallback status point is known")


@decides("FS-006")
def _find_internet_point(facts: NetworkFacts, names: FspNames) -> tuple[FallbackStatusPoint | None, Reason]:
    """On the internet a short name means nothing, and the directory is not asked."""
    for host, source, detail in (
        (names.internet, FspSource.SETTINGS, names.internet_detail),
        (names.given, FspSource.SETTINGS, names.given_detail),
        (facts.fsp, FspSource.REGISTRY, facts.origins.get("fsp", "")),
    ):
        if host is not None and "." in host:
            reason = Reason("FS-006", f"{host} is the fallback status point for this client, which is on the internet")
            return _point(host, names.port, source, detail), reason
    return None, Reason("FS-006", "the client is on the internet and knows no fallback status point by a full name")


@decides("FS-007")
def choose_fsp(published: Iterable[PublishedFsp], site: SiteCode | None) -> HostName | None:
    """The fallback status point that the directory names for a client.

    Args:
        published: In the order of the directory.
        site: The client's site; None while it has none.

    Returns:
        The one of its site; of a client without a site the first. None where none is named.
    """
    return next((one.host for one in published if site in {None, one.site_code}), None)


@decides("FS-003")
def _point(host: HostName, port: int, source: FspSource, detail: str) -> FallbackStatusPoint:
    """Always HTTP, whatever the site's management points take."""
    return FallbackStatusPoint(Endpoint(Scheme.HTTP, host, port), source, detail)
