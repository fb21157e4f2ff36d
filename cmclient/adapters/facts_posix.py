"""What a Linux, macOS or other Unix machine knows about itself, from a few files and without the network.

Only what a file says is a fact. Files that other files include are not followed; a file that cannot be read leaves the
fact unknown, and its origin says so.
"""

import socket
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from ..errors import InvalidValueError
from ..model.facts import Adapter, Membership, NetworkFacts
from ..model.names import DnsDomain, HostName, MacAddress
from .interfaces import read_adapters

__all__ = ["PosixFacts"]

_MAX_FILE = 1024 * 1024  # bytes; a file in /etc that is larger is not what it should be
_MAX_LINE = 200  # characters of a value under /sys
_SAMBA = "/etc/samba/smb.conf"
_SSSD = "/etc/sssd/sssd.conf"
_KERBEROS = "/etc/krb5.conf"
_KEYTAB = "/etc/krb5.keytab"
_MACOS = "/System/Library/CoreServices/SystemVersion.plist"
_JOINED_ROLES = frozenset({"member server", "active directory domain controller"})

# What Linux calls a kind of connection (ARPHRD), as IANA numbers it.
_IF_TYPES = {"1": 6, "512": 23, "768": 131, "776": 131, "801": 71, "802": 71, "803": 71, "65534": 131}
_WIFI = 71

_Sections = Mapping[str, Mapping[str, list[str]]]


class _Domain(NamedTuple):
    """What is known about the machine's domain: each value with where it came from, empty when nowhere."""

    membership: Membership
    membership_origin: str
    name: DnsDomain | None = None
    name_origin: str = ""


class PosixFacts:
    """Facts of a machine that keeps them in files under ``/etc``."""

    def __init__(
        self,
        root: Path = Path("/"),
        *,
        adapters: Callable[[], tuple[Adapter, ...]] = read_adapters,
        host_name: Callable[[], str] = socket.gethostname,
    ) -> None:
        """Make a source; nothing is read yet.

        Args:
            root: Where the file system begins.
            adapters: Reads the network connections.
            host_name: Gives the machine's own name, short or fully qualified.
        """
        self._root = root
        self._adapters = adapters
        self._host_name = host_name
        self._unreadable: dict[str, str] = {}

    def read(self) -> NetworkFacts:
        """Read the machine's names, its domain and its connections. The forest and the AD site are not in any file.

        Raises:
            FactsError: The operating system refused its network connections.
        """
        self._unreadable = {}
        host, host_origin = self._host()
        domain = self._domain()
        suffixes, suffixes_origin = self._suffixes()
        adapters = tuple(_with_hardware(adapter, self._root) for adapter in self._adapters())
        origins = {
            "host": host_origin,
            "membership": domain.membership_origin,
            "domain": domain.name_origin,
            "dns_suffixes": suffixes_origin,
            "adapters": "network interfaces" if adapters else "",
        }
        return NetworkFacts(
            host=host,
            membership=domain.membership,
            domain=domain.name,
            adapters=adapters,
            dns_suffixes=suffixes,
            origins={name: origin for name, origin in origins.items() if origin},
        )

    def _text(self, name: str) -> str:
        """The beginning of a file as text; empty when it is missing, no file, or not to be read."""
        path = self._root / name.removeprefix("/")
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                return ""  # a pipe would block
            with path.open("rb") as file:
                return file.read(_MAX_FILE).decode("utf-8", "replace")
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            self._unreadable[name] = f"{name} cannot be read ({error.strerror or error})"
            return ""

    def _exists(self, name: str) -> bool:
        try:
            return stat.S_ISREG((self._root / name.removeprefix("/")).stat().st_mode)
        except OSError:
            return False

    def _host(self) -> tuple[HostName | None, str]:
        try:
            own = self._host_name()
        except OSError:
            own = ""
        if own.partition(".")[0].casefold() == "localhost":
            own = ""  # nobody has given it a name
        file_name = next(iter(self._text("/etc/hostname").split()), "")
        name, origin = (own, "host name") if own else (file_name, "/etc/hostname")
        if "." not in name:
            if file_name.casefold().startswith(f"{name.casefold()}.") and name:
                name, origin = file_name, "/etc/hostname"
            elif listed := _listed_name(self._text("/etc/hosts"), name):
                name, origin = listed, "/etc/hosts"
            else:
                origin += ", not fully qualified"
        try:
            return HostName(name), origin
        except InvalidValueError:
            return None, self._unreadable.get("/etc/hostname", "")

    def _suffixes(self) -> tuple[tuple[DnsDomain, ...], str]:
        """Search suffixes of the resolver; of several lines the last one counts."""
        words: list[str] = []
        for line in self._text("/etc/resolv.conf").splitlines():
            keyword, *values = line.split("#")[0].split(";")[0].split() or [""]
            if keyword in {"search", "domain"} and values:
                words = [keyword, *values] if keyword == "search" else [keyword, values[0]]
        suffixes = tuple(dict.fromkeys(one for word in words[1:] if (one := _domain_name(word)) is not None))
        if suffixes:
            return suffixes, f"/etc/resolv.conf ({words[0]})"
        return (), self._unreadable.get("/etc/resolv.conf", "")

    def _domain(self) -> _Domain:
        samba, samba_realm = _samba_domain(_sections(self._text(_SAMBA)))
        sssd, sssd_domain = _sssd_domain(_sections(self._text(_SSSD)))
        kerberos = _domain_name((_values(_sections(self._text(_KERBEROS)), "libdefaults", "default_realm") or [""])[0])
        realm, realm_origin = _first((samba_realm, f"{_SAMBA} (realm)"), (kerberos, f"{_KERBEROS} (default_realm)"))
        if samba or sssd:
            sources = [name for name, says in ((_SAMBA, samba), (_SSSD, sssd)) if says]
            name, origin = _first(
                (samba_realm if samba else None, f"{_SAMBA} (realm)"), (sssd_domain, f"{_SSSD} (ad_domain)")
            )
            if samba and sssd and sssd_domain not in {None, name}:
                origin += f"; {_SSSD} says {sssd_domain}"
            return _Domain(Membership.DOMAIN, " and ".join(sources), name, origin)
        if realm is not None and self._exists(_KEYTAB):
            return _Domain(Membership.DOMAIN, f"{_KEYTAB} exists and there is a realm", realm, realm_origin)
        locked = [note for name, note in self._unreadable.items() if name in {_SAMBA, _SSSD, _KERBEROS}]
        if realm is not None or locked:
            note = "; ".join(locked) or "there is a Kerberos realm, and no sign that the machine is joined"
            hint = f"{realm_origin}, only a hint" if realm is not None else ""
            return _Domain(Membership.UNKNOWN, note, realm, hint)
        if self._exists(_MACOS):
            return _Domain(Membership.UNKNOWN, "macOS keeps its domain where this does not look")
        return _Domain(Membership.WORKGROUP, "no domain configuration found")


def _first(*choices: tuple[DnsDomain | None, str]) -> tuple[DnsDomain | None, str]:
    return next(((name, origin) for name, origin in choices if name is not None), (None, ""))


def _listed_name(hosts: str, short: str) -> str:
    """The fully qualified name of a host in a hosts file, on a line that has its short name or stands for it."""
    if not short:
        return ""
    for line in hosts.splitlines():
        for name in line.split("#")[0].split()[1:]:
            if name.casefold().startswith(f"{short.casefold()}."):
                return name
    return ""


def _domain_name(text: str) -> DnsDomain | None:
    try:
        return DnsDomain(text.strip())
    except InvalidValueError:
        return None


def _samba_domain(sections: _Sections) -> tuple[bool, DnsDomain | None]:
    """Whether Samba is a member of Active Directory, and its realm."""
    security = _last(sections, "global", "security").casefold()
    role = _last(sections, "global", "server role").casefold()
    realm = _domain_name(_last(sections, "global", "realm"))
    return security == "ads" or (role in _JOINED_ROLES and realm is not None), realm


def _sssd_domain(sections: _Sections) -> tuple[bool, DnsDomain | None]:
    """Whether SSSD serves an Active Directory domain, and its name: the first such domain of those in use."""
    in_use = [name.strip().casefold() for name in _last(sections, "sssd", "domains").split(",") if name.strip()]
    all_names = [name.removeprefix("domain/") for name in sections if name.startswith("domain/")]
    for name in in_use or all_names:
        section = f"domain/{name}"
        if _last(sections, section, "id_provider").casefold() == "ad":
            return True, _domain_name(_last(sections, section, "ad_domain") or name)
    return False, None


def _sections(text: str) -> _Sections:
    """Read ``[section]`` and ``key = value`` lines of any program; names in lower case, anything else is passed over.

    Blocks in braces (Kerberos) are left out. A line that ends in a backslash goes on in the next one (Samba).
    """
    found: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    depth = 0
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.strip()
        if stripped.startswith(("#", ";")):
            continue
        if stripped.startswith("[") and "]" in stripped:
            section = found.setdefault(stripped[1 : stripped.index("]")].strip().casefold(), {})
            depth = 0
            continue
        key, equals, value = (part.strip() for part in stripped.partition("="))
        if value == "{":
            depth += 1
        elif stripped == "}":
            depth = max(0, depth - 1)
        elif equals and not depth:
            section.setdefault(" ".join(key.split()).casefold(), []).append(value)
    return found


def _values(sections: _Sections, section: str, key: str) -> list[str]:
    return sections.get(section, {}).get(key, [])


def _last(sections: _Sections, section: str, key: str) -> str:
    values = _values(sections, section, key)
    return values[-1] if values else ""


def _with_hardware(adapter: Adapter, root: Path) -> Adapter:
    """The connection with its kind and whether it has a MAC address, where Linux tells under /sys."""
    folder = root / "sys" / "class" / "net" / adapter.name
    kind = _IF_TYPES.get(_first_line(folder / "type"))
    if kind is not None and (folder / "wireless").is_dir():
        kind = _WIFI
    address = _first_line(folder / "address")
    return adapter._replace(
        if_type=kind,
        has_hardware_address=bool(address.strip("0:")) if address else None,
        hardware_address=_mac_address(address),
    )


def _mac_address(text: str) -> MacAddress | None:
    try:
        return MacAddress(text)
    except InvalidValueError:  # not there, all zeros, or of a kind of network that has others
        return None


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            return file.readline(_MAX_LINE).strip()
    except OSError:
        return ""
