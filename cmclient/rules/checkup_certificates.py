"""What a doctor says of the certificate with which this client proves who it is."""

from collections.abc import Iterator
from datetime import datetime

from ..model.certificates import CertificateEvaluation, CertificateSelection
from ..model.checkup import Area, Check, Level
from .checkup_servers import SOON

__all__ = ["judge_client_certificate"]

_MOST = 3  # certificates that are named one by one
_EXPLAIN = "'cmclient cert list --explain' shows every certificate with the rules that judged it."


def judge_client_certificate(
    selection: CertificateSelection | None, now: datetime, *, wanted: bool, problem: str = ""
) -> Iterator[Check]:
    """Judge the client certificate.

    Args:
        selection: What was chosen, and why not the others; None when nowhere could be looked.
        now: The time, aware.
        wanted: Whether one is to be used (``use_pki_cert``).
        problem: Why the chosen one cannot be shown all the same; empty when it can.
    """
    area = Area.CLIENT_CERTIFICATE
    if not wanted:
        what = "none is used (use_pki_cert is not set): management points that take HTTPS only are left out"
        yield Check(area, "", Level.SKIPPED, "not-checked", what)
        return
    if selection is None or not (selection.ranked or selection.rejected):
        what = "use_pki_cert is set, and there is no client certificate"
        do = "Set client_certificate to a PEM or PKCS#12 file, or a folder of them; or turn use_pki_cert off."
        yield Check(area, "", Level.ERROR, "no-certificate", what, do=do)
        return
    chosen = selection.chosen
    if chosen is None:
        yield Check(area, "", Level.ERROR, "none-fits", f"none can be used: {_why_none(selection)}", do=_EXPLAIN)
        return
    name = chosen.subject or chosen.where
    if problem:
        yield Check(area, name, Level.ERROR, "cannot-be-shown", f"it cannot be shown: {problem}", do=_EXPLAIN)
        return
    for warning in chosen.warnings:
        yield Check(area, name, Level.WARN, "exposed", warning, do="Let nobody but the owner read the file of its key.")
    if chosen.not_after is not None and chosen.not_after - now <= SOON:
        what = f"it ends on {chosen.not_after:%Y-%m-%d}, in {max(0, (chosen.not_after - now).days)} days"
        yield Check(area, name, Level.WARN, "ends-soon", what, do="Renew it before that day.")
    else:
        until = "" if chosen.not_after is None else f" until {chosen.not_after:%Y-%m-%d}"
        yield Check(area, name, Level.OK, "fine", f"valid{until}; {selection.why.text}")


def _why_none(selection: CertificateSelection) -> str:
    if not selection.rejected:
        return selection.why.text
    shown = [f"{_name(one)}: {one.reasons[-1].text}" for one in selection.rejected[:_MOST]]
    rest = len(selection.rejected) - _MOST
    return "; ".join(shown) + (f"; and {rest} more" if rest > 0 else "")


def _name(one: CertificateEvaluation) -> str:
    return one.certificate.subject or one.certificate.where
