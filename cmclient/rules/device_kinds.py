"""Which servers the kinds of client other than a Windows computer may use.

    kind            where it is      management points                           distribution points
    mac             internet only    of a primary site, for devices and for      of its own site, for the internet;
                                     the internet, HTTPS, without a replica      none to install
    mobile          internet         of a primary site, for devices and for      none
                                     the internet, HTTPS
    mdm             intranet only    for devices, HTTPS                          for devices, HTTPS
    legacy-mobile   anywhere         for devices                                 any

That devices keep to their assigned site is in ``network.find_site_bar``; that those which are enrolled use no
fallback status point in ``reporting``. What nobody said is no evidence against a server, but for one thing: a
management point for the internet has to be known to accept clients from there.
"""

from ..model.decision import Reason
from ..model.endpoints import Access, Audience, ManagementPoint, Protocols
from ..model.facts import ClientKind, NetworkFacts, NetworkLocation
from ..model.names import SiteCode
from ..model.rule import decides

__all__ = [
    "DEVICE_KINDS",
    "ENROLLED_KINDS",
    "REPLICA_ROUNDS",
    "as_device_entry",
    "find_device_dp_bar",
    "find_device_fitness",
    "find_device_http_bar",
    "find_device_mp_bar",
    "find_replica_bar",
    "find_replica_wait",
    "name_of_kind",
]

_NAMES = {
    ClientKind.MAC: "a Mac",
    ClientKind.MOBILE: "a mobile device that was enrolled",
    ClientKind.MDM: "a device under on-premises device management",
    ClientKind.LEGACY_MOBILE: "a mobile device with the legacy client",
    ClientKind.EXCHANGE: "a device of the Exchange connector",
    ClientKind.WINDOWS: "a Windows computer",
}

ENROLLED_KINDS = frozenset({ClientKind.MAC, ClientKind.MOBILE, ClientKind.MDM})
"""Kinds that an enrollment proxy point enrolls; they use HTTPS alone."""

DEVICE_KINDS = ENROLLED_KINDS | {ClientKind.LEGACY_MOBILE}
"""Kinds that a device management point serves."""

_FOR_THE_INTERNET = frozenset({Audience.INTERNET, Audience.BOTH})
_DEVICE_FLAG = {ClientKind.MAC: "MP-029", ClientKind.MOBILE: "MP-029"}
_HTTPS_ONLY = {ClientKind.MAC: "MC-003"}

_REPLICA_LAG = 300.0  # seconds of one synchronisation of a database replica (ST-015)
_REPLICA_TRIES = 2  # attempts that fail meanwhile, about
REPLICA_ROUNDS = _REPLICA_TRIES + 1
"""How often a device asks at most: those that fail, and the one after the synchronisation."""


def name_of_kind(kind: ClientKind) -> str:
    """A kind of client in words, with its article."""
    return _NAMES[kind]


# --- management points ----------------------------------------------------------------------------------------------


def find_device_mp_bar(mp: ManagementPoint, facts: NetworkFacts) -> Reason | None:
    """Why a device may not use a management point, its site aside; None when it may, and for any Windows client."""
    kind = facts.client_kind
    if kind not in DEVICE_KINDS:
        return None
    if kind is ClientKind.MDM and facts.network_location is NetworkLocation.INTERNET:
        return _off_the_intranet("management point")
    access = Access(mp.protocols, mp.audience, mp.supports_devices)
    return _find_flag_bar(access, kind) or _find_https_bar(access, kind) or _find_mac_or_mobile_bar(access, kind)


@decides("MD-002", "MP-029", "MC-003")
def _find_flag_bar(access: Access, kind: ClientKind) -> Reason | None:
    """A device management point is one with the option to let mobile devices and Macs in."""
    if access.devices is not False:
        return None
    rule = _DEVICE_FLAG.get(kind, "MD-002")
    return Reason(rule, f"{name_of_kind(kind)} needs one that is enabled for mobile devices, and it is not")


@decides("MD-003", "MC-003")
def _find_https_bar(access: Access, kind: ClientKind) -> Reason | None:
    if kind not in ENROLLED_KINDS or access.protocols is not Protocols.HTTP:
        return None
    rule = _HTTPS_ONLY.get(kind, "MD-003")
    return Reason(rule, f"{name_of_kind(kind)} uses HTTPS alone, and it takes HTTP")


@decides("MP-029", "MC-003", "MD-006")
def _find_mac_or_mobile_bar(access: Access, kind: ClientKind) -> Reason | None:
    if kind not in {ClientKind.MAC, ClientKind.MOBILE}:
        return None
    if access.audience not in _FOR_THE_INTERNET:
        said = "nobody said that it does" if access.audience is Audience.UNKNOWN else "it does not"
        return Reason("MP-029", f"{name_of_kind(kind)} needs one that accepts internet connections, and {said}")
    return None


def find_replica_bar(kind: ClientKind) -> Reason | None:
    """Why a client may not use a management point that works from a replica of the site database; None when it may.

    No management point says that it does: it is known from the site's own data alone.
    """
    if kind is not ClientKind.MAC:
        return None
    return Reason("MC-005", "a Mac cannot use one that works from a replica of the site database")


@decides("MD-002", "MP-029")
def find_device_fitness(mp: ManagementPoint, kind: ClientKind) -> Reason:
    """What makes a management point one for devices, of those that ``find_device_mp_bar`` lets pass."""
    said = "nobody said whether it is" if mp.supports_devices is None else "it is"
    return Reason(_DEVICE_FLAG.get(kind, "MD-002"), f"{said} enabled for mobile devices and Macs")


def _off_the_intranet(what: str) -> Reason:
    return Reason("MD-004", f"{name_of_kind(ClientKind.MDM)} reaches its {what} on the intranet only")


def find_device_http_bar(kind: ClientKind) -> Reason | None:
    """Why a client may not use plain HTTP because of its kind; None when it may."""
    return Reason("MD-003", f"{name_of_kind(kind)} uses HTTPS alone") if kind in ENROLLED_KINDS else None


@decides("MD-003", "MP-029")
def as_device_entry(mp: ManagementPoint, kind: ClientKind) -> ManagementPoint:
    """A management point as a person named it, as a device understands the name.

    Enrolled devices take a bare name for that of an HTTPS server; Macs and mobile devices are given the name that it
    has on the internet. Any other client takes it as it is.
    """
    if kind not in ENROLLED_KINDS:
        return mp
    audience = mp.audience if kind is ClientKind.MDM else Audience.INTERNET
    # A port that was given for plain HTTP stands for the one port that the person knows.
    return mp._replace(protocols=Protocols.HTTPS, audience=audience, https_port=mp.https_port or mp.http_port)


# --- distribution points --------------------------------------------------------------------------------------------


@decides("CI-027", "CI-028", "MD-003", "MD-004", "MD-008", "MC-002")
def find_device_dp_bar(
    access: Access,
    kind: ClientKind,
    *,
    location: NetworkLocation,
    site: SiteCode | None = None,
    assigned_site: SiteCode | None = None,
    is_installing: bool = False,
) -> Reason | None:
    """Why a client may not use a distribution point because of its kind; None when it may, and for any Windows client.

    Args:
        access: Whom the distribution point lets in, as far as anybody said.
        kind: The kind of client.
        location: Where the client is.
        site: The site of the distribution point; None when nobody said.
        assigned_site: The site of the client; None when it is not known.
        is_installing: Whether the client itself is to be installed.
    """
    if kind is ClientKind.MOBILE or (is_installing and kind is ClientKind.MAC):
        what = "is installed" if is_installing else "is managed"
        return Reason("CI-027", f"{name_of_kind(kind)} {what} by a management point, without distribution points")
    if kind is ClientKind.MDM:
        return _find_mdm_dp_bar(access, location)
    if kind is ClientKind.MAC:
        return _find_mac_dp_bar(access, site, assigned_site)
    return None


def _find_mdm_dp_bar(access: Access, location: NetworkLocation) -> Reason | None:
    if location is NetworkLocation.INTERNET or access.audience is Audience.INTERNET:
        return _off_the_intranet("distribution point")
    if access.protocols is Protocols.HTTP:
        return Reason("MD-003", f"{name_of_kind(ClientKind.MDM)} uses HTTPS alone, and it takes HTTP")
    if access.devices is False:
        return Reason("MD-008", "it is not set to let mobile devices connect")
    return None


def _find_mac_dp_bar(access: Access, site: SiteCode | None, assigned_site: SiteCode | None) -> Reason | None:
    if site not in {None, assigned_site}:
        return Reason("MC-002", f"a Mac uses those of its assigned site alone, and it belongs to {site}")
    if access.audience is Audience.INTRANET:
        return Reason("MC-002", "a Mac uses those that are enabled for the internet, and it is not")
    return None


# --- database replicas ----------------------------------------------------------------------------------------------


@decides("ST-016", "MD-022")
def find_replica_wait(kind: ClientKind, *, since_enrollment: float | None, was_refused: bool) -> float | None:
    """How long a device that was enrolled just now waits before it asks the same management points again.

    One that works from a replica of the database learns of the device with the next synchronisation: until then that
    it refuses is no failure.

    Args:
        kind: The kind of device. A Mac does not use such a management point at all.
        since_enrollment: Seconds since it was enrolled; None when that is not known.
        was_refused: Whether a management point answered, and refused.

    Returns:
        Seconds, so that about two attempts fall into a synchronisation; None when there is nothing to wait for.
    """
    if kind not in {ClientKind.MOBILE, ClientKind.MDM} or not was_refused:
        return None
    if since_enrollment is None or not 0 <= since_enrollment < _REPLICA_LAG:
        return None
    return min(_REPLICA_LAG / _REPLICA_TRIES, _REPLICA_LAG - since_enrollment)
