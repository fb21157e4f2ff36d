"""Which accounts are shown to a server that does not answer everybody, and in which order."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..model.directory import DirectorySecurity
from ..model.endpoints import Scheme
from ..model.facts import Membership
from ..model.login import Authentication, DirectoryAuthentication, Login, Mechanism, Proof
from ..model.rule import decides
from ..model.secret import Secret

__all__ = ["DirectoryLogins", "plan_directory_logins", "plan_logins", "plan_proofs"]

_MECHANISMS = {
    Authentication.AUTO: (Mechanism.KERBEROS, Mechanism.NTLM),
    Authentication.KERBEROS: (Mechanism.KERBEROS,),
    Authentication.NTLM: (Mechanism.NTLM,),
    Authentication.NONE: (),
}


@decides("CL-021", "CL-022", "CF-030")
def plan_proofs(
    scheme: Scheme, membership: Membership, *, has_certificate: bool, has_account: bool
) -> tuple[Proof, ...]:
    """What a client shows, the first thing first; the next one follows when the server refused.

    Args:
        scheme: How the server is asked. Over HTTP there is no certificate to show.
        membership: What the client is joined to. In a workgroup it has no account of its own that a server would know;
            where that is not known, it may have one.
        has_certificate: Whether it has a PKI certificate.
        has_account: Whether an account was given, such as the network access account.
    """
    shows_certificate = scheme is Scheme.HTTPS and has_certificate
    proofs = [Proof.CERTIFICATE if shows_certificate else Proof.ANONYMOUS]
    if membership is not Membership.WORKGROUP:
        proofs.append(Proof.OWN_ACCOUNT)
    if has_account:
        proofs.append(Proof.GIVEN_ACCOUNT)
    return tuple(proofs)


def plan_logins(
    proofs: Sequence[Proof],
    allowed: Authentication,
    *,
    user: str | None = None,
    password: Secret | None = None,
    keytab: str | None = None,
) -> tuple[Login, ...]:
    """The logins that proofs come to: for each account Kerberos, then NTLM.

    NTLM answers can be passed on to another server by whoever receives them, and nothing is typed in to log in with
    one's own account. So that account is shown by NTLM only where ``allowed`` says NTLM in so many words.

    Args:
        proofs: What is shown, in order; those that are no account are left out.
        allowed: Which mechanisms may be used.
        user: The account that was given; None for that of the keytab.
        password: Its password; None for none.
        keytab: File with its key; None for none.
    """
    logins = []
    for proof in proofs:
        for mechanism in _MECHANISMS[allowed]:
            if proof is Proof.OWN_ACCOUNT and (mechanism is Mechanism.KERBEROS or allowed is Authentication.NTLM):
                logins.append(Login(mechanism))
            if proof is Proof.GIVEN_ACCOUNT and (mechanism is Mechanism.KERBEROS or password is not None):
                key = keytab if mechanism is Mechanism.KERBEROS else None
                logins.append(Login(mechanism, user, None if key else password, key))
    return tuple(logins)


class DirectoryLogins(NamedTuple):
    """How to log in to a directory.

    Attributes:
        security: How the connection is protected; never AUTO.
        logins: What is tried, in order; empty for a simple bind, or an anonymous one where there is no password.
    """

    security: DirectorySecurity
    logins: tuple[Login, ...] = ()


def plan_directory_logins(
    how: DirectoryAuthentication,
    security: DirectorySecurity,
    *,
    user: str | None = None,
    password: Secret | None = None,
    keytab: str | None = None,
    has_ticket: Callable[[], bool],
) -> DirectoryLogins:
    """Choose how to log in to a directory, the safest way that what is there allows.

    A password goes by a simple bind inside TLS, which needs nothing besides; a keytab, or the ticket of whoever is
    logged on, by Kerberos, which encrypts by itself as domain members do. With nothing to log in with, nobody does.

    Args:
        how: The setting.
        security: The setting.
        user: Who; None for whoever is logged on, or the first of the keytab.
        password: That user's password; None for none.
        keytab: File with that user's key; None for none.
        has_ticket: Finds out whether somebody is logged on; asked only when that decides.
    """
    account = Proof.OWN_ACCOUNT if user is None and keytab is None else Proof.GIVEN_ACCOUNT
    allowed = Authentication.AUTO
    if how in {DirectoryAuthentication.KERBEROS, DirectoryAuthentication.NTLM}:
        allowed = Authentication(how.value)
    elif how is DirectoryAuthentication.SIMPLE or not (
        security is DirectorySecurity.SEALED
        or keytab is not None
        or (password is None and security is not DirectorySecurity.CLEAR and has_ticket())
    ):
        return DirectoryLogins(DirectorySecurity.STARTTLS if security is DirectorySecurity.AUTO else security)
    sealed = DirectorySecurity.SEALED if security is DirectorySecurity.AUTO else security
    logins = plan_logins([account], allowed, user=user, password=password, keytab=keytab)
    return DirectoryLogins(sealed, logins)
