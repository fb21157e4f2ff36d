"""Enrollment of devices: who is enrolled, what the discovery service is asked and what it answers."""

import re
from typing import NamedTuple, Self

from ..errors import InvalidValueError
from .endpoints import Endpoint
from .names import DnsDomain

__all__ = ["DiscoveryRequest", "EnrollmentServices", "PrincipalName"]

_USER = r"[^\s@<>\"'&]{1,64}"


class PrincipalName(str):
    """The principal name of a user (UPN), ``USER@DOMAIN``; as given, the domain in lower case."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check a principal name; surrounding blanks are dropped.

        Raises:
            InvalidValueError: It has not exactly one ``@`` between a name of at most 64 printable characters and a DNS
                domain.
        """
        user, at, domain = value.strip().partition("@")
        if not at or not re.fullmatch(_USER, user) or not user.isprintable():
            raise InvalidValueError("user principal name", value, "write USER@DOMAIN")
        return super().__new__(cls, f"{user}@{DnsDomain(domain)}")

    @property
    def domain(self) -> DnsDomain:
        """What stands after the ``@``: the mail domain, where enrollment is looked for."""
        return DnsDomain(self.partition("@")[2])


class DiscoveryRequest(NamedTuple):
    """What a discovery service is asked.

    Attributes:
        user: Whom the device is to be enrolled for; text as sent, cut short and made printable, when it was read.
        message_id: Id of the message, such as ``urn:uuid:...``.
        version: The version of the request.
        auth_policies: The ways in which the device can prove who its user is.
    """

    user: str
    message_id: str
    version: str = "4.0"
    auth_policies: tuple[str, ...] = ("OnPremise", "Federated")


class EnrollmentServices(NamedTuple):
    """What a discovery service answers.

    Attributes:
        service: Where devices are enrolled: the server, always over HTTPS.
        service_path: The path of that service on it; begins with a slash, or is empty.
        policy: Where the enrollment policy is; None when not sent.
        auth_policy: How users prove who they are, as sent; empty when not sent.
        version: Version of the enrollment protocol, as sent; empty when not sent.
    """

    service: Endpoint
    service_path: str
    policy: Endpoint | None = None
    auth_policy: str = ""
    version: str = ""
