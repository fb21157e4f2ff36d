"""Active Directory over LDAP, with ldap3."""

import contextlib
import logging
import ssl
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import ldap3
from ldap3.core.exceptions import LDAPException, LDAPNoSuchObjectResult
from pyasn1.error import PyAsn1Error

from ..errors import (
    DirectoryError,
    DirectoryRefusedError,
    DirectoryTimeoutError,
    DirectoryTrustError,
    DirectoryUnreachableError,
)
from ..model.directory import (
    DirectoryCredentials,
    DirectoryEntry,
    DirectoryQuery,
    DirectorySecurity,
    DirectoryServer,
    Scope,
)
from ..model.http import Deadline
from ..model.login import Login
from ..model.rule import decides
from .addresses import Resolve, directory_addresses
from .ldap_failures import directory_failure, result_failure
from .ldap_wire import LdapWire

if TYPE_CHECKING:
    from .ldap_sealed import SealedLogin

__all__ = ["LdapDirectory"]

_log = logging.getLogger(__name__)

_LDAP_PORT, _LDAPS_PORT = 389, 636
_CATALOG_PORT, _CATALOG_TLS_PORT = 3268, 3269
_TLS_PORTS = {_LDAP_PORT: _LDAPS_PORT, _CATALOG_PORT: _CATALOG_TLS_PORT}
_START_TLS = "1.3.6.1.4.1.1466.20037"
_PAGED_RESULTS = "1.2.840.113556.1.4.319"
_PAGE = 500  # entries; a domain controller gives at most 1000 at once
_MAX_ENTRIES = 10_000  # of one conversation; no hierarchy publishes as many, and they are all held in memory
_MAX_PAGES = 1_000  # a server could go on with empty pages for ever
_SUCCESS, _REFERRAL = 0, 10

# What ldap3's decoder stumbles with when the server's bytes are LDAP in form only: it checks nothing.
_DECODER_FAULTS = (LookupError, TypeError, ValueError, AttributeError, RecursionError, PyAsn1Error)


class LdapDirectory:
    """``ports.DirectoryService`` over the network; each call is one connection.

    Args:
        credentials: Who asks, by a simple bind; None to ask anonymously, which a domain controller seldom allows.
        logins: Who asks, by Kerberos or NTLM: tried in order, in place of a simple bind. Without TLS what
            follows is sealed.
        security: How the connection is protected; AUTO is SEALED with ``logins`` and STARTTLS without. STARTTLS uses
            the server's port; LDAPS the TLS port that belongs to 389 or 3268, and any other port as it is.
        ca_file: PEM file with the authorities to trust; None for those that the system trusts.
        connect_timeout: Seconds to a TCP connection, for each address.
        allow_clear_text_bind: Send the password over an unprotected connection if ``security`` is CLEAR.
        source_address: Our own address to connect from; None to let the system choose.
        resolve: Looks up the name of a server that comes without an address; None for the operating system.
    """

    def __init__(
        self,
        *,
        credentials: DirectoryCredentials | None,
        security: DirectorySecurity,
        ca_file: str | None = None,
        connect_timeout: float = 5.0,
        allow_clear_text_bind: bool = False,
        source_address: str | None = None,
        resolve: Resolve | None = None,
        logins: Sequence[Login] = (),
    ) -> None:
        if security is DirectorySecurity.AUTO:
            security = DirectorySecurity.SEALED if logins else DirectorySecurity.STARTTLS
        self._credentials = None if logins else credentials
        self._sealed = _sealed_login(logins) if logins or security is DirectorySecurity.SEALED else None
        self._security = security
        self._ca_file = ca_file
        self._connect_timeout = connect_timeout
        self._allow_clear_text_bind = allow_clear_text_bind
        self._source_address = source_address
        self._resolve = resolve

    def search(
        self, server: DirectoryServer, queries: Sequence[DirectoryQuery], deadline: Deadline
    ) -> tuple[tuple[DirectoryEntry, ...], ...]:
        """Run searches over one bound connection.

        Returns:
            For each query, its entries in the order in which they came; referrals are left out, and a base that does
            not exist has none.

        Raises:
            DirectoryUnreachableError: No connection, no TLS, or it was lost.
            DirectoryTimeoutError: Not done within the deadline.
            DirectoryRefusedError: The bind or a search was refused; or a password would have gone out in clear text.
            DirectoryTrustError: The server's certificate was not accepted, or the file of CAs cannot be read; with
                Kerberos or NTLM, the server did not prove who it is or would not encrypt.
            DirectoryError: The answer cannot be read or is past a limit.
        """
        server = server._replace(port=_port(server, self._security))
        name = f"{server.host}:{server.port}"
        if self._security is DirectorySecurity.CLEAR and self._credentials and not self._allow_clear_text_bind:
            raise DirectoryRefusedError(
                f"{name} was not asked: the password would have been sent in clear text",
                server=name,
                hint="set directory_security to starttls or ldaps (or, if you must, directory_allow_clear_text_bind)",
            )
        uses_tls = self._security in {DirectorySecurity.STARTTLS, DirectorySecurity.LDAPS}
        context = _tls_context(self._ca_file, name) if uses_tls else None
        connection, wire = self._connect(server, name, deadline)
        try:
            with _translated(name, anonymous=self._is_anonymous):
                if self._security is DirectorySecurity.STARTTLS:
                    connection.extended(_START_TLS)
                    _require_success(connection, name)
                if context is not None:
                    wire.start_tls(context, server.host)
                if self._sealed is not None:
                    self._sealed.bind(wire, server.host, name, deadline)
                else:
                    connection.bind(read_server_info=False)
                    _require_success(connection, name)
                found = tuple(_search(connection, query, name) for query in queries)
            _log.debug("directory %s answered %d searches", name, len(found), extra={"event": "directory.answered"})
            with contextlib.suppress(LDAPException, DirectoryError):
                connection.unbind()
            return found
        finally:
            wire.close()

    @property
    def _is_anonymous(self) -> bool:
        return self._credentials is None and self._sealed is None

    def _connect(self, server: DirectoryServer, name: str, deadline: Deadline) -> tuple[ldap3.Connection, LdapWire]:
        """Connect to the first address that accepts."""
        addresses = directory_addresses(
            server, resolve=self._resolve, source_address=self._source_address, deadline=deadline
        )
        failure: DirectoryError | None = None
        for address in addresses:
            remaining = deadline.within(self._connect_timeout).remaining()
            if not remaining:
                break
            connection = self._connection(address, server.port, remaining)
            try:
                with _translated(name, anonymous=self._is_anonymous):
                    connection.open(read_server_info=False)
            except DirectoryError as error:
                failure = error
                if connection.socket is not None:
                    connection.socket.close()  # ldap3 leaves it open
                continue
            wire = LdapWire(connection.socket, deadline, name)
            connection.socket = wire
            return connection, wire
        raise failure or DirectoryTimeoutError(f"{name} was not asked: the time was up", server=name)

    def _connection(self, address: str, port: int, connect_timeout: float) -> ldap3.Connection:
        """The one place where a connection is made, for ldap3's defaults are not safe.

        ldap3's own TLS is not used: it compares host names by itself. ``LdapWire`` has Python's.
        """
        target = ldap3.Server(
            address,
            port,
            use_ssl=False,
            allowed_referral_hosts=[],
            get_info="NO_INFO",
            connect_timeout=connect_timeout,
        )
        return ldap3.Connection(
            target,
            user=self._credentials.user if self._credentials else None,
            password=self._credentials.password.reveal() if self._credentials else None,
            auto_bind="NONE",
            authentication="SIMPLE" if self._credentials else "ANONYMOUS",
            client_strategy="SYNC",
            auto_referrals=False,
            auto_range=False,
            check_names=False,
            read_only=True,
            raise_exceptions=True,
            receive_timeout=max(1, round(connect_timeout)),  # whole seconds only; LdapWire sets the one that counts
            return_empty_attributes=False,
            auto_escape=False,
            source_address=self._source_address,
        )


@decides("AD-002")
def _port(server: DirectoryServer, security: DirectorySecurity) -> int:
    """The TCP port: that of the global catalog if it is asked, and the one for TLS from the start if that is wanted."""
    if server.port in _TLS_PORTS.values() and security is not DirectorySecurity.LDAPS:
        raise DirectoryRefusedError(
            f"{server.host}:{server.port} is TLS from the start, and {security.value} was asked for",
            server=f"{server.host}:{server.port}",
            hint="set directory_security to ldaps, or give the port without TLS",
        )
    port = _CATALOG_PORT if server.is_global_catalog and server.port == _LDAP_PORT else server.port
    return _TLS_PORTS.get(port, port) if security is DirectorySecurity.LDAPS else port


def _tls_context(ca_file: str | None, name: str) -> ssl.SSLContext:
    """Certificate required, host name checked, CAs of the file or of the system."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise DirectoryTrustError(
            f"the file of certificates of authorities {ca_file} cannot be read: {error.strerror or error}",
            server=name,
            hint="directory_ca_file names a PEM file with the certificate of the authority that issued the server's",
        ) from error


def _search(connection: ldap3.Connection, query: DirectoryQuery, name: str) -> tuple[DirectoryEntry, ...]:
    """All pages of a search."""
    entries: list[DirectoryEntry] = []
    cookie = None
    for _ in range(_MAX_PAGES):
        try:
            connection.search(
                query.base,
                query.filter,
                "BASE" if query.scope is Scope.BASE else "SUBTREE",
                dereference_aliases="NEVER",
                attributes=list(query.attributes),
                paged_size=None if query.scope is Scope.BASE else _PAGE,
                paged_cookie=cookie,
            )
        except LDAPNoSuchObjectResult:
            return ()
        if connection.result["result"] == _REFERRAL:  # the base is another server's
            return ()
        _require_success(connection, name)
        entries += [_entry(item) for item in connection.response or () if item["type"] == "searchResEntry"]
        if len(entries) > _MAX_ENTRIES:
            raise DirectoryError(f"{name} has more than {_MAX_ENTRIES} entries for one search", server=name)
        cookie = _cookie(connection.result)
        if not cookie:
            return tuple(entries)
    raise DirectoryError(f"{name} does not come to an end with its pages", server=name)


def _sealed_login(logins: Sequence[Login]) -> "SealedLogin":
    from .ldap_sealed import SealedLogin  # noqa: PLC0415 - start-up: only Kerberos and NTLM need it

    return SealedLogin(logins)


def _cookie(result: dict[str, Any]) -> bytes | None:
    """What asks for the next page; None when this was the last."""
    control = (result.get("controls") or {}).get(_PAGED_RESULTS)
    return control["value"]["cookie"] if control else None


def _entry(item: dict[str, Any]) -> DirectoryEntry:
    raw: dict[str, list[bytes] | None] = item["raw_attributes"]
    return DirectoryEntry(item["dn"], {key.lower(): tuple(values) for key, values in raw.items() if values})


def _require_success(connection: ldap3.Connection, name: str) -> None:
    """Refuse the results other than success for which ldap3 raises nothing, such as a limit that was reached."""
    code = connection.result["result"]
    if code != _SUCCESS:
        raise result_failure(code, connection.result, name)


@contextlib.contextmanager
def _translated(name: str, *, anonymous: bool) -> Iterator[None]:
    """Make an error of ours of every error of ldap3's."""
    try:
        yield
    except LDAPException as error:
        raise directory_failure(error, name, anonymous=anonymous) from error
    except OSError as error:
        raise DirectoryUnreachableError(f"the connection to {name} was lost: {error}", server=name) from error
    except _DECODER_FAULTS as error:
        raise DirectoryError(f"the answer of {name} cannot be read", server=name) from error
