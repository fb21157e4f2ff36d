"""Where a device is enrolled: who names enrollment proxy points, under which names, and which of them count.

A name that is given counts alone. Otherwise those who may name one are asked in turn until one that is named answers:

    kind     first                          then
    mac      the alias in DNS               -
    mobile   the alias in DNS               the discovery service
    mdm      the discovery service          the alias in DNS
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..errors import InvalidValueError
from ..model.decision import Reason, Verdict
from ..model.endpoints import Endpoint, Scheme
from ..model.facts import ClientKind, NetworkFacts
from ..model.names import DnsDomain, HostName
from ..model.roles import RoleDecision, RoleEvaluation, RoleOrigin, SiteRole
from ..model.rule import decides
from .choose import SeededChooser
from .device_kinds import ENROLLED_KINDS, name_of_kind
from .edition import CATALOGUE_VERSION

__all__ = [
    "NamedProxy",
    "alias_of",
    "discovery_host_of",
    "domain_of",
    "find_enrollment_bar",
    "judge_proxies",
    "proxy_sources",
]

_ALIAS, _DISCOVERY = "ConfigMgrEnroll", "EnterpriseEnrollment"
_APPLICATION = "/enrollmentserver/"
_SOURCES: Mapping[ClientKind, tuple[RoleOrigin, ...]] = {
    ClientKind.MAC: (RoleOrigin.DNS_ALIAS,),
    ClientKind.MOBILE: (RoleOrigin.DNS_ALIAS, RoleOrigin.DISCOVERY),
    ClientKind.MDM: (RoleOrigin.DISCOVERY, RoleOrigin.DNS_ALIAS),
}
_WAYS = {
    RoleOrigin.SETTINGS: Reason("MD-010", "devices are enrolled there over HTTPS; its name was given"),
    RoleOrigin.DNS_ALIAS: Reason("DN-021", "devices are enrolled there over HTTPS; its alias in DNS led to it"),
    RoleOrigin.DISCOVERY: Reason("MD-010", "devices are enrolled there over HTTPS; the discovery service named it"),
}


class NamedProxy(NamedTuple):
    """An enrollment proxy point that somebody named.

    Attributes:
        endpoint: Where it is reached.
        origin: Who named it.
        path: Path of its service, as far as it was named; empty when it was not.
    """

    endpoint: Endpoint
    origin: RoleOrigin
    path: str = ""


def find_enrollment_bar(kind: ClientKind) -> Reason | None:
    """Why a client of a kind is never enrolled; None when it may be."""
    if kind in ENROLLED_KINDS:
        return None
    return Reason("MD-010", f"{name_of_kind(kind)} is not enrolled by an enrollment proxy point")


@decides("DN-021", "MD-013")
def proxy_sources(kind: ClientKind) -> tuple[RoleOrigin, ...]:
    """Who is asked for the name of an enrollment proxy point when none is given, in order; see the module."""
    return _SOURCES.get(kind, ())


def domain_of(facts: NetworkFacts, *, user: DnsDomain | None, suffix: DnsDomain | None) -> DnsDomain | None:
    """The domain in which names of enrollment are looked for.

    Args:
        facts: Domain and DNS suffixes of the device.
        user: The mail domain of the user; wins over every other.
        suffix: The domain that is set for lookups in DNS.
    """
    return user or suffix or facts.domain or next(iter(facts.dns_suffixes), None)


@decides("DN-021", "MD-013")
def alias_of(domain: DnsDomain) -> HostName:
    """The name that is an alias of the enrollment proxy point in a domain."""
    return _under(_ALIAS, domain)


def discovery_host_of(domain: DnsDomain) -> HostName:
    """The host of the discovery service of a domain."""
    return _under(_DISCOVERY, domain)


def _under(name: str, domain: DnsDomain) -> HostName:
    try:
        return HostName(f"{name}.{domain}")
    except InvalidValueError as error:
        raise InvalidValueError("domain of enrollment", domain, "it is too long to have names below it") from error


@decides("MD-003", "MD-010")
def judge_proxies(named: Sequence[NamedProxy], *, chooser: SeededChooser) -> RoleDecision:
    """Judge the enrollment proxy points that were named: HTTPS alone, and of Configuration Manager.

    Args:
        named: In the order in which they were named, which is the order in which they are tried.
        chooser: For its seed; nothing is left to chance here.
    """
    by_host: dict[HostName, list[NamedProxy]] = {}
    for one in named:
        by_host.setdefault(one.endpoint.host, []).append(one)
    judged = [_judge(host, some) for host, some in by_host.items()]
    return RoleDecision(
        SiteRole.ENROLLMENT_PROXY_POINT,
        tuple(one for one in judged if one.verdict is Verdict.RANKED),
        tuple(sorted((one for one in judged if one.verdict is Verdict.REJECTED), key=lambda one: one.name)),
        chooser.seed,
        CATALOGUE_VERSION,
    )


def _judge(host: HostName, named: Sequence[NamedProxy]) -> RoleEvaluation:
    first = named[0]
    origins = tuple(dict.fromkeys(one.origin for one in named))
    if (bar := _find_bar(first)) is not None:
        return RoleEvaluation(host, Verdict.REJECTED, (bar,), origins)
    endpoints = tuple(dict.fromkeys(one.endpoint for one in named))
    return RoleEvaluation(host, Verdict.RANKED, (_WAYS[first.origin],), origins, endpoints)


def _find_bar(one: NamedProxy) -> Reason | None:
    if one.endpoint.scheme is not Scheme.HTTPS:
        return Reason("MD-003", "every role for devices is reached over HTTPS, and it is named for HTTP")
    if one.path and not one.path.lower().startswith(_APPLICATION):
        return Reason("MD-010", f"it enrolls elsewhere than an enrollment proxy point does: {one.path}")
    return None
