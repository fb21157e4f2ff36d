"""What a setup line leads to: from where client setup would fetch its files, in order, and what the line leaves out."""

from collections.abc import Iterator
from typing import NamedTuple

from ..model.client_setup import SetupPlan, SetupSearch
from ..model.decision import Reason
from ..model.endpoints import ManagementPoint
from ..model.facts import ClientKind, NetworkLocation
from ..model.rule import decides
from .setup_search import find_setup_bar, note_setup_points

__all__ = ["SetupGiven", "describe_search", "find_missing"]

_MINUTE, _HOUR = 60.0, 3600.0


class SetupGiven(NamedTuple):
    """What a setup line says, as far as it matters for where files and management points come from.

    Attributes:
        plan: Where setup looks.
        site: The site code; empty where the line has none, or has AUTO.
        suffix: The domain that DNS is asked about; empty for that of the machine.
        has_first_mp: Whether it names a management point for the installed client.
        internet_server: Whether it names a server for the internet.
        gateway: Whether that is a cloud management gateway.
        always_internet: Whether the client is always on the internet.
        pki: Whether a PKI certificate is to be used.
        token: Whether a registration token is given.
        signing_certificate: Whether the site's signing certificate is given.
        fsp: Whether a fallback status point is named.
        newest: Whether the newest client is to be installed, and not the one in production.
    """

    plan: SetupPlan
    site: str = ""
    suffix: str = ""
    has_first_mp: bool = False
    internet_server: bool = False
    gateway: bool = False
    always_internet: bool = False
    pki: bool = False
    token: bool = False
    signing_certificate: bool = False
    fsp: bool = False
    newest: bool = False


@decides("CI-001", "CI-002", "CI-004", "CI-007", "CI-009", "CI-010", "CI-015", "CI-016", "IP-022")
def describe_search(given: SetupGiven) -> tuple[Reason, ...]:
    """Where client setup would fetch from, without asking anybody.

    Returns:
        Steps in their order, each in words with its rule; never empty.
    """
    return tuple(_steps(given))


def _steps(given: SetupGiven) -> Iterator[Reason]:
    plan = given.plan
    if plan.search is SetupSearch.NONE:
        for path in plan.paths:
            yield Reason("CI-002", f"read the folder {path}; no management point is asked, for only /source is given")
        yield _repeated(plan)
        return
    bar = _find_bar(given)
    if bar is not None:
        yield bar
        return
    for mp in plan.given:
        yield Reason("CI-007", f"ask {_named(mp)} whether it has ccmsetup.cab, and where the client package is")
    if given.always_internet and not plan.given and not plan.paths:
        text = "nothing says whom to ask: neither Active Directory nor DNS can be, on the internet; give /mp or /source"
        yield Reason("CI-001", text)
        return
    if not given.always_internet:
        otherwise = "where none of them has the files, ask" if plan.given else "ask"
        yield Reason("CI-001", f"{otherwise} a management point that Active Directory names; {_dns(given)}")
    if given.newest:
        yield Reason("IP-022", "ask it for the newest client, not for the one that is in production")
    yield Reason("CI-009", "download from the distribution points that this management point names")
    yield Reason("CI-010", "where it names none, or after 4 hours without success, from that management point itself")
    for path in plan.paths:
        yield Reason("CI-004", f"where no management point has the files, read the folder {path}")
    yield _repeated(plan)


def _find_bar(given: SetupGiven) -> Reason | None:
    where = NetworkLocation.INTERNET if given.always_internet else NetworkLocation.UNKNOWN
    return find_setup_bar(given.plan, ClientKind.WINDOWS, where, gateway=given.gateway)


def _repeated(plan: SetupPlan) -> Reason:
    if plan.retry >= plan.timeout:
        return Reason("CI-016", f"there is one attempt, of {plan.timeout / _MINUTE:g} minutes at most")
    hours = f"{plan.timeout / _HOUR:g} hours" if plan.timeout >= _HOUR else f"{plan.timeout / _MINUTE:g} minutes"
    return Reason("CI-015", f"what fails is tried again every {plan.retry / _MINUTE:g} minutes, for {hours}")


def _named(mp: ManagementPoint) -> str:
    if mp.gateway is not None:
        return f"the gateway {mp.host} over HTTPS"
    protocols = mp.protocols
    over = "HTTPS" if not protocols.may_be_http else "HTTP" if not protocols.may_be_https else "HTTPS or HTTP"
    return f"{mp.host} over {over}"


def _dns(given: SetupGiven) -> str:
    if not given.site:
        return "DNS cannot be asked, for the name that is looked up holds the site code (SMSSITECODE)"
    where = given.suffix or "the domain of the machine"
    return f"then one that DNS names (SRV _mssms_mp_{given.site.lower()}._tcp in {where})"


@decides("CI-024", "CI-041", "IP-066", "ML-008", "FS-001")
def find_missing(given: SetupGiven) -> tuple[Reason, ...]:
    """What the line leaves out that such an installation mostly needs, and what is probably not meant so.

    Returns:
        Each in words with its rule. May be empty.
    """
    return tuple(_missing(given))


def _missing(given: SetupGiven) -> Iterator[Reason]:
    plan = given.plan
    if not plan.given and not plan.paths:
        text = (
            "/mp or /source: with neither, files that lie next to ccmsetup.exe are said to count as a source as well,"
            " which no page of the product says"
        )
        yield Reason("CI-041", text)
    yield from note_setup_points(plan.given, pki=given.pki, exempt=given.token)
    if given.internet_server and not given.gateway:
        lacks = [
            name
            for name, is_there in (
                ("/source", bool(plan.paths)),
                ("/UsePKICert", given.pki),
                ("SMSSIGNCERT", given.signing_certificate),
                ("SMSSITECODE", bool(given.site)),
            )
            if not is_there
        ]
        if lacks:
            yield Reason(
                "CI-024", f"an installation on the internet without a gateway needs {', '.join(lacks)} as well"
            )
    elif not given.site:
        text = (
            "SMSSITECODE: without it, or with AUTO, the site is found by the boundaries that Active Directory has, and"
            " in no way where the machine cannot read that (workgroup, other forest)"
        )
        yield Reason("IP-066", text)
    if plan.given and not given.has_first_mp and not given.internet_server:
        text = (
            "SMSMP: /mp is for the files of installation alone; without SMSMP the installed client relies on Active"
            " Directory and DNS"
        )
        yield Reason("ML-008", text)
    if not given.fsp and not given.always_internet:
        yield Reason("FS-001", "FSP: without it nobody is told when the installation fails")
