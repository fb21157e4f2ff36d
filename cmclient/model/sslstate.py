"""SSL state bits: what a site, or a server of it, says of HTTP and HTTPS."""

from enum import Enum, IntFlag

__all__ = ["Communication", "SslState", "communication_of", "describe_ssl_state"]


class SslState(IntFlag):
    """The bits. Names and numbers are from documents; 0 and 63 were seen."""

    ENABLED = 1
    REQUIRED = 2
    CLIENT_CERTIFICATE = 4
    CLIENT_CERTIFICATE_REQUIRED = 8
    STRONG = 16
    REVOCATION_CHECK = 32
    HTTP_FALLBACK = 64
    WHEN_AVAILABLE = 128
    REGISTER_AGAIN = 256


class Communication(Enum):
    """How a site lets its clients talk to it."""

    HTTP = "HTTP"
    ENHANCED_HTTP = "enhanced HTTP"
    EITHER = "HTTPS or HTTP"
    HTTPS = "HTTPS only"
    UNKNOWN = "unknown"


_AS_WELL = SslState.HTTP_FALLBACK | SslState.WHEN_AVAILABLE


def communication_of(state: int | None) -> Communication:
    """What SSL state bits come to.

    Either fallback bit is HTTPS or HTTP, as in 159 and 448; else SSL required is HTTPS only, as in 31 and 63; SSL
    enabled and not required is enhanced HTTP; nothing of it is HTTP. None (not sent) is UNKNOWN.
    """
    if state is None:
        return Communication.UNKNOWN
    if state & _AS_WELL:
        return Communication.EITHER
    if state & SslState.REQUIRED:
        return Communication.HTTPS
    return Communication.ENHANCED_HTTP if state & SslState.ENABLED else Communication.HTTP


def describe_ssl_state(state: int | None) -> str:
    """The same in words, with the number; ``not stated`` for None."""
    if state is None:
        return "not stated"
    checks = ", with revocation check" if state & SslState.REVOCATION_CHECK else ""
    return f"{communication_of(state).value}{checks} (SSL state {state})"
