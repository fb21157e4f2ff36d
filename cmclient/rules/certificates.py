"""Whether the client is set for HTTPS."""

from ..model.certificates import ClientCertificate
from ..model.rule import decides

__all__ = ["find_https_ability"]


@decides("ML-034")
def find_https_ability(*, use_pki_cert: bool, certificate: ClientCertificate | None) -> tuple[bool, str]:
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
