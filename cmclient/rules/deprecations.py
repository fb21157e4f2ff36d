"""What still works, and what the product has announced the end of: worth a word, and never a reason to refuse."""

from collections.abc import Mapping, Sequence

from ..model.decision import Evaluation, Reason
from ..model.endpoints import ManagementPoint, SiteKind
from ..model.facts import ClientKind
from ..model.names import SiteCode
from ..model.rule import decides
from ..model.sslstate import Communication, communication_of

__all__ = ["find_kind_deprecation", "find_site_deprecation"]

_KINDS: Mapping[ClientKind, Reason] = {
    ClientKind.MAC: Reason("MC-016", "the client for macOS and its roles are deprecated, since December 2022"),
    ClientKind.MDM: Reason(
        "MD-028", "on-premises device management and its enrollment roles are deprecated since 2022"
    ),
    ClientKind.MOBILE: Reason("MD-028", "the enrollment roles that enroll mobile devices are deprecated since 2022"),
}


def find_kind_deprecation(kind: ClientKind) -> Reason | None:
    """What is deprecated of a kind of client; None when nothing is."""
    return _KINDS.get(kind)


@decides("WL-011")
def find_site_deprecation(judged: Sequence[Evaluation], site: SiteCode | None) -> Reason | None:
    """That a site lets its clients talk HTTP alone, which is deprecated.

    Args:
        judged: Every management point that is known.
        site: The assigned site; None where there is none.

    Returns:
        The warning where those of the site say how they talk, and each says HTTP; None where one says anything else, or
        none says. One of enhanced HTTP, and a gateway, is not HTTP alone.
    """
    own = [one.mp for one in judged if one.mp is not None and _is_of_site(one.mp, site)]
    said = {communication_of(mp.ssl_state) for mp in own} - {Communication.UNKNOWN}
    if site is None or said != {Communication.HTTP}:
        return None
    text = f"site {site} takes clients over HTTP alone, which is deprecated: go to HTTPS or enhanced HTTP"
    return Reason("WL-011", text)


def _is_of_site(mp: ManagementPoint, site: SiteCode | None) -> bool:
    return mp.site_code in {None, site} and mp.site_kind is not SiteKind.SECONDARY
