"""What a cloud management gateway does with a request: it is handed to a management point behind it."""

from typing import NamedTuple

from ..model.names import HostName
from .description import SiteSystem
from .faults import CERTIFICATE_FAULTS, NO_ANSWER_FAULTS, FaultBoard, FaultKind, Role

__all__ = ["GATEWAY_PREFIX", "GatewayError", "Handover", "hand_over"]

GATEWAY_PREFIX = "/ccm_proxy_mutualauth/"
_NOT_FOUND, _FORBIDDEN, _UNAVAILABLE = 404, 403, 503
_DEAD = NO_ANSWER_FAULTS | CERTIFICATE_FAULTS | {FaultKind.REFUSE, FaultKind.RESET}


class Handover(NamedTuple):
    """To whom a request is handed, and for which path."""

    mp: HostName
    path: str


class GatewayError(NamedTuple):
    """What the gateway says itself: a status, and its reason for the status line; empty for the usual words."""

    status: int
    phrase: str = ""


def hand_over(gateway: SiteSystem, path: str, faults: FaultBoard) -> Handover | GatewayError:
    """Find the management point for a request.

    Args:
        gateway: The gateway.
        path: Path and query, with the path of the gateway in front.
        faults: What is wrong with the management points.

    Returns:
        The first one that can be reached; what a gateway says when none can, as in the samples.
    """
    own = gateway.gateway or ""
    if not path.lower().startswith(f"{own.lower()}/"):
        return GatewayError(_NOT_FOUND)
    for mp in gateway.behind:
        fault = faults.find(mp, Role.MP)
        kind = None if fault is None else fault.kind
        if kind in _DEAD:
            continue
        if kind is FaultKind.HTTP_403:
            return GatewayError(_FORBIDDEN, "CMGConnector_Forbidden")
        if kind is FaultKind.HTTP_401:
            return GatewayError(_FORBIDDEN, "CMGConnector_Clientcertificaterequired")
        if kind is not None and kind.status is not None:
            return GatewayError(kind.status)
        return Handover(mp, path[len(own) :])
    return GatewayError(_UNAVAILABLE)
