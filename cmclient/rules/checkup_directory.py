"""What a doctor says of DNS and of the directory, from what came of asking them."""

from collections.abc import Iterator, Sequence

from ..model.checkup import Area, Check, ControllerProbe, Level, Lookup, Sureness
from ..model.decision import SourceReport
from ..model.directory import PublishedSite
from ..model.names import SiteCode
from .checkup_servers import sentence, skip

__all__ = ["do_names_work", "judge_controllers", "judge_names", "judge_published"]

_RESOLVER = "Look at the DNS servers of this machine (setting dns_servers, or those of the system), and at port 53."
_DOMAIN_DNS = "Use the DNS servers of the domain: those of a provider know nothing of it."
_TIMED_OUT = "dns-timeout"
_DIRECTORY_CAUSES = {
    "directory-unreachable": (
        Sureness.LIKELY,
        "See that it is on, and that firewalls let TCP 389 and 3268 (636 and 3269 for ldaps) through.",
    ),
    "directory-timeout": (Sureness.CANNOT_TELL, "It is overloaded, or a firewall drops what is sent to it."),
    "directory-refused": (Sureness.CERTAIN, "Look at directory_user, its password, and directory_security."),
    "directory-trust": (
        Sureness.CERTAIN,
        "Renew or replace its certificate, or set directory_ca_file to the authority that issued it.",
    ),
}


def do_names_work(lookups: Sequence[Lookup]) -> bool:
    """Whether DNS answers; nobody asked counts as yes."""
    return not lookups or any(not one.code for one in lookups)


def judge_names(lookups: Sequence[Lookup]) -> Iterator[Check]:
    """Judge what DNS answers; where it answers nothing at all, that is said once."""
    if not do_names_work(lookups):
        first = lookups[0]
        sure = Sureness.CANNOT_TELL if first.code == _TIMED_OUT else Sureness.CERTAIN
        yield Check(Area.NAMES, "", Level.ERROR, first.code, first.detail, sure, sentence(first.hint) or _RESOLVER)
        return
    for one in lookups:
        if one.code:
            yield Check(
                Area.NAMES,
                one.name,
                Level.WARN,
                one.code,
                one.detail,
                Sureness.LIKELY,
                sentence(one.hint) or _RESOLVER,
            )
        elif not one.found:
            what = f"DNS has no such record: it finds no {one.what}"
            yield Check(Area.NAMES, one.name, Level.ERROR, "no-record", what, Sureness.LIKELY, _DOMAIN_DNS)
        else:
            yield Check(Area.NAMES, one.name, Level.OK, "fine", f"{one.what}: {one.found}")


def judge_controllers(probes: Sequence[ControllerProbe], *, bar: str = "") -> Iterator[Check]:
    """Judge domain controllers.

    Args:
        probes: What came of asking each, in the order in which they are asked.
        bar: Why none was asked; empty when there is no such reason.

    Returns:
        One check each; or one that says why there is none.
    """
    if not probes:
        yield skip(Area.DIRECTORY, "", bar or "no domain controller is known")
    some_answer = any(one.works for one in probes)
    for one in probes:
        yield _judge_controller(one, Level.WARN if some_answer else Level.ERROR)


def _judge_controller(probe: ControllerProbe, level: Level) -> Check:
    about = f"{probe.host}:{probe.port}"
    if not probe.addresses:
        do = "Correct its record in DNS, or remove the SRV record that names it."
        return Check(Area.DIRECTORY, about, level, "no-address", "DNS names it and has no address for it", do=do)
    if probe.code:
        sure, do = _DIRECTORY_CAUSES.get(probe.code, (Sureness.LIKELY, "Look at the directory service there."))
        return Check(Area.DIRECTORY, about, level, probe.code, probe.detail, sure, sentence(probe.hint) or do)
    if probe.ping:
        what = (
            f"LDAP works and the netlogon ping does not ({probe.ping}): a client does not find its AD site, and may"
            " take itself to be on the internet"
        )
        do = "Let UDP 389 through to the domain controllers."
        return Check(Area.DIRECTORY, about, level, "no-ping", what, Sureness.LIKELY, do)
    return Check(
        Area.DIRECTORY, about, Level.OK, "fine", f"answers at {probe.addresses[0]}: netlogon ping, login, read"
    )


def judge_published(
    report: SourceReport | None, sites: Sequence[PublishedSite] | None, site: SiteCode | None, *, works: bool
) -> Check | None:
    """Judge what the site publishes in the directory.

    Args:
        report: What came of looking for management points there; None when it was not their turn.
        sites: The sites that are published; None when the directory did not answer.
        site: The site of this client; None when it is not known.
        works: Whether a domain controller answered; where none did, that was said already.

    Returns:
        One check; None where there is nothing to say.
    """
    if report is None or not works:
        return None
    about = "published site"
    if report.code:
        sure, do = _DIRECTORY_CAUSES.get(report.code, (Sureness.LIKELY, "Look at the directory service there."))
        return Check(Area.DIRECTORY, about, Level.ERROR, report.code, report.detail, sure, sentence(report.hint) or do)
    if not report.asked or sites is None:
        return skip(Area.DIRECTORY, about, report.detail)
    names = ", ".join(sorted({one.site_code for one in sites})) or "none"
    do = "See that the site publishes to this forest (site properties, Publishing), and may write System Management."
    if site is not None and all(one.site_code != site for one in sites):
        what = f"site {site} is not published in the directory (published there: {names})"
        return Check(Area.DIRECTORY, about, Level.WARN, "site-not-published", what, Sureness.LIKELY, do)
    if not report.found:
        what = "no management point is published in the directory, or this login may not read it"
        return Check(Area.DIRECTORY, about, Level.WARN, "nothing-published", what, Sureness.LIKELY, do)
    what = f"{report.found} management points, sites {names} ({report.detail})"
    return Check(Area.DIRECTORY, about, Level.OK, "fine", what)
