"""CM 2007: which of several client certificates is used."""

from collections.abc import Sequence

from ..model.certificates import ClientCertificate
from ..model.decision import Reason

__all__ = ["choose_legacy_certificate"]


def choose_legacy_certificate(
    fitting: Sequence[ClientCertificate], *, takes_any: bool = False
) -> tuple[ClientCertificate | None, Reason]:
    """Choose among the certificates that fit; unlike today, several are as good as none.

    Args:
        fitting: The usable ones that passed every criterion.
        takes_any: The site, or ``CCMFIRSTCERT=1``, says that any that fits may be taken.

    Returns:
        The certificate and why: the only one; of several the one that is valid longest where any may be taken, else
        None, and the client cannot communicate.
    """
    if not fitting:
        return None, Reason("L7-044", "no certificate fits")
    if len(fitting) == 1:
        return fitting[0], Reason("L7-044", "the only certificate that fits")
    if takes_any:
        longest = max(fitting, key=lambda one: (one.not_after, one.subject))
        return longest, Reason("L7-044", f"of {len(fitting)} that fit the one that is valid longest: any may be taken")
    text = f"{len(fitting)} certificates fit, so none is selected: narrow the criteria, or set CCMFIRSTCERT=1"
    return None, Reason("L7-044", text)
