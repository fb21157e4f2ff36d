"""Who logs in to a server, and how."""

from enum import Enum
from typing import NamedTuple

from .secret import Secret

__all__ = ["Authentication", "DirectoryAuthentication", "Login", "Mechanism", "Proof"]


class Mechanism(Enum):
    """How Windows-integrated authentication proves who one is."""

    KERBEROS = "kerberos"
    NTLM = "ntlm"


class Authentication(Enum):
    """How to log in to web servers that ask for it."""

    AUTO = "auto"
    KERBEROS = "kerberos"
    NTLM = "ntlm"
    NONE = "none"


class DirectoryAuthentication(Enum):
    """How to log in to a directory."""

    AUTO = "auto"
    """By what there is to log in with."""
    SIMPLE = "simple"
    KERBEROS = "kerberos"
    NTLM = "ntlm"


class Proof(Enum):
    """What a client shows a server, one after the other."""

    ANONYMOUS = "anonymous"
    CERTIFICATE = "certificate"
    OWN_ACCOUNT = "own-account"
    """That of the computer, or of whoever is logged on."""
    GIVEN_ACCOUNT = "given-account"
    """One that the settings name, such as the network access account."""


class Login(NamedTuple):
    r"""One way to log in.

    Attributes:
        mechanism: How.
        user: ``user@domain`` or ``DOMAIN\user``; None for whoever is logged on (ticket cache, Windows session).
        password: That user's password; None to take a ticket, or a key of ``keytab``.
        keytab: File with that user's Kerberos key; None for none.
    """

    mechanism: Mechanism
    user: str | None = None
    password: Secret | None = None
    keytab: str | None = None

    def __str__(self) -> str:
        """For a person."""
        who = self.user or ("the keytab" if self.keytab else "whoever is logged on")
        return f"{'Kerberos' if self.mechanism is Mechanism.KERBEROS else 'NTLM'} as {who}"
