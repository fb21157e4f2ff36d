"""The part of the composition root that is about certificates: which one this client shows, and whom it believes."""

import logging
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .assemble_rootkey import with_issuers
from .config import ClientConfig
from .errors import ConfigError
from .model.facts import ClientKind
from .model.http import Deadline
from .model.names import HostName
from .model.secret import Secret
from .ports import CertificateStore, Transport

if TYPE_CHECKING:
    from .adapters.http_asked import FindLogins
    from .adapters.identity import ClientIdentity
    from .model.certificates import CertificateSelection, CertificateWish, ClientCertificate

__all__ = [
    "OwnCertificate",
    "Resolve",
    "build_transport",
    "find_own_certificate",
    "has_system_store",
    "read_password_file",
    "require_authorities",
    "select_own_certificate",
]

_log = logging.getLogger(__name__)

Resolve = Callable[[HostName, Deadline], Sequence[str]]
_PASSWORD_CAP = 4096  # bytes; a password file is a line, not a device that never ends
_TAKE_THE_FIRST = {ClientKind.MAC, ClientKind.MOBILE, ClientKind.MDM}


class OwnCertificate(NamedTuple):
    """The certificate of this client.

    Attributes:
        selection: Which one was chosen, and why.
        identity: What TLS needs to show it; None when none was chosen.
    """

    selection: "CertificateSelection"
    identity: "ClientIdentity | None" = None

    @property
    def described(self) -> "ClientCertificate":
        """What the workflows need to know of it. A key that Windows keeps is out of reach of the TLS used here."""
        from .rules.certificate_selection import describe_selection

        described = describe_selection(self.selection)
        if self.identity is not None or described.problem:
            return described
        text = "its key stays in the Windows store; export both to a PKCS#12 file and set client_certificate"
        return described._replace(problem=text)


def find_own_certificate(config: ClientConfig, *, computer: str | None, now: datetime) -> OwnCertificate | None:
    """Choose the certificate that this client shows.

    Args:
        config: The settings.
        computer: The name of the computer; None for that of this machine.
        now: The time for which validity is judged; aware.

    Returns:
        What was chosen; None when no certificate is to be used.

    Raises:
        ConfigError: The password file cannot be read.
    """
    if not config.use_pki_cert or (config.client_certificate is None and not has_system_store()):
        return None
    own = select_own_certificate(config, computer=computer, now=now)
    for warning in () if own.selection.chosen is None else own.selection.chosen.warnings:
        _log.warning("%s", warning, extra={"event": "certificate.exposed"})
    return own


def select_own_certificate(
    config: ClientConfig, *, computer: str | None, now: datetime | None = None, store: CertificateStore | None = None
) -> OwnCertificate:
    """Judge every certificate that the settings name, else those of the system, whether one is to be used or not.

    Args:
        config: The settings.
        computer: The name of the computer; None for that of this machine.
        now: The time for which validity is judged; None for the present.
        store: Where the system keeps certificates; None for where it does, which is nowhere but on Windows.

    Raises:
        ConfigError: The password file cannot be read, or that with the certificate issuers list.
        FactsError: The system refused to tell its certificates.
    """
    import platform

    from .rules.certificate_selection import select_certificate

    config = with_issuers(config)
    path, now = config.client_certificate, now or datetime.now(UTC)
    if path is None:
        wish = _wish(config, computer or platform.node(), by_hand=False)
        source = _find_system_store() if store is None else store
        held = () if source is None else source.read(config.certificate_store)
        return OwnCertificate(select_certificate(held, wish, now))
    from .adapters.certs import read_authorities, read_certificates

    password = read_password_file(config.client_certificate_password_file, "client_certificate_password_file")
    authorities = read_authorities(config.ca_file)
    found = read_certificates(path, config.client_key, password=password, authorities=authorities)
    wish = _wish(config, computer or platform.node(), by_hand=not Path(path).is_dir())
    selection = select_certificate((one.held for one in found), wish, now)
    identity = next((one.identity for one in found if one.held is selection.chosen), None)
    return OwnCertificate(selection, identity)


def has_system_store() -> bool:
    """Whether the operating system keeps certificates for its programs, as Windows does."""
    return sys.platform == "win32"


def _find_system_store() -> CertificateStore | None:
    if sys.platform == "win32":
        from .adapters.certs_windows import Win32Stores, WindowsCertificates

        return WindowsCertificates(Win32Stores())
    else:  # noqa: RET505 - what follows a return would count as unreachable on Windows
        return None


def _wish(config: ClientConfig, computer: str, *, by_hand: bool) -> "CertificateWish":
    from .model.certificates import CertificateWish
    from .protocol.certificate_criteria import parse_criterion, parse_issuers
    from .rules.certificates import looks_at_subject_only

    criterion, issuers = config.certificate_criterion, config.certificate_issuers
    return CertificateWish(
        computer=computer or None,
        criterion=None if criterion is None else parse_criterion(criterion),
        issuers=None if issuers is None else parse_issuers(issuers),
        issuers_origin=config.origins.get("certificate_issuers", ""),
        store=config.certificate_store,
        checks_name=config.certificate_name_check,
        chosen_by_hand=by_hand,
        takes_longest=config.select_first_certificate,
        takes_first=config.client_kind in _TAKE_THE_FIRST,
        subject_only=looks_at_subject_only(config.client_kind),
    )


def read_password_file(path: str | None, setting: str) -> Secret | None:
    """Read the first line of a password file; None when there is none.

    Args:
        path: The file; None for no file.
        setting: The setting that names it, for the error.

    Raises:
        ConfigError: It cannot be read.
    """
    if path is None:
        return None
    try:
        with Path(path).open("rb") as file:
            text = file.read(_PASSWORD_CAP).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError((f"{setting} {path} cannot be read: {error}",)) from error
    return Secret(text[0]) if text else None


def build_transport(
    config: ClientConfig,
    own: OwnCertificate | None,
    resolve: Resolve | None,
    logins: "FindLogins | None" = None,
    *,
    crls: Path | None,
    writes: bool,
) -> Transport:
    """The transport that the settings ask for.

    Args:
        config: The settings.
        own: The certificate of this client; None for none.
        resolve: Finds the addresses of host names; None for the operating system's resolver.
        logins: Finds the logins for a server that asks who we are; None to tell nobody.
        crls: Folder that keeps revocation lists between runs; None for nowhere.
        writes: Whether new ones are put there.
    """
    from .adapters.crl_cache import CrlCache
    from .adapters.http import RequestsTransport
    from .rules.certificates import checks_revocation

    checks = checks_revocation(config.client_kind, wanted=config.crl_check)
    return RequestsTransport(
        ca_file=config.ca_file,
        client_certificate=None if own is None else own.identity,
        crls=CrlCache(crls, writes=writes) if checks else None,
        trust_env=config.trust_env,
        proxy=config.proxy,
        resolve=resolve,
        source_address=config.bind_address,
        find_logins=logins,
    )


def require_authorities(config: ClientConfig) -> None:
    """Check the certificates to trust before anybody is asked: a fault of ours is no fault of a server.

    Raises:
        ConfigError: None can be read from a file that a setting names; all faults at once.
    """
    faults = []
    for name in ("ca_file", "directory_ca_file"):
        path = getattr(config, name)
        if path is None or Path(path).is_dir():
            continue
        import ssl

        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except OSError as error:
            problem = "there is no such file" if isinstance(error, FileNotFoundError) else f"it holds none: {error}"
            faults.append(f"{name} ({config.origins[name]}): no certificates can be read from {path}: {problem}")
    if faults:
        raise ConfigError(tuple(faults))
