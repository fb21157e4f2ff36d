"""The part of the composition root that is about logging in: as whom, to the directory and to web servers."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from .accounts import has_account
from .assemble_trust import Resolve, read_password_file
from .config import ClientConfig
from .errors import ConfigError
from .model.directory import DirectoryCredentials
from .model.endpoints import Scheme
from .model.facts import Membership
from .model.login import Authentication, Login, Mechanism, Proof
from .model.secret import Secret
from .ports import DirectoryService

if TYPE_CHECKING:
    from .adapters.http_asked import FindLogins

__all__ = [
    "build_directory",
    "find_http_logins",
    "find_share_login",
    "lacks_http_password",
    "read_directory_credentials",
]


def read_directory_credentials(config: ClientConfig) -> DirectoryCredentials | None:
    """Who asks the directory with a password; None when nobody does.

    Raises:
        ConfigError: The password file cannot be read, or is empty.
    """
    if config.directory_user is None or config.directory_keytab is not None:
        return None
    password = config.directory_password or read_password_file(
        config.directory_password_file, "directory_password_file"
    )
    if password is not None:
        return DirectoryCredentials(config.directory_user, password)
    if config.directory_password_file is not None:
        raise ConfigError(("directory_user is set and no password: directory_password_file has an empty first line",))
    return None  # the settings were checked: Kerberos, with that user's ticket


def build_directory(
    config: ClientConfig, credentials: DirectoryCredentials | None, resolve: Resolve | None
) -> DirectoryService:
    """The directory service that the settings ask for.

    Args:
        config: The settings.
        credentials: Who asks with a password; None for nobody.
        resolve: Finds the addresses of host names; None for the operating system's resolver.
    """
    from .adapters.ldap import LdapDirectory
    from .adapters.tickets import has_ticket
    from .rules.login import plan_directory_logins

    plan = plan_directory_logins(
        config.directory_authentication,
        config.directory_security,
        user=config.directory_user,
        password=credentials and credentials.password,
        keytab=config.directory_keytab,
        has_ticket=has_ticket,
    )
    return LdapDirectory(
        credentials=credentials,
        logins=plan.logins,
        security=plan.security,
        ca_file=config.directory_ca_file or config.ca_file,
        connect_timeout=config.connect_timeout,
        allow_clear_text_bind=config.directory_allow_clear_text_bind,
        source_address=config.bind_address,
        resolve=resolve,
    )


def lacks_http_password(config: ClientConfig) -> bool:
    """Whether a user is to log in to web servers, and nothing says with which password or key."""
    has_key = config.http_password_file is not None or config.http_keytab is not None
    by_ticket = config.http_authentication in {Authentication.NONE, Authentication.KERBEROS}
    return config.http_user is not None and not has_key and not by_ticket


def find_http_logins(
    config: ClientConfig,
    membership: Callable[[], Membership],
    *,
    has_certificate: bool,
    password: Secret | None = None,
) -> "FindLogins | None":
    """How to find the logins for a web server that asks who we are.

    Args:
        config: The settings.
        membership: Finds out what this machine is joined to; asked when a server wants a login.
        has_certificate: Whether we have a PKI certificate to show.
        password: The user's password as a person gave it; None to take that of the file.

    Returns:
        Finds them; None when nobody is to be told who we are.

    Raises:
        ConfigError: The password file cannot be read.
    """
    if config.http_authentication is Authentication.NONE:
        return None
    known = password or read_password_file(config.http_password_file, "http_password_file")
    given = has_account(config)

    @cache
    def find(scheme: Scheme) -> tuple[Login, ...]:
        from .rules.login import plan_logins, plan_proofs

        proofs = plan_proofs(scheme, membership(), has_certificate=has_certificate, has_account=given)
        return plan_logins(
            proofs, config.http_authentication, user=config.http_user, password=known, keytab=config.http_keytab
        )

    return find


def find_share_login(config: ClientConfig, password: Secret | None = None) -> Login | None:
    """Who logs in to network shares: the account of the settings ``http_user`` and what goes with it.

    Args:
        config: The settings.
        password: That account's password, where a person gave it.

    Returns:
        None for whoever is logged on here.

    Raises:
        ConfigError: The password file cannot be read.
    """
    if config.http_user is None:
        return None
    from .rules.login import plan_logins

    password = password or read_password_file(config.http_password_file, "http_password_file")
    logins = plan_logins((Proof.GIVEN_ACCOUNT,), config.http_authentication, user=config.http_user, password=password)
    by_password = [one for one in logins if one.mechanism is Mechanism.NTLM]
    return next(iter((*by_password, *logins)), None)
