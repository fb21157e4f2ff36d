"""What is known of the certificate with which a client proves who it is."""

from typing import NamedTuple

__all__ = ["ClientCertificate"]


class ClientCertificate(NamedTuple):
    """The client certificate that the settings name, as far as it could be read. Holds no key.

    Attributes:
        subject: Its subject, as one line of text (RFC 4514); empty when it could not be read.
        issuer: Its issuer, likewise.
        not_before: From when it is valid, in UTC, ISO 8601; empty when it could not be read.
        not_after: Until when it is valid, likewise.
        problem: Why it cannot be used, as the end of a sentence; empty when it can.
    """

    subject: str = ""
    issuer: str = ""
    not_before: str = ""
    not_after: str = ""
    problem: str = ""
