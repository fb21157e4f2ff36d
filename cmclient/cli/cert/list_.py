"""``cmclient cert list``."""

import argparse
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...rules.explain import Outline
from ..codes import DONE, NONE_ELIGIBLE, NONE_FOUND
from ..options import add_facts, add_lab, add_settings
from ..render import Table, print_json, show

if TYPE_CHECKING:
    from ...config import ClientConfig
    from ...model.certificates import CertificateEvaluation, CertificateSelection, HeldCertificate

__all__ = ["HELP", "configure", "run"]

HELP = """\
List the certificates that client_certificate names (a file, PEM or PKCS#12, or a folder of them), best first, and say
which one a client here would show to HTTPS servers. Asks nobody and writes nothing; keys are looked at and never
printed.
Exit codes: 0 one is chosen, 3 there is none, 4 there are some and none is chosen.
"""

_NAME_ONE = "name a file or a folder of them: --certificate PATH"
_SCHEMA = "cmclient.certificates/1"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--explain", action="store_true", help="show for each certificate every rule that had a say")
    parser.add_argument("--certificate", metavar="PATH", help="a file or folder to look at; sets client_certificate")
    add_lab(parser)
    add_settings(parser)
    add_facts(parser)


def run(arguments: argparse.Namespace) -> int:
    """Judge and print."""
    from ...assemble_trust import select_own_certificate
    from ..site import open_settings

    if arguments.certificate is not None:
        arguments.set.append(f"client_certificate={arguments.certificate}")
    with open_settings(arguments, offline=True) as (config, run):
        computer = None if run.facts is None else run.facts.host
        selection = select_own_certificate(config, computer=computer).selection
    if arguments.format == "json":
        print_json(_document(config, selection))
    else:
        show(_items(config, selection, explain=arguments.explain))
    if selection.chosen is not None:
        return DONE
    return NONE_ELIGIBLE if selection.ranked or selection.rejected else NONE_FOUND


def _document(config: "ClientConfig", selection: "CertificateSelection") -> dict[str, Any]:
    judged = (*selection.ranked, *selection.rejected)
    return {
        "schema": _SCHEMA,
        "use_pki_cert": config.use_pki_cert,
        "client_certificate": config.client_certificate,
        "chosen": None if selection.chosen is None else selection.chosen.where,
        "why": selection.why._asdict(),
        "certificates": [
            {
                "where": one.certificate.where,
                "verdict": _verdict(one, selection),
                "subject": one.certificate.subject,
                "issuer": one.certificate.issuer,
                "alternative_names": list(one.certificate.alternatives),
                "not_before": _moment(one.certificate.not_before),
                "not_after": _moment(one.certificate.not_after),
                "key": one.certificate.key.value,
                "reasons": [reason._asdict() for reason in one.reasons],
                "warnings": list(one.certificate.warnings),
            }
            for one in judged
        ],
    }


def _verdict(one: "CertificateEvaluation", selection: "CertificateSelection") -> str:
    if one.certificate is selection.chosen:
        return "chosen"
    return "fits" if one.fits else "rejected"


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _items(config: "ClientConfig", selection: "CertificateSelection", *, explain: bool) -> list[str | Table | Outline]:
    items: list[str | Table | Outline] = [*_headline(config, selection)]
    judged = (*selection.ranked, *selection.rejected)
    if judged:
        items.append("")
    if explain:
        items += [_outline(one, selection) for one in judged]
    elif judged:
        items.append(_table(selection))
    warnings = [warning for one in judged for warning in one.certificate.warnings]
    if warnings:
        items += ["", *(f"Warning: {warning}" for warning in dict.fromkeys(warnings))]
    return items


def _headline(config: "ClientConfig", selection: "CertificateSelection") -> list[str]:
    if config.client_certificate is None and not (selection.ranked or selection.rejected):
        return ["No client certificate: the setting client_certificate names none.", f"  what next: {_NAME_ONE}"]
    chosen, why = selection.chosen, selection.why
    if chosen is None:
        return ["No client certificate.", f"  {why.rule:<7} {why.text}", *_hint(config, selection)]
    lines = [f"Client certificate: {chosen.subject or chosen.where} ({chosen.where})", f"  {why.rule:<7} {why.text}"]
    if not config.use_pki_cert:
        lines.append("  It is not used: use_pki_cert (/UsePKICert) is not set.")
    return lines


def _hint(config: "ClientConfig", selection: "CertificateSelection") -> list[str]:
    from ...model.certificates import KeyState

    if not any(one.certificate.key is KeyState.PROTECTED for one in selection.rejected):
        return []
    given = config.client_certificate_password_file
    if given is not None:
        return [
            f"  what next: see whether the first line of {given} (client_certificate_password_file) is the password"
        ]
    return ["  what next: put the password into a file that only you can read: client_certificate_password_file"]


def _table(selection: "CertificateSelection") -> Table:
    judged = (*selection.ranked, *selection.rejected)
    rows = tuple(
        (
            f"{place} *" if one.certificate is selection.chosen else str(place) if one.fits else "-",
            _name(one.certificate),
            _issuer(one.certificate),
            "?" if one.certificate.not_after is None else f"{one.certificate.not_after:%Y-%m-%d}",
            one.reasons[-1].rule,
            "fits" if one.fits else one.reasons[-1].text,
            one.certificate.where,
        )
        for place, one in enumerate(judged, 1)
    )
    marked = frozenset(index for index, one in enumerate(judged) if one.certificate is selection.chosen)
    return Table(
        "Client certificates, best first", ("#", "subject", "issuer", "until", "rule", "why", "where"), rows, marked
    )


def _name(certificate: "HeldCertificate") -> str:
    return certificate.subject or next(iter(certificate.alternatives), "?")


def _issuer(certificate: "HeldCertificate") -> str:
    return certificate.issuer or "?"


def _outline(one: "CertificateEvaluation", selection: "CertificateSelection") -> Outline:
    certificate = one.certificate
    said = []
    if certificate.not_before is not None and certificate.not_after is not None:
        said = [
            f"issuer {certificate.issuer}",
            f"valid from {certificate.not_before:%Y-%m-%d %H:%M} to {certificate.not_after:%Y-%m-%d %H:%M} UTC",
            *([f"alternative names {', '.join(certificate.alternatives[:8])}"] if certificate.alternatives else []),
        ]
    reasons = [f"{reason.rule:<7} {reason.text}" for reason in one.reasons]
    parts = (*said, *reasons, f"in {certificate.where}", *certificate.warnings)
    return Outline(f"{_verdict(one, selection)}: {_name(certificate)}", tuple(map(Outline, parts)))
