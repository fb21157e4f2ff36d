"""What a cloud management gateway means by a refusal. Its reason stands in the status line, where nobody looks."""

from typing import NamedTuple

from ..model.rule import decides

__all__ = ["GatewayRefusal", "explain_gateway_refusal"]

_UNAUTHORIZED, _FORBIDDEN = 401, 403
_BEHIND = "the gateway was reached, and what stands behind it was not"


class GatewayRefusal(NamedTuple):
    """What a refusal means, and what to do about it.

    Attributes:
        meaning: What happened, as the rest of a sentence.
        hint: What to do; empty when there is nothing sensible to say.
    """

    meaning: str
    hint: str


_PHRASES = {
    "cmgconnector_clientcertificaterequired": GatewayRefusal(
        "its connection point has no client certificate that the management point takes",
        "On the site: give the connection point a client authentication certificate; the management point uses HTTPS,"
        " and nothing is wrong with the certificate of this client.",
    ),
    "cmgconnector_forbidden": GatewayRefusal(
        "the management point behind it turned its connection point away",
        "On the site: look at the binding of HTTPS in IIS of the management point, and at its certificate.",
    ),
    "cmgservice_invalid_token": GatewayRefusal(
        "the gateway works, and the token is missing or has expired",
        "Tokens are not supported: set client_certificate to a certificate that the gateway trusts.",
    ),
}
_SEE_BEHIND = (
    "On the site: see whether the management points behind it run, and what the connection point writes of them."
)
_STATUSES = {
    _UNAUTHORIZED: GatewayRefusal(
        "the gateway works and wants a token, or another certificate",
        "Tokens are not supported: set client_certificate to a certificate that the gateway trusts.",
    ),
    _FORBIDDEN: GatewayRefusal(
        "the gateway works and did not accept the client certificate",
        "Was its root authority uploaded to the gateway? Is the certificate revoked, or of another purpose?",
    ),
    404: GatewayRefusal(
        "the gateway does not know this path", "Compare the number at the end of its address with that of the site."
    ),
    500: GatewayRefusal(_BEHIND, _SEE_BEHIND),
    502: GatewayRefusal(_BEHIND, _SEE_BEHIND),
    503: GatewayRefusal(
        "no connection point of the site is connected to the gateway, or it is busy",
        "On the site: see whether the connection point runs and is connected, and whether a management point behind it"
        " answers.",
    ),
    504: GatewayRefusal(_BEHIND, _SEE_BEHIND),
}


@decides("CG-036")
def explain_gateway_refusal(status: int, phrase: str) -> GatewayRefusal | None:
    """Say what a gateway means.

    Whatever it is, it counts against this gateway alone: somebody who refuses was reached, and says nothing about
    where the client is.

    Args:
        status: The HTTP status.
        phrase: What the status line says besides; case does not count.

    Returns:
        None for a status that means nothing in particular.
    """
    return _PHRASES.get(phrase.strip().lower()) or _STATUSES.get(status)
