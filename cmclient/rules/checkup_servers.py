"""What a doctor says of servers that speak HTTP, from what came of asking each of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ..model.checkup import Area, Check, Level, Probe, Sureness

__all__ = ["SOON", "check_status_point", "judge_servers", "sentence", "skip"]

SOON = timedelta(days=30)
"""A certificate that ends within this time is worth a word: renewing one takes weeks in many places."""

_PORTAL = "See what stands between: a proxy, a captive portal or another service may answer in its place."
_LOOK = "Look at the web server and the role on that machine, and at its logs."
_NAME = "name-resolution"

# By code of the error: how sure the cause is, and what to do where the error itself does not say.
_CAUSES: dict[str, tuple[Sureness, str]] = {
    "connect": (
        Sureness.LIKELY,
        "See that the machine is on, that its web server listens on this port, and that no firewall refuses it.",
    ),
    "timeout": (
        Sureness.CANNOT_TELL,
        "It is off, overloaded, or a firewall drops what is sent to this port: try from a machine next to it.",
    ),
    "connection-lost": (Sureness.CANNOT_TELL, "Something cut the connection: the server itself, or what is between."),
    _NAME: (Sureness.CERTAIN, "Correct the name, or its record in DNS."),
    "server-certificate": (Sureness.CERTAIN, "Look at the certificate on the server."),
    "client-certificate": (Sureness.LIKELY, "'cmclient cert list --explain' says which one is shown, and why."),
    "tls": (Sureness.LIKELY, "Look at the TLS settings of the server."),
    "authentication": (Sureness.LIKELY, "Set http_user, or run this as an account that the server knows."),
    "redirect-refused": (Sureness.LIKELY, _PORTAL),
    "reply-too-large": (Sureness.LIKELY, _PORTAL),
    "malformed-reply": (Sureness.LIKELY, _PORTAL),
    "unsafe-xml": (Sureness.LIKELY, _PORTAL),
    "listing": (Sureness.LIKELY, _PORTAL),
    "proxy": (Sureness.CERTAIN, "Look at the proxy, or at the setting proxy."),
    "root-key": (Sureness.CERTAIN, "Compare the trusted root key here with that of the site."),
    "http-status": (Sureness.LIKELY, _LOOK),
    "source-refused": (Sureness.LIKELY, "See whether the content is distributed to it, and who may read it there."),
}
_SPELLED_OUT = frozenset({"connect"})  # what the error says to do is said better here
_NEED_A_NAME = frozenset({_NAME, "timeout"})  # what a silent DNS does to whoever is asked by name
_NOT_ASKED = "not-asked"
_BAR_OF_CHECKING = "crl-"  # reasons of a certificate that could not be judged
_SERVER_FAULT = 500


def judge_servers(
    area: Area, probes: Sequence[Probe], now: datetime, *, names_work: bool = True, revocation: str = ""
) -> Iterator[Check]:
    """Judge servers of which a client needs one.

    Args:
        area: What they are.
        probes: What came of asking them, in the order in which a client turns to them.
        now: The time, aware.
        names_work: Whether DNS answers at all; where it does not, that a name has no address is no fault of a server.
        revocation: What is known of revocation where a certificate was accepted, for a person.

    Returns:
        One check each, in the same order, and one more for a certificate that is about to end.
    """
    some_answer = any(not probe.code for probe in probes)
    for probe in probes:
        skipped = _find_skip(area, probe, names_work=names_work)
        if skipped is not None:
            yield skipped
        elif probe.code:
            yield _judge_failure(area, probe, Level.WARN if some_answer else Level.ERROR)
        else:
            yield _judge_answer(area, probe, revocation)
            yield from _judge_end(area, probe, now)


def check_status_point(probe: Probe, *, names_work: bool) -> Check:
    """Judge the fallback status point. It was sent no report, so that it takes one is not known.

    Args:
        probe: What came of asking it for nothing.
        names_work: Whether DNS answers at all.
    """
    area = Area.FALLBACK_STATUS_POINT
    skipped = _find_skip(area, probe, names_work=names_work)
    if skipped is not None:
        return skipped
    if probe.code:
        return _judge_failure(area, probe, Level.WARN)
    what = f"answers in {_milliseconds(probe)}; no report was sent to see whether it takes one"
    return Check(area, str(probe.endpoint), Level.OK, "fine", what, Sureness.LIKELY)


def skip(area: Area, about: str, why: str) -> Check:
    """A check that was not made."""
    return Check(area, about, Level.SKIPPED, "not-checked", why)


def sentence(hint: str) -> str:
    """A hint as a whole sentence; empty when there is none."""
    return f"{hint[:1].upper()}{hint[1:]}{'' if hint.endswith(('.', '?')) else '.'}" if hint else ""


def _find_skip(area: Area, probe: Probe, *, names_work: bool) -> Check | None:
    """The check that was not made, where something else stood in the way; None where it was made."""
    about = str(probe.endpoint)
    if probe.code == _NOT_ASKED:
        return skip(area, about, probe.detail)
    if probe.code in _NEED_A_NAME and not names_work:
        return skip(area, about, "its name cannot be looked up while DNS does not answer")
    return None


def _judge_answer(area: Area, probe: Probe, revocation: str) -> Check:
    what = f"answers in {_milliseconds(probe)}: {probe.asked}"
    if probe.certificate is not None and probe.certificate.not_after:
        what += f"; certificate until {probe.certificate.not_after[:10]}{revocation}"
    return Check(area, str(probe.endpoint), Level.OK, "fine", what + _place(probe))


def _judge_failure(area: Area, probe: Probe, level: Level) -> Check:
    about = str(probe.endpoint)
    sure, do = _CAUSES.get(probe.code, (Sureness.CANNOT_TELL, _LOOK))
    if probe.code == "http-status" and (probe.status or 0) >= _SERVER_FAULT:
        sure = Sureness.CERTAIN
    if probe.reason.startswith(_BAR_OF_CHECKING):
        sure = Sureness.CANNOT_TELL
    if probe.hint and probe.code not in _SPELLED_OUT:
        do = sentence(probe.hint)
    told = probe.detail.removeprefix(f"{about}: ").removeprefix(about).strip() + _place(probe)
    return Check(area, about, level, probe.code, told, sure, do)


def _judge_end(area: Area, probe: Probe, now: datetime) -> Iterator[Check]:
    """A word on a certificate that is good, and not for long."""
    if probe.certificate is None or not probe.certificate.not_after:
        return
    ends = datetime.fromisoformat(probe.certificate.not_after)
    if ends - now <= SOON:
        what = f"its certificate ends on {ends:%Y-%m-%d}, in {max(0, (ends - now).days)} days"
        do = "Renew it on the server before that day; clients refuse it from then on."
        yield Check(area, str(probe.endpoint), Level.WARN, "certificate-ends-soon", what, do=do)


def _place(probe: Probe) -> str:
    return f"; no. {probe.place} in the order of a client here" if probe.place else ""


def _milliseconds(probe: Probe) -> str:
    return f"{probe.seconds * 1000:.0f} ms"
