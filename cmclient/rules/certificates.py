"""Whether the client is set for HTTPS, and how closely it looks at servers."""

from typing import TYPE_CHECKING

from ..model.facts import ClientKind
from ..model.rule import decides

if TYPE_CHECKING:
    from ..model.certificates import ClientCertificate

__all__ = ["checks_revocation", "find_https_ability", "looks_at_subject_only"]


@decides("ML-034")
def find_https_ability(*, use_pki_cert: bool, certificate: "ClientCertificate | None") -> tuple[bool, str]:
    """Decide whether HTTPS management points stay in the list.

    Args:
        use_pki_cert: ``/UsePKICert`` or the setting.
        certificate: The client certificate; None when there is none.

    Returns:
        Whether the client can use HTTPS, and why, in a few words.
    """
    if not use_pki_cert:
        return False, "use_pki_cert (/UsePKICert) is not set"
    if certificate is None:
        return False, "no client certificate is set"
    if certificate.problem:
        return False, f"the client certificate cannot be used: {certificate.problem}"
    return True, f"client certificate {certificate.subject}"


@decides("MC-013", "TR-033", "TR-034", "TR-037")
def checks_revocation(kind: ClientKind, *, wanted: bool) -> bool:
    """Decide whether servers are checked for revocation.

    What the site says (bit 32 of its SSL state) does not count: a list that came over plain HTTP could turn the check
    off. Where the site does without, ``crl_check`` or ``/NoCRLCheck`` has to say so.

    Args:
        kind: What kind of client it is; a Mac always checks.
        wanted: The setting, or ``/NoCRLCheck``; on unless somebody turned it off.
    """
    return wanted or kind is ClientKind.MAC


@decides("MC-013")
def looks_at_subject_only(kind: ClientKind) -> bool:
    """Whether alternative names in a client's own certificates do not count: those of a Mac do not."""
    return kind is ClientKind.MAC
