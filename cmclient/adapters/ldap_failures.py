"""What a failure that ldap3 reports means for the one who asked."""

import re
from typing import Any

from ldap3.core import exceptions as ldap
from ldap3.core import results

from ..errors import (
    DirectoryError,
    DirectoryRefusedError,
    DirectoryTimeoutError,
    DirectoryTrustError,
    DirectoryUnreachableError,
)

__all__ = ["directory_failure", "result_failure"]

_LOGIN_HINT = "set directory_user and directory_password, or log in with Kerberos (directory_authentication)"
_SECURITY_HINT = "set directory_security to starttls, ldaps or sealed"

# The code that Active Directory puts into its text for result 49, "80090308: ... data 52e, v4563".
_AD_CODE = re.compile(r"\bdata ([0-9a-f]{1,8})\b", re.IGNORECASE)
_AD_REASONS = {
    "525": "the user does not exist",
    "52e": "the user or the password is wrong",
    "52f": "the account is restricted",
    "530": "the account may not log in at this time",
    "531": "the account may not log in from this computer",
    "532": "the password has expired",
    "533": "the account is disabled",
    "568": "the account is in too many groups",
    "701": "the account has expired",
    "773": "the password must be changed first",
    "775": "the account is locked out",
}

_TIMEOUTS = (ldap.LDAPResponseTimeoutError, ldap.LDAPMaximumRetriesError, TimeoutError)
_TRUST = (
    ldap.LDAPCertificateError,
    ldap.LDAPSSLConfigurationError,
    ldap.LDAPSSLNotSupportedError,
    ldap.LDAPStartTLSError,
    ldap.LDAPInvalidTlsSpecificationError,
    ldap.LDAPSignatureVerificationFailedError,
)
_LOGIN = (
    ldap.LDAPBindError,
    ldap.LDAPUserNameIsMandatoryError,
    ldap.LDAPUserNameNotAllowedError,
    ldap.LDAPPasswordIsMandatoryError,
    ldap.LDAPSASLPrepError,
    ldap.LDAPSASLBindInProgressError,
    ldap.LDAPSASLMechanismNotSupportedError,
    ldap.LDAPUnknownAuthenticationMethodError,
)
_UNREACHABLE = (ldap.LDAPCommunicationError, ldap.LDAPInvalidServerError, ldap.LDAPInvalidPortError, OSError)

_BUSY = {results.RESULT_BUSY, results.RESULT_UNAVAILABLE}
_UNPROTECTED = {results.RESULT_STRONGER_AUTH_REQUIRED, results.RESULT_CONFIDENTIALITY_REQUIRED}
_SAID = 160  # characters of a server's own words that are shown


def directory_failure(error: ldap.LDAPException, server: str, *, anonymous: bool) -> DirectoryError:
    """Make an error of ours of one of ldap3's.

    Args:
        error: What ldap3 raised.
        server: ``host:port``.
        anonymous: Whether the asking was done without credentials.
    """
    if isinstance(error, ldap.LDAPOperationResult):
        code = error.result if isinstance(error.result, int) else _code_of(type(error))
        details = {"description": error.description, "message": error.message}
        return result_failure(code, details, server, anonymous=anonymous)
    text = _printable(str(error)) or type(error).__name__
    if isinstance(error, _TIMEOUTS):
        return DirectoryTimeoutError(f"{server} did not answer in time", server=server)
    if isinstance(error, ldap.LDAPSessionTerminatedByServerError):
        return DirectoryUnreachableError(f"{server} closed the connection", server=server)
    if isinstance(error, _TRUST):
        return DirectoryTrustError(f"the connection to {server} cannot be trusted: {text}", server=server)
    if isinstance(error, _LOGIN):
        return DirectoryRefusedError(
            f"{server} was not asked: with these credentials no login is possible ({text})",
            server=server,
            hint=_LOGIN_HINT,
        )
    if isinstance(error, _UNREACHABLE):
        return DirectoryUnreachableError(f"no connection to {server}: {text}", server=server)
    return DirectoryError(f"{server} could not be searched: {text}", server=server)


def result_failure(
    code: int | None, details: dict[str, Any], server: str, *, anonymous: bool = False
) -> DirectoryError:
    """Make an error of an LDAP result that is no success.

    Args:
        code: The result code; None when it is not known.
        details: What came with it: ``description`` is its name, ``message`` the server's own words.
        server: ``host:port``.
        anonymous: Whether the asking was done without credentials.
    """
    name = details.get("description") or f"result {code}"
    said = _printable(str(details.get("message") or ""))
    reason = f"{name}: {said}" if said else name
    if code == results.RESULT_INVALID_CREDENTIALS:
        found = _AD_CODE.search(said)
        reason = _AD_REASONS.get(found[1].lower(), reason) if found else reason
        return DirectoryRefusedError(f"{server} refused the login: {reason}", server=server, hint=_LOGIN_HINT)
    if code in _UNPROTECTED:
        return DirectoryRefusedError(
            f"{server} demands a protected connection ({reason})", server=server, hint=_SECURITY_HINT
        )
    if code == results.RESULT_TIME_LIMIT_EXCEEDED:
        return DirectoryTimeoutError(f"{server} gave the search up for its time limit", server=server)
    if code in _BUSY:
        return DirectoryUnreachableError(f"{server} is there, and not ready: {reason}", server=server)
    if code == results.RESULT_OPERATIONS_ERROR and anonymous:
        return DirectoryRefusedError(
            f"{server} answers only to those who log in ({reason})", server=server, hint=_LOGIN_HINT
        )
    return DirectoryRefusedError(f"{server} refused ({reason})", server=server)


def _code_of(kind: type[ldap.LDAPOperationResult]) -> int | None:
    codes = [code for code, known in ldap.exception_table.items() if known is kind]
    return codes[0] if codes else None


def _printable(text: str) -> str:
    """A server's words in one line, without what could play tricks on a terminal."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= _SAID else shown[: _SAID - 3] + "..."
