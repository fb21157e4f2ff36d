"""Settings about logging in that are right alone and wrong together."""

from collections.abc import Iterator, Mapping

from .model.directory import DirectorySecurity
from .model.login import Authentication, DirectoryAuthentication

__all__ = ["find_login_conflicts"]

_TAKES_KEYTAB = {DirectoryAuthentication.AUTO, DirectoryAuthentication.KERBEROS}
_BY_LOGIN = {DirectoryAuthentication.KERBEROS, DirectoryAuthentication.NTLM}


def find_login_conflicts(values: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], bool, str]]:
    """Conflicts between the settings of logging in.

    Args:
        values: Every setting by name.

    Yields:
        The settings that take part, the one at fault first; whether they are in conflict; and what is wrong.
    """
    yield from _directory_conflicts(values)
    has_account = values["http_user"] is not None
    yield (
        ("http_password_file", "http_user"),
        values["http_password_file"] is not None and not has_account,
        "there is a password and no http_user to go with it",
    )
    yield (
        ("http_keytab", "http_authentication"),
        values["http_keytab"] is not None and values["http_authentication"] is Authentication.NTLM,
        "a keytab is for Kerberos, and http_authentication is ntlm",
    )


def _directory_conflicts(values: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], bool, str]]:
    how, security = values["directory_authentication"], values["directory_security"]
    user, keytab = values["directory_user"] is not None, values["directory_keytab"] is not None
    password = values["directory_password"] is not None or values["directory_password_file"] is not None
    passwords = ("directory_password", "directory_password_file")
    yield (
        ("directory_user", *passwords, "directory_keytab", "directory_authentication"),
        (password and not user)
        or (user and not password and not keytab and how is not DirectoryAuthentication.KERBEROS),
        "it needs a password: set directory_password or directory_password_file, or directory_keytab for Kerberos"
        if user
        else "there is a password and no user to go with it",
    )
    yield (
        ("directory_keytab", "directory_authentication"),
        keytab and how not in _TAKES_KEYTAB,
        "a keytab is for Kerberos, and directory_authentication says otherwise",
    )
    yield (
        ("directory_keytab", *passwords),
        keytab and password,
        "there is a password as well; give one of them",
    )
    yield (
        ("directory_security", "directory_authentication", "directory_keytab"),
        security is DirectorySecurity.CLEAR and (how in _BY_LOGIN or keytab),
        "Kerberos and NTLM encrypt; set it to sealed, starttls or ldaps",
    )
    yield (
        ("directory_security", "directory_authentication"),
        security is DirectorySecurity.SEALED and how is DirectoryAuthentication.SIMPLE,
        "a simple bind cannot encrypt; set directory_authentication to kerberos or ntlm, or this to starttls",
    )
