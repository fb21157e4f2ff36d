"""What a doctor says of settings that are right one by one, and do not fit together."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..model.checkup import Area, Check, Level, Sureness
from ..model.endpoints import ManagementPoint, Protocols
from ..model.facts import NetworkLocation
from ..model.names import HostName

__all__ = ["SettingsSeen", "judge_settings"]


class SettingsSeen(NamedTuple):
    """The settings that may contradict each other; named as they are."""

    use_pki_cert: bool = False
    allow_http: bool = True
    always_internet: bool = False
    network_location: NetworkLocation | None = None
    has_internet_server: bool = False
    has_site_code: bool = False
    has_dns_suffix: bool = False
    management_points: Sequence[ManagementPoint] = ()
    allowed_mps: Sequence[HostName] | None = None
    fsp: HostName | None = None
    report: bool | None = None
    http_port: int = 80
    https_port: int = 443
    connect_timeout: float = 5.0
    deadline: float = 30.0


def judge_settings(seen: SettingsSeen) -> Iterator[Check]:
    """Judge settings: one check for each contradiction, or one that there is none."""
    found = [*_about_protocols(seen), *_about_place(seen), *_about_servers(seen), *_about_times(seen)]
    yield from found
    if not found:
        yield Check(Area.SETTINGS, "", Level.OK, "fine", "none contradicts another")


def _about_protocols(seen: SettingsSeen) -> Iterator[Check]:
    if not seen.allow_http and not seen.use_pki_cert:
        what = "allow_http is off and use_pki_cert is not set: no management point may be used, over HTTP or HTTPS"
        yield _wrong("allow_http, use_pki_cert", "no-protocol", what, "Turn one of them on.")
    if seen.http_port == seen.https_port:
        what = f"HTTP and HTTPS are both on port {seen.http_port}"
        yield _wrong("http_port, https_port", "same-port", what, "Set each to the port that the site uses for it.")


def _about_place(seen: SettingsSeen) -> Iterator[Check]:
    if seen.always_internet and seen.network_location is NetworkLocation.INTRANET:
        what = "the client is always on the internet by one, and on the intranet by the other"
        yield _wrong("always_internet, network_location", "two-places", what, "Take one of them away.")
    elif seen.always_internet and not seen.has_internet_server:
        what = "the client is always on the internet, and knows no server there"
        do = "Set internet_mp (CCMHOSTNAME), or fallback_gateways."
        yield _wrong("always_internet, internet_mp", "no-internet-server", what, do)


def _about_servers(seen: SettingsSeen) -> Iterator[Check]:
    hosts = {one.host for one in seen.management_points}
    allowed = seen.allowed_mps
    if allowed is not None and hosts and not hosts.intersection(allowed):
        what = "none of management_points is among allowed_mps"
        yield _doubt(
            "allowed_mps, management_points", "none-allowed", what, "Add the one that is meant to allowed_mps."
        )
    secure = [one.host for one in seen.management_points if one.protocols is Protocols.HTTPS]
    if secure and not seen.use_pki_cert:
        what = f"{secure[0]} is given as https://, and without use_pki_cert HTTPS management points are left out"
        do = "Set use_pki_cert and client_certificate, or give it without https://."
        yield _doubt("management_points, use_pki_cert", "https-left-out", what, do)
    if seen.has_dns_suffix and not seen.has_site_code:
        what = "dns_suffix says where DNS knows management points, and the name looked up needs site_code as well"
        do = "Set site_code, unless the site is found by automatic assignment."
        yield _doubt("dns_suffix, site_code", "no-site-for-dns", what, do)
    if seen.fsp is not None and seen.report is False:
        what = f"{seen.fsp} is to be told of failures, and report is off"
        yield _doubt("fsp, report", "fsp-never-told", what, "Turn report on, or take fsp away.")


def _about_times(seen: SettingsSeen) -> Iterator[Check]:
    if seen.connect_timeout >= seen.deadline:
        what = f"one server that is silent ({seen.connect_timeout:g} s) uses up all of the time ({seen.deadline:g} s)"
        yield _doubt("connect_timeout, deadline", "no-time-left", what, "Raise deadline, or lower connect_timeout.")


def _wrong(about: str, code: str, what: str, do: str) -> Check:
    return Check(Area.SETTINGS, about, Level.ERROR, code, what, Sureness.CERTAIN, do)


def _doubt(about: str, code: str, what: str, do: str) -> Check:
    return Check(Area.SETTINGS, about, Level.WARN, code, what, Sureness.LIKELY, do)
