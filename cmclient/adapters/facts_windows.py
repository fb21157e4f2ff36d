"""What a Windows machine knows about itself, and what an installed client has written down there.

``WindowsFacts`` makes facts of what a ``WindowsSource`` says; it is tested with recorded values. ``Win32Source`` asks
the real system through the registry, netapi32 and iphlpapi. It was written from the documentation of those functions
and has not been run on Windows.
"""

import sys
from typing import Protocol, TypeVar

from ..errors import FactsError, InvalidValueError
from ..model.endpoints import InternetAddress
from ..model.facts import Adapter, Membership, NetworkFacts
from ..model.names import AdSiteName, DnsDomain, HostName, SiteCode
from ..model.state import ClientId, ClientVersion
from ..protocol.gateways import parse_gateway_list, parse_stored_address
from ..protocol.smscfg import SMSCFG_CAP, find_client_id
from .hardware_windows import Hardware, with_hardware

__all__ = ["RegistryValue", "Win32Source", "WindowsFacts", "WindowsSource"]

RegistryValue = str | int | list[str] | None
"""What the registry holds: text, a number, several texts, or nothing."""

_CCM = r"SOFTWARE\Microsoft\CCM"
_LOCATION = rf"{_CCM}\LocationServices"
_SECURITY = rf"{_CCM}\Security"
_FSP = rf"{_CCM}\FSP"
_INTERNET = r"SOFTWARE\Microsoft\SMS\Client\Internet Facing"
_MOBILE_CLIENT = r"SOFTWARE\Microsoft\SMS\Mobile Client"
_TCPIP = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
_DNS_POLICY = r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient"

_Name = TypeVar("_Name", AdSiteName, ClientVersion, DnsDomain, HostName, SiteCode)


class WindowsSource(Protocol):
    """What Windows is asked. Nothing here uses the network; what Windows does not say is None."""

    def registry_value(self, key: str, name: str) -> RegistryValue:
        """A value below ``HKEY_LOCAL_MACHINE``, in the 64-bit view; None when it is missing or may not be read."""

    def join_information(self) -> tuple[str, bool] | None:
        """NetBIOS name of the domain or workgroup, and whether it is a domain."""

    def dns_domain_name(self) -> str | None:
        """DNS name of the domain that the machine is joined to."""

    def forest_name(self) -> str | None:
        """DNS name of that domain's forest."""

    def site_name(self) -> str | None:
        """Name of the machine's AD site."""

    def computer_dns_name(self) -> str | None:
        """The machine's own name, fully qualified where it has a DNS suffix."""

    def adapters(self) -> tuple[Adapter, ...]:
        """Its network connections.

        Raises:
            FactsError: Windows refused to tell.
        """

    def hardware(self) -> tuple[Hardware, ...]:
        """What it says of these connections besides their addresses; empty when it does not."""

    def client_file(self) -> bytes:
        """The first part of ``SMSCFG.INI`` in the Windows folder; empty when it is not there or may not be read."""


class WindowsFacts:
    """Facts of a Windows machine, and of the client that is installed there if there is one."""

    def __init__(self, source: WindowsSource) -> None:
        self._source = source

    def read(self) -> NetworkFacts:
        """Read the machine's names, its domain, its connections, and the settings of an installed client.

        The client's own DNS suffix comes first of the suffixes.

        Raises:
            FactsError: Windows refused to tell its network connections.
        """
        origins: dict[str, str] = {}
        adapters = with_hardware(self._source.adapters(), self._source.hardware())
        if adapters:
            origins["adapters"] = "network interfaces"
        membership = self._membership(origins)
        version = self._registered(ClientVersion, _MOBILE_CLIENT, "ProductVersion", "client_version", origins)
        host = _known(HostName, self._source.computer_dns_name(), "host", "computer name", origins)
        domain, forest, ad_site = self._place(origins) if membership is Membership.DOMAIN else (None, None, None)
        return NetworkFacts(
            host=host,
            membership=membership,
            domain=domain,
            forest=forest,
            ad_site=ad_site,
            adapters=adapters,
            dns_suffixes=self._suffixes(origins),
            always_internet=self._always_internet(origins),
            assigned_site=self._registered(SiteCode, _MOBILE_CLIENT, "AssignedSiteCode", "assigned_site", origins),
            allowed_mps=self._allowed_mps(origins),
            fsp=self._registered(HostName, _FSP, "HostName", "fsp", origins),
            intranet_fsp=self._registered(HostName, _FSP, "IntranetHostName", "intranet_fsp", origins),
            internet_mp=self._internet_mp(origins),
            fallback_gateways=self._fallback_gateways(origins),
            client_id=None if version is None else self._client_id(origins),
            client_version=version,
            origins=origins,
        )

    def _place(self, origins: dict[str, str]) -> tuple[DnsDomain | None, DnsDomain | None, AdSiteName | None]:
        """Domain, forest and AD site of a machine that is joined to a domain."""
        return (
            _known(DnsDomain, self._source.dns_domain_name(), "domain", "domain membership", origins),
            _known(DnsDomain, self._source.forest_name(), "forest", "domain membership", origins),
            _known(AdSiteName, self._source.site_name(), "ad_site", "netlogon service", origins),
        )

    def _registered(self, kind: type[_Name], key: str, name: str, fact: str, origins: dict[str, str]) -> _Name | None:
        """A name that the registry holds."""
        return _known(kind, self._source.registry_value(key, name), fact, rf"registry {key}\{name}", origins)

    def _internet_mp(self, origins: dict[str, str]) -> InternetAddress | None:
        """The server for the internet that the client has on record; one that cannot be read counts as none."""
        value = self._source.registry_value(_INTERNET, "Internet MP Hostname")
        if not isinstance(value, str) or not value.strip("\0 \t"):
            return None
        try:
            address = parse_stored_address(value.strip("\0 \t"))
        except InvalidValueError:
            return None
        origins["internet_mp"] = rf"registry {_INTERNET}\Internet MP Hostname"
        return address

    def _fallback_gateways(self, origins: dict[str, str]) -> tuple[InternetAddress, ...]:
        """The list of gateways; those that cannot be read are left out."""
        texts = _texts(self._source.registry_value(_CCM, "CMGFQDNs"))
        found: list[InternetAddress] = []
        wrong = 0
        for text in texts:
            try:
                found += parse_gateway_list(text)
            except InvalidValueError:
                wrong += 1
        if texts:
            origins["fallback_gateways"] = rf"registry {_CCM}\CMGFQDNs"
        if wrong:
            origins["fallback_gateways"] += f", {wrong} of it no address and left out"
        return tuple(dict.fromkeys(found))

    def _client_id(self, origins: dict[str, str]) -> ClientId | None:
        """The id; asked for only where a client is installed, whose file stays behind when it is removed."""
        found = find_client_id(self._source.client_file())
        if found is not None:
            origins["client_id"] = "SMSCFG.INI"
        return found

    def _membership(self, origins: dict[str, str]) -> Membership:
        information = self._source.join_information()
        if information is None:
            return Membership.UNKNOWN
        name, joined = information
        origins["membership"] = f"joined to the {'domain' if joined else 'workgroup'} {name}"
        return Membership.DOMAIN if joined else Membership.WORKGROUP

    def _suffixes(self, origins: dict[str, str]) -> tuple[DnsDomain, ...]:
        """The client's suffix, then the search list: a policy's, else the machine's, else its one suffix."""
        client = _texts(self._source.registry_value(_LOCATION, "DnsSuffix"))
        sources = [rf"{_LOCATION}\DnsSuffix"] if client else []
        found = [*client]
        for key, name in (
            (_DNS_POLICY, "SearchList"),
            (_TCPIP, "SearchList"),
            (_TCPIP, "Domain"),
            (_TCPIP, "DhcpDomain"),
        ):
            values = _texts(self._source.registry_value(key, name))
            if values:
                found += values
                sources.append(rf"{key}\{name}")
                break
        suffixes = tuple(dict.fromkeys(one for text in found if (one := _name(DnsDomain, text)) is not None))
        if suffixes:
            origins["dns_suffixes"] = f"registry {' and '.join(sources)}"
        return suffixes

    def _always_internet(self, origins: dict[str, str]) -> bool:
        value = self._source.registry_value(_SECURITY, "ClientAlwaysOnInternet")
        if value not in (0, 1, "0", "1"):
            return False
        origins["always_internet"] = rf"registry {_SECURITY}\ClientAlwaysOnInternet"
        return value in (1, "1")

    def _allowed_mps(self, origins: dict[str, str]) -> tuple[HostName, ...] | None:
        """Affinity. A value that is there and names nobody allows nobody (Q-33)."""
        value = self._source.registry_value(_CCM, "AllowedMPs")
        if not isinstance(value, str | list):
            return None
        texts = _texts(value)
        hosts = tuple(dict.fromkeys(one for text in texts if (one := _name(HostName, text)) is not None))
        wrong = [text for text in texts if _name(HostName, text) is None]
        origins["allowed_mps"] = rf"registry {_CCM}\AllowedMPs"
        if wrong:
            origins["allowed_mps"] += f", {len(wrong)} of it no host name and left out"
        return hosts


def _known(kind: type[_Name], value: RegistryValue, fact: str, origin: str, origins: dict[str, str]) -> _Name | None:
    """The value as a name of its kind, with its origin noted; None when it is not there or cannot be one."""
    name = _name(kind, value) if isinstance(value, str) else None
    if name is not None:
        origins[fact] = origin
    return name


def _name(kind: type[_Name], text: str) -> _Name | None:
    try:
        return kind(text.strip())
    except InvalidValueError:
        return None


def _texts(value: RegistryValue) -> list[str]:
    """The texts of a value: each of a list, or those between commas, semicolons and blanks."""
    if isinstance(value, list):
        return [text for part in value if (text := part.strip("\0 \t"))]
    if isinstance(value, str):
        return value.replace(",", " ").replace(";", " ").replace("\0", " ").split()
    return []


if sys.platform == "win32":
    import ctypes
    import winreg
    from ctypes import wintypes
    from pathlib import Path

    from .hardware_windows import read_hardware
    from .interfaces import read_adapters

    _JOINED_TO_DOMAIN = 3  # NetSetupDomainName
    _JOINED_TO_WORKGROUP = 2  # NetSetupWorkgroupName
    _NOT_JOINED = 1  # NetSetupUnjoined
    _DNS_FULLY_QUALIFIED = 3  # ComputerNameDnsFullyQualified
    _PRIMARY_DOMAIN_BASIC = 1  # DsRolePrimaryDomainInfoBasic
    _MAX_NAME = 1024  # characters; a fully qualified name has 253 at most

    class _Guid(ctypes.Structure):
        _fields_ = (("bytes", ctypes.c_ubyte * 16),)

    class _PrimaryDomain(ctypes.Structure):
        """DSROLE_PRIMARY_DOMAIN_INFO_BASIC."""

        _fields_ = (
            ("machine_role", ctypes.c_int),
            ("flags", wintypes.ULONG),
            ("flat_name", wintypes.LPWSTR),
            ("dns_name", wintypes.LPWSTR),
            ("forest_name", wintypes.LPWSTR),
            ("domain_guid", _Guid),
        )

    class Win32Source:
        """The Windows that this runs on."""

        def __init__(self) -> None:
            self._netapi = ctypes.WinDLL("netapi32")
            self._kernel = ctypes.WinDLL("kernel32")
            self._netapi.NetApiBufferFree.argtypes = (ctypes.c_void_p,)
            self._netapi.DsRoleFreeMemory.argtypes = (ctypes.c_void_p,)
            self._netapi.DsRoleFreeMemory.restype = None

        def registry_value(self, key: str, name: str) -> RegistryValue:
            """A value below ``HKEY_LOCAL_MACHINE``, in the 64-bit view; None when missing or not to be read."""
            try:
                access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
                with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, access) as opened:
                    value, _ = winreg.QueryValueEx(opened, name)
            except OSError:
                return None
            if isinstance(value, list):
                return [text for text in value if isinstance(text, str)]
            return value if isinstance(value, str | int) else None

        def join_information(self) -> tuple[str, bool] | None:
            """NetGetJoinInformation."""
            name, status = wintypes.LPWSTR(), ctypes.c_int()
            if self._netapi.NetGetJoinInformation(None, ctypes.byref(name), ctypes.byref(status)):
                return None
            try:
                text = name.value or ""
            finally:
                self._netapi.NetApiBufferFree(name)
            if status.value not in {_JOINED_TO_DOMAIN, _JOINED_TO_WORKGROUP, _NOT_JOINED}:
                return None
            return text, status.value == _JOINED_TO_DOMAIN

        def dns_domain_name(self) -> str | None:
            """DsRoleGetPrimaryDomainInformation."""
            return self._primary_domain()[0]

        def forest_name(self) -> str | None:
            """DsRoleGetPrimaryDomainInformation."""
            return self._primary_domain()[1]

        def _primary_domain(self) -> tuple[str | None, str | None]:
            found = ctypes.POINTER(_PrimaryDomain)()
            ask = self._netapi.DsRoleGetPrimaryDomainInformation
            if ask(None, _PRIMARY_DOMAIN_BASIC, ctypes.byref(found)):
                return None, None
            try:
                return found.contents.dns_name, found.contents.forest_name
            finally:
                self._netapi.DsRoleFreeMemory(found)

        def site_name(self) -> str | None:
            """DsGetSiteNameW."""
            name = wintypes.LPWSTR()
            if self._netapi.DsGetSiteNameW(None, ctypes.byref(name)):
                return None
            try:
                return name.value
            finally:
                self._netapi.NetApiBufferFree(name)

        def computer_dns_name(self) -> str | None:
            """GetComputerNameExW."""
            size = wintypes.DWORD(_MAX_NAME)
            buffer = ctypes.create_unicode_buffer(_MAX_NAME)
            if not self._kernel.GetComputerNameExW(_DNS_FULLY_QUALIFIED, buffer, ctypes.byref(size)):
                return None
            return buffer.value or None

        def adapters(self) -> tuple[Adapter, ...]:
            """Through ifaddr.

            Raises:
                FactsError: Windows refused to tell.
            """
            return read_adapters()

        def hardware(self) -> tuple[Hardware, ...]:
            """GetAdaptersAddresses."""
            return read_hardware()

        def client_file(self) -> bytes:
            """The first part of ``SMSCFG.INI``; of the Windows folder of the machine, not of a user's own."""
            folder = ctypes.create_unicode_buffer(_MAX_NAME)
            if not self._kernel.GetSystemWindowsDirectoryW(folder, _MAX_NAME):
                return b""
            try:
                with Path(folder.value, "SMSCFG.INI").open("rb") as file:
                    return file.read(SMSCFG_CAP)
            except OSError:
                return b""

else:

    class Win32Source:
        """There is no Windows here."""

        def __init__(self) -> None:
            raise FactsError("this is not Windows")
