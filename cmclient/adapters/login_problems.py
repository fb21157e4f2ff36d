"""Why a login failed, in words for a person: what Kerberos, NTLM and Windows say by number."""

import re
import sys
from collections.abc import Mapping
from typing import NamedTuple

from ..model.login import Login, Mechanism

__all__ = ["INSTALL_KERBEROS", "INSTALL_NTLM", "REASONS", "LoginProblem", "find_problem"]

INSTALL_NTLM = "python -m pip install 'cmclient[negotiate]'"
INSTALL_KERBEROS = "python -m pip install 'cmclient[kerberos]'"


class LoginProblem(NamedTuple):
    """Why a login failed.

    Attributes:
        reason: What it was, in kebab-case; a key of ``REASONS``.
        detail: More, for a person; empty when the reason says it all.
        hint: What to do; empty when there is nothing sensible to say.
    """

    reason: str
    detail: str = ""
    hint: str = ""

    def __str__(self) -> str:
        """In words."""
        return f"{REASONS[self.reason]}: {self.detail}" if self.detail else REASONS[self.reason]


REASONS: Mapping[str, str] = {
    "not-installed": "what it needs is not installed",
    "not-offered": "the server does not offer it",
    "only-basic": "the server offers Basic only, where the password itself crosses the network; that is never sent",
    "no-scheme": "the server offers neither Negotiate nor NTLM",
    "no-ticket": "there is no Kerberos ticket",
    "no-key": "the keytab has no key that fits",
    "no-password": "there is no password to log in with",
    "wrong-password": "the password or the key is wrong",
    "unknown-user": "the domain does not know the user",
    "account": "the account cannot be used",
    "clock-skew": "the clock of this computer and that of the domain are too far apart",
    "expired": "the ticket has expired",
    "unknown-service": "the domain does not know the server by this name",
    "no-kdc": "no domain controller of the Kerberos realm answers",
    "refused": "the server refused it",
    "bad-token": "what the server sent to log in with cannot be used",
    "not-mutual": "the server did not prove who it is",
    "not-sealed": "the server would not agree to encrypt",
    "too-many-rounds": "the server goes on asking without end",
    "connection-closed": "the server closed the connection in the middle",
    "through-proxy": "a proxy in between would share the connection with others",
    "failed": "it failed",
}
"""Every reason, and what it means."""

_HINTS: Mapping[str, str] = {
    "no-ticket": "Get a ticket with kinit, or give a user with a password file or a keytab.",
    "no-password": "Give a user and a password file.",
    "no-key": "See with klist -k whose keys the keytab holds, and name that user.",
    "wrong-password": "Check the user and the password file, or make the keytab anew.",
    "unknown-user": "Check the name; it is like user@domain.example.",
    "account": "See whether it is locked, disabled or expired, or its password has expired.",
    "clock-skew": "Set the clock; five minutes are the most.",
    "expired": "Get a new one with kinit.",
    "unknown-service": "Ask it by the full name that it has in the domain, or register its service principal name.",
    "no-kdc": "Check krb5.conf and the DNS servers: the realm has to lead to a domain controller.",
}

# Kerberos (MIT and Heimdal count alike), as signed numbers, then those of Windows.
_BY_CODE: Mapping[int, str] = {
    -1765328378: "unknown-user",  # KDC_ERR_C_PRINCIPAL_UNKNOWN
    -1765328377: "unknown-service",  # KDC_ERR_S_PRINCIPAL_UNKNOWN
    -1765328366: "account",  # KDC_ERR_CLIENT_REVOKED: disabled, locked, expired
    -1765328361: "account",  # KDC_ERR_KEY_EXP: the password has expired
    -1765328360: "wrong-password",  # KDC_ERR_PREAUTH_FAILED
    -1765328353: "wrong-password",  # KRB_AP_ERR_BAD_INTEGRITY
    -1765328352: "expired",  # KRB_AP_ERR_TKT_EXPIRED
    -1765328347: "clock-skew",  # KRB_AP_ERR_SKEW
    -1765328230: "no-kdc",  # KRB5_REALM_UNKNOWN
    -1765328229: "no-kdc",  # KRB5_SERVICE_UNKNOWN: a realm that DNS does not lead to
    -1765328228: "no-kdc",  # KRB5_KDC_UNREACH
    -1765328164: "no-kdc",  # KRB5_REALM_CANT_RESOLVE
    -1765328203: "no-key",  # KRB5_KT_NOTFOUND
    -1765328245: "no-key",  # KRB5_KT_BADNAME
    -1765328155: "no-key",  # KRB5_KEYTAB_BADVNO
    -1765328174: "no-key",  # KRB5_KT_END
    -1765328243: "no-ticket",  # KRB5_CC_NOTFOUND
    -1765328189: "no-ticket",  # KRB5_FCC_NOFILE
    -1765328190: "no-ticket",  # KRB5_FCC_PERM
    -1765328188: "no-ticket",  # KRB5_FCC_INTERNAL
    -1765328160: "no-ticket",  # KRB5_CONFIG_NODEFREALM: nobody ever logged in here
    -2146893042: "no-ticket",  # SEC_E_NO_CREDENTIALS
    -2146893044: "wrong-password",  # SEC_E_LOGON_DENIED
    -2146893053: "unknown-service",  # SEC_E_TARGET_UNKNOWN
    -2146893022: "unknown-service",  # SEC_E_WRONG_PRINCIPAL
    -2146893020: "clock-skew",  # SEC_E_TIME_SKEW
    -2146893039: "no-kdc",  # SEC_E_NO_AUTHENTICATING_AUTHORITY
    -2146893048: "bad-token",  # SEC_E_INVALID_TOKEN
}
_NO_CREDENTIALS = 458752  # GSS_S_NO_CRED
_EXPIRED = 720896  # GSS_S_CREDENTIALS_EXPIRED
_SIGNED = 1 << 31
_TRAILING_NUMBER = re.compile(r"\s-\d{10}$")  # that krb5 ends its words with
_SHOWN = 200  # characters of a library's words


def find_problem(error: BaseException, login: Login) -> LoginProblem:
    """Say why a login failed.

    Args:
        error: What pyspnego, gssapi, krb5 or Windows raised.
        login: What was tried.
    """
    if isinstance(error, ImportError):
        needed = INSTALL_KERBEROS if login.mechanism is Mechanism.KERBEROS else INSTALL_NTLM
        return LoginProblem("not-installed", hint=f"Install it: {needed}")
    if isinstance(error, OSError) and login.keytab is not None and not hasattr(error, "winerror"):
        return LoginProblem("no-key", f"{login.keytab}: {error.strerror or error}", _HINTS["no-key"])
    if login.mechanism is Mechanism.NTLM and login.password is None and sys.platform != "win32":
        return LoginProblem("no-password", hint=_HINTS["no-password"])
    base = getattr(error, "base_error", None) or error
    codes = [getattr(base, name, None) for name in ("min_code", "err_code", "winerror")]
    for code in codes:
        if isinstance(code, int) and (reason := _BY_CODE.get((code + _SIGNED) % (2 * _SIGNED) - _SIGNED)):
            return LoginProblem(reason, _words(base), _HINTS.get(reason, ""))
    reason = {_NO_CREDENTIALS: "no-ticket", _EXPIRED: "expired"}.get(getattr(base, "maj_code", 0), "failed")
    return LoginProblem(reason, _words(base), _HINTS.get(reason, ""))


def _words(error: BaseException) -> str:
    """What a library says, in one line; of GSSAPI only the part that tells something."""
    text = str(error)
    _, minor, told = text.partition("Minor (")
    text = told.partition("): ")[2] or text if minor else text
    text = _TRAILING_NUMBER.sub("", text)
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "..."
