"""What a client knows about itself."""

from collections.abc import Mapping
from enum import Enum
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface
from typing import NamedTuple

from ..errors import InvalidValueError
from .endpoints import InternetAddress
from .names import AdSiteName, DnsDomain, HostName, MacAddress, SiteCode
from .state import ClientId, ClientVersion

__all__ = [
    "Adapter",
    "ClientKind",
    "DomainController",
    "InterfaceAddress",
    "Membership",
    "NetworkFacts",
    "NetworkLocation",
    "parse_address",
]


class Membership(Enum):
    """What the machine is joined to."""

    DOMAIN = "domain"
    WORKGROUP = "workgroup"
    AZURE_AD = "azure-ad"  # Azure AD alone, no domain
    UNKNOWN = "unknown"


class NetworkLocation(Enum):
    """Where the client is. UNKNOWN is an answer: nothing proved either."""

    INTRANET = "intranet"
    INTERNET = "internet"
    UNKNOWN = "unknown"


class ClientKind(Enum):
    """What kind of client this is; decides which site systems it may use at all."""

    WINDOWS = "windows"
    MAC = "mac"
    MOBILE = "mobile"
    """A mobile device that Configuration Manager enrolled."""
    MDM = "mdm"
    """A device under on-premises device management."""
    EXCHANGE = "exchange"
    LEGACY_MOBILE = "legacy-mobile"
    """A mobile device with the client of before enrollment (Windows CE, Windows Mobile)."""


class InterfaceAddress(NamedTuple):
    """An address of the machine.

    Attributes:
        address: IPv4 or IPv6 address in its usual text form, without a zone.
        prefix: Length of the network prefix; None when it was given without one.
    """

    address: str
    prefix: int | None = None

    def __str__(self) -> str:
        """``address/prefix``, or the bare address."""
        return self.address if self.prefix is None else f"{self.address}/{self.prefix}"

    @property
    def network(self) -> str | None:
        """The network id, such as ``10.1.2.0``; None without a prefix."""
        if self.prefix is None:
            return None
        interface: IPv4Interface | IPv6Interface = ip_interface(f"{self.address}/{self.prefix}")
        return str(interface.network.network_address)


def parse_address(text: str) -> InterfaceAddress:
    """Read ``ADDRESS`` or ``ADDRESS/PREFIX``.

    Returns:
        The address in its usual form; a prefix may be a length or an IPv4 mask.

    Raises:
        InvalidValueError: It is no IPv4 or IPv6 address, or the prefix does not fit.
    """
    plain = text.strip()
    address, slash, _ = plain.partition("/")
    address = address.partition("%")[0]
    try:
        if not slash:
            return InterfaceAddress(str(ip_address(address)))
        interface = ip_interface(address + plain[plain.index("/") :])
    except ValueError as error:
        raise InvalidValueError("network address", text, "give ADDRESS or ADDRESS/PREFIX, as in 10.1.2.3/24") from error
    return InterfaceAddress(str(interface.ip), interface.network.prefixlen)


class Adapter(NamedTuple):
    """A network connection, as far as a site wants to know it (CF-007).

    Attributes:
        name: The system's name for it.
        description: The system's description; the name again where there is none.
        dns_suffix: The connection's own DNS suffix; empty when it has none.
        is_vpn: Whether its kind or name says that it is a VPN; None when that cannot be told.
        if_type: Kind of the connection as IANA numbers them (6 Ethernet, 23 PPP, 71 Wi-Fi, 131 tunnel); None when not
            known.
        has_hardware_address: Whether it has a MAC address; None when not known.
        addresses: In the system's order; may be empty.
        hardware_address: Its MAC address, by which a client without an id is told apart; None when not known.
    """

    name: str
    description: str = ""
    dns_suffix: str = ""
    is_vpn: bool | None = None
    if_type: int | None = None
    has_hardware_address: bool | None = None
    addresses: tuple[InterfaceAddress, ...] = ()
    hardware_address: MacAddress | None = None


class DomainController(NamedTuple):
    """What a domain controller said in answer to a netlogon ping.

    Attributes:
        host: Its DNS name.
        address: The address that answered.
        domain: DNS name of its domain.
        forest: DNS name of its forest.
        client_site: AD site of the asking address; None when no subnet holds it.
        server_site: AD site of the domain controller itself; None when it did not say.
        is_global_catalog: Whether it is a global catalog.
    """

    host: HostName
    address: str
    domain: DnsDomain
    forest: DnsDomain
    client_site: AdSiteName | None = None
    server_site: AdSiteName | None = None
    is_global_catalog: bool = False


class NetworkFacts(NamedTuple):
    """Everything about a machine that a location decision may use.

    Attributes:
        host: The machine's own name, fully qualified where that is known.
        membership: What it is joined to.
        domain: DNS name of its domain; None when it has none or it is not known.
        forest: DNS name of its forest; None likewise.
        trusted_forests: Forests that its own forest trusts, sorted; empty when there are none or nobody said.
        ad_site: Its AD site; None when it is in none or it is not known.
        adapters: Its network connections, in the system's order; loopback left out.
        dns_suffixes: DNS search suffixes, in the system's order.
        domain_controllers: Domain controllers that answered, first answer first.
        network_location: Intranet, internet or unknown.
        client_kind: The kind of client.
        always_internet: Set up for the internet only (``CCMALWAYSINF``), whatever the network says.
        assigned_site: The site that an installed client is assigned to; None when there is none.
        allowed_mps: Affinity (``AllowedMPs``) of an installed client; None when it is not set.
        metered_network: Whether its connection is metered; None when nobody said.
        roaming_network: Whether its connection is a roaming data connection; None when nobody said.
        fsp: The fallback status point of an installed client; None when there is none.
        intranet_fsp: Its name on the intranet, where that is another; None when nobody said.
        internet_mp: The server for the internet that an installed client has on record; None when it has none.
        fallback_gateways: Gateways that it falls back to on the internet (``CMGFQDNs``), in order.
        client_id: The id of an installed client; None when there is none or nobody said.
        client_version: Its version; likewise.
        origins: For each fact that is known, a few words on where it came from.
    """

    host: HostName | None = None
    membership: Membership = Membership.UNKNOWN
    domain: DnsDomain | None = None
    forest: DnsDomain | None = None
    trusted_forests: tuple[DnsDomain, ...] = ()
    ad_site: AdSiteName | None = None
    adapters: tuple[Adapter, ...] = ()
    dns_suffixes: tuple[DnsDomain, ...] = ()
    domain_controllers: tuple[DomainController, ...] = ()
    network_location: NetworkLocation = NetworkLocation.UNKNOWN
    client_kind: ClientKind = ClientKind.WINDOWS
    always_internet: bool = False
    assigned_site: SiteCode | None = None
    allowed_mps: tuple[HostName, ...] | None = None
    metered_network: bool | None = None
    roaming_network: bool | None = None
    fsp: HostName | None = None
    intranet_fsp: HostName | None = None
    internet_mp: InternetAddress | None = None
    fallback_gateways: tuple[InternetAddress, ...] = ()
    client_id: ClientId | None = None
    client_version: ClientVersion | None = None
    origins: Mapping[str, str] = {}

    def learn(self, origin: str, **known: object) -> "NetworkFacts":
        """These facts with some that became known, by name.

        Args:
            origin: Where they came from, in a few words.
            known: The facts.
        """
        origins = {**self.origins, **dict.fromkeys(known, origin)}
        return self._replace(**known, origins=origins)  # type: ignore[arg-type] # names of fields

    @property
    def addresses(self) -> tuple[InterfaceAddress, ...]:
        """All addresses of all connections, in order."""
        return tuple(address for adapter in self.adapters for address in adapter.addresses)

    @property
    def on_vpn(self) -> bool | None:
        """Whether a connection is a VPN; None when none is known to be one and some cannot be told."""
        hints = [adapter.is_vpn for adapter in self.adapters]
        if True in hints:
            return True
        return None if None in hints or not hints else False
