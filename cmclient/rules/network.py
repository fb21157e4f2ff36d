"""Intranet, internet or unknown.

The first row that applies decides:

    evidence                                        location   label                rule
    set up for the internet only                    internet   Always Internet      NET-003, NET-004
    a Mac, which is installed for the internet      internet   Always Internet      NET-011, MC-001
    a mobile device that was enrolled               internet   Always Internet      MD-006
    one with the legacy client, for the internet    internet   Always Internet      NET-017
    a person or a setting says so                   as said    as said              CF-001
    a management point on the premises answered     intranet   Currently intranet   NET-001, NET-007
    a domain controller answered                    intranet   Currently intranet   NET-001
    one for the internet answered, nobody else did  internet   Currently Internet   NET-008
    all were asked and nobody answered              internet   Currently Internet   NET-002
    otherwise                                       unknown    Not known yet        NET-006: tried as intranet first
"""

from collections.abc import Callable

from ..model.decision import Policy, Reason
from ..model.endpoints import ManagementPoint, SiteKind
from ..model.facts import ClientKind, NetworkFacts, NetworkLocation
from ..model.names import HostName
from ..model.network import LocationEvidence, LocationJudgement, SetupChange
from ..model.rule import decides

__all__ = ["find_site_bar", "judge_changes", "judge_location", "weigh_facts"]

_LABELS = {
    NetworkLocation.INTRANET: "Currently intranet",
    NetworkLocation.INTERNET: "Currently Internet",
    NetworkLocation.UNKNOWN: "Not known yet",
}
_ALWAYS = "Always Internet"
_KEEPS_TO_SITE = {ClientKind.MAC: "NET-011", ClientKind.MDM: "NET-011", ClientKind.MOBILE: "MP-030"}
_INTERNET_KINDS = {
    ClientKind.MAC: Reason("NET-011", "a Mac behaves like a client that is set up for the internet only"),
    ClientKind.MOBILE: Reason("MD-006", "a mobile device that was enrolled uses servers for internet clients"),
}

_Row = Callable[[LocationEvidence], LocationJudgement | None]


def judge_location(evidence: LocationEvidence) -> LocationJudgement:
    """Say where the client is, from what is known by now; the table of this module, row by row.

    Returns:
        The location, its label and why. UNKNOWN when nothing proves either yet: the intranet is tried first then.
    """
    judged = (row(evidence) for row in _ROWS)
    return next((one for one in judged if one is not None), _unknown())


def weigh_facts(facts: NetworkFacts, *, has_internet_mp: bool = False) -> LocationEvidence:
    """The evidence that facts are: flags, kind, who answered, and a location that is known already."""
    known = facts.network_location is not NetworkLocation.UNKNOWN
    return LocationEvidence(
        always_internet=facts.always_internet,
        kind=facts.client_kind,
        membership=facts.membership,
        given=facts.network_location if known else None,
        controllers=tuple(one.host for one in facts.domain_controllers),
        has_internet_mp=has_internet_mp,
        is_set_for_internet=facts.internet_mp is not None,
    )


@decides("NET-003", "NET-004", "NET-009")
def _forced(evidence: LocationEvidence) -> LocationJudgement | None:
    """The flag wins over all evidence."""
    if not evidence.always_internet:
        return None
    reasons = [Reason("NET-003", "set up for the internet only (CCMALWAYSINF); never connects to the intranet")]
    near = _names(evidence.controllers + evidence.intranet_mps)
    if near or evidence.given is NetworkLocation.INTRANET:
        what = f"{near} answered" if near else "it is said to be on the intranet"
        reasons.append(Reason("NET-004", f"{what}, which changes nothing: the setting wins"))
    return LocationJudgement(NetworkLocation.INTERNET, _ALWAYS, tuple(reasons))


@decides("NET-011", "NET-017", "MC-001", "SA-035")
def _by_kind(evidence: LocationEvidence) -> LocationJudgement | None:
    """A Mac is installed for the internet only; an MDM device is on the premises and only keeps to its site."""
    why = _INTERNET_KINDS.get(evidence.kind)
    if evidence.kind is ClientKind.LEGACY_MOBILE and evidence.is_set_for_internet:
        why = Reason(
            "NET-017", "a mobile device client that is given a management point for the internet is there only"
        )
    return None if why is None else LocationJudgement(NetworkLocation.INTERNET, _ALWAYS, (why,))


def _given(evidence: LocationEvidence) -> LocationJudgement | None:
    if evidence.given is None:
        return None
    return _judged(evidence.given, Reason("CF-001", f"given: {evidence.given.value}"))


@decides("NET-001", "NET-007")
def _near(evidence: LocationEvidence) -> LocationJudgement | None:
    """Either a domain controller or a management point on the premises suffices."""
    if evidence.intranet_mps:
        reasons = [Reason("NET-001", f"the management point {evidence.intranet_mps[0]} answered on the intranet")]
        if evidence.has_internet_mp:
            text = "set up for both networks and on the intranet: managed as a full intranet client"
            reasons.append(Reason("NET-007", text))
        return _judged(NetworkLocation.INTRANET, *reasons)
    if evidence.controllers:
        reason = Reason("NET-001", f"the domain controller {evidence.controllers[0]} answered")
        return _judged(NetworkLocation.INTRANET, reason)
    return None


@decides("NET-008")
def _only_internet(evidence: LocationEvidence) -> LocationJudgement | None:
    if not evidence.internet_mps:
        return None
    text = f"only the internet management point {evidence.internet_mps[0]} answered: the assigned site's internet ones"
    return _judged(NetworkLocation.INTERNET, Reason("NET-008", text))


@decides("NET-002")
def _nobody(evidence: LocationEvidence) -> LocationJudgement | None:
    if not evidence.all_asked:
        return None
    dns = "; DNS answered, which proves nothing" if evidence.dns_answered else ""
    text = f"neither a domain controller nor a management point on the premises could be contacted{dns}"
    return _judged(NetworkLocation.INTERNET, Reason("NET-002", text))


def _unknown() -> LocationJudgement:
    return _judged(
        NetworkLocation.UNKNOWN, Reason("NET-006", "no domain controller was reached; the intranet is tried first")
    )


_ROWS: tuple[_Row, ...] = (_forced, _by_kind, _given, _near, _only_internet, _nobody)


def _judged(location: NetworkLocation, *reasons: Reason) -> LocationJudgement:
    return LocationJudgement(location, _LABELS[location], reasons)


def _names(hosts: tuple[HostName, ...]) -> str:
    return ", ".join(hosts)


@decides("NET-008", "NET-010", "NET-011", "MC-002", "MD-029")
def find_site_bar(mp: ManagementPoint, facts: NetworkFacts, policy: Policy) -> Reason | None:
    """Why a client that keeps to its assigned site may not use a management point; None when it may.

    Clients on the internet, Macs and enrolled devices use management points of their assigned site alone: none of a
    secondary site, none of another primary one. One of which nobody said the site counts as one of the assigned site.
    """
    on_internet = facts.network_location is NetworkLocation.INTERNET
    if not on_internet and facts.client_kind not in _KEEPS_TO_SITE:
        return None
    secondary = mp.site_kind is SiteKind.SECONDARY
    if not secondary and mp.site_code in {None, policy.assigned_site}:
        return None
    whose = f"{mp.site_code or 'a site'}, a secondary one" if secondary else f"{mp.site_code}"
    if (rule := _KEEPS_TO_SITE.get(facts.client_kind)) is not None:
        kind = facts.client_kind.value
        return Reason(rule, f"a client of kind {kind} keeps to its assigned site, and it belongs to {whose}")
    rule, who = ("NET-010", "internet-only") if facts.always_internet else ("NET-022", "internet")
    return Reason(rule, f"{who} clients use their assigned site only, and it belongs to {whose}")


@decides("NET-019", "NET-020")
def judge_changes(
    *,
    installed_always: bool,
    wanted_always: bool,
    installed_mp: HostName | None = None,
    wanted_mp: HostName | None = None,
) -> tuple[SetupChange, ...]:
    """Say what an installed client takes of other settings than it was installed with.

    Args:
        installed_always: Whether it was installed for the internet only.
        wanted_always: Whether it is to be that now.
        installed_mp: Its management point for the internet; None when it has none.
        wanted_mp: The one wanted now; None to clear it.

    Returns:
        One entry for each setting that changes; empty when none does.
    """
    changes = []
    if wanted_always and not installed_always:
        why = Reason("NET-019", "the forced-internet flag can be set on an installed client")
        changes.append(SetupChange("always_internet", allowed=True, needs="restart", reason=why))
    if installed_always and not wanted_always:
        why = Reason("NET-019", "installed for the internet only; turning it back needs a reinstall of the client")
        changes.append(SetupChange("always_internet", allowed=False, needs="reinstall", reason=why))
    if installed_mp != wanted_mp:
        done = "cleared" if wanted_mp is None else "set" if installed_mp is None else "changed"
        text = f"the internet management point is {done}; the client service takes it when it restarts"
        changes.append(SetupChange("internet_mp", allowed=True, needs="restart", reason=Reason("NET-020", text)))
    return tuple(changes)
