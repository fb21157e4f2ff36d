"""The made-up hierarchy that the real servers serve: two primary sites of one forest, and what they publish."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from integration.daemons import AddressBlock

__all__ = [
    "BUILD",
    "DOMAIN",
    "HTTPS_PORT",
    "HTTP_PORT",
    "MANAGEMENT_POINTS",
    "ODD_PORT",
    "READER",
    "READER_PASSWORD",
    "TRUSTED_FOREST",
    "WEB",
    "WRONG_PASSWORD",
    "Entry",
    "ManagementPoint",
    "domain_dn",
    "mp_list",
    "published_entries",
    "require",
]

DOMAIN = "corp.test"
TRUSTED_FOREST = "partner.test"
READER, READER_PASSWORD, WRONG_PASSWORD = "reader@corp.test", "Read.Passw0rd", "Wrong.Passw0rd"
WEB = f"dp1.{DOMAIN}"
HTTP_PORT, HTTPS_PORT = 8080, 8443
ODD_PORT = 8180  # neither of the two: only the record that names it can have told a client
BUILD = 9141

Entry = tuple[str, dict[str, str | bytes | Sequence[str]]]


class ManagementPoint(NamedTuple):
    """A management point that somebody names.

    Attributes:
        short: Its host name without the domain.
        site: Its site; for that of a secondary site, the site above.
        number: Last number of its address; None when it has none.
        ssl_state: 0 for HTTP, 63 for HTTPS with a client certificate.
        port: The port that it is asked on.
        is_up: Whether somebody listens there.
        forest: Its forest as published.
        is_secondary: Whether it belongs to a secondary site; such a one is only named by lists.
    """

    short: str
    site: str
    number: int | None = None
    ssl_state: int = 0
    port: int = HTTP_PORT
    is_up: bool = True
    forest: str = DOMAIN
    is_secondary: bool = False

    @property
    def name(self) -> str:
        """Fully qualified name."""
        return f"{self.short}.{DOMAIN}"

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"{'https' if self.ssl_state else 'http'}://{self.name}:{self.port}"

    def address_in(self, block: AddressBlock) -> str:
        """Its address; it has one."""
        assert self.number is not None
        return block.address(0, self.number)


# Those that have an address. A site's list names those of the site and of the secondary sites below it.
MANAGEMENT_POINTS = (
    ManagementPoint("ber1", "BER", 21),
    ManagementPoint("ber2", "BER", 22, ssl_state=63, port=HTTPS_PORT),
    ManagementPoint("ber3", "BER", 23, is_secondary=True),
    ManagementPoint("par1", "PAR", 31),
    ManagementPoint("par2", "PAR", 32, is_up=False, forest=TRUSTED_FOREST),
    ManagementPoint("odd1", "ODD", 41, port=ODD_PORT),
)

# Signed numbers, as the directory has them. The first range crosses 128.0.0.0: its end is below its beginning.
_RANGES = (
    ("BER", "127.255.255.0-128.0.0.255", 2147483392, -2147483393),
    ("PAR", "192.168.0.1-192.168.0.254", -1062731775, -1062731522),
)


def require(short: str) -> ManagementPoint:
    """The management point of that short name."""
    return next(mp for mp in MANAGEMENT_POINTS if mp.short == short)


def mp_list(site: str, *, with_site_code: bool) -> str:
    """What a management point of a site answers: all below the site, or with site codes the site's own only."""
    named = [mp for mp in MANAGEMENT_POINTS if mp.site == site and not (with_site_code and mp.is_secondary)]
    code = f' SiteCode="{site}"' if with_site_code else ""
    parts = [
        f'<MP Name="{mp.name.upper()}" FQDN="{mp.name}"{code}><Version>{BUILD}</Version>'
        f'<Capabilities SchemaVersion="1.0"><Property Name="SSLState" Value="{mp.ssl_state}"/></Capabilities></MP>'
        for mp in named
    ]
    return f"<MPList>{''.join(parts)}</MPList>"


def domain_dn(domain: str) -> str:
    """The distinguished name of a domain."""
    return ",".join(f"DC={label}" for label in domain.split("."))


# --- Active Directory -----------------------------------------------------------------------------------------------


def published_entries(block: AddressBlock) -> list[Entry]:
    """What is in the directory besides what every domain has: network, a reader, and what the sites publish.

    A client is in Berlin from ``127.<block>.1.*``, in Paris from ``127.<block>.2.*``, and in no AD site from
    elsewhere.
    """
    base = domain_dn(DOMAIN)
    return [
        *_ad_site("Berlin", f"{block.address(1, 0)}/24", base),
        *_ad_site("Paris", f"{block.address(2, 0)}/24", base),
        _reader(base),
        _web_service(base),
        _trust(base),
        (_container(base), {"objectClass": "container"}),
        *_configuration_manager(_container(base)),
        (f"OU=Elsewhere,{base}", {"objectClass": "organizationalUnit"}),
        _mp_entry(ManagementPoint("stray", "ODD"), f"OU=Elsewhere,{base}"),
    ]


def _container(base: str) -> str:
    return f"CN=System Management,CN=System,{base}"


def _ad_site(name: str, subnet: str, base: str) -> Iterator[Entry]:
    sites = f"CN=Sites,CN=Configuration,{base}"
    yield f"CN={name},{sites}", {"objectClass": "site"}
    yield f"CN=NTDS Site Settings,CN={name},{sites}", {"objectClass": "nTDSSiteSettings"}
    yield f"CN=Servers,CN={name},{sites}", {"objectClass": "serversContainer"}
    yield f"CN={subnet},CN=Subnets,{sites}", {"objectClass": "subnet", "siteObject": f"CN={name},{sites}"}


def _reader(base: str) -> Entry:
    account = READER.partition("@")[0]
    return f"CN={account},CN=Users,{base}", {
        "objectClass": "user",
        "sAMAccountName": account,
        "userPrincipalName": READER,
        "userAccountControl": "512",
        "unicodePwd": f'"{READER_PASSWORD}"'.encode("utf-16-le"),
    }


def _web_service(base: str) -> Entry:
    """Who runs the distribution point that asks for a login: its name is what tickets are for."""
    return f"CN=web,CN=Users,{base}", {
        "objectClass": "user",
        "sAMAccountName": "web",
        "userAccountControl": "512",
        "unicodePwd": '"Serve.Passw0rd"'.encode("utf-16-le"),
        "servicePrincipalName": f"HTTP/{WEB}",
        "msDS-SupportedEncryptionTypes": "24",  # AES; else its keytab would have RC4 alone
    }


def _trust(base: str) -> Entry:
    """A trust between forests, both ways, as far as it can be read; there is nobody at the other end."""
    return f"CN={TRUSTED_FOREST},CN=System,{base}", {
        "objectClass": "trustedDomain",
        "trustPartner": TRUSTED_FOREST,
        "flatName": "PARTNER",
        "trustDirection": "3",
        "trustType": "2",
        "trustAttributes": "8",
        # Without it the domain controller gives out no tickets at all: it cannot tell which domain is whose.
        "securityIdentifier": "S-1-5-21-1-2-3",
    }


def _configuration_manager(container: str) -> Iterator[Entry]:
    yield _site_entry("BER", ("Berlin", "10.1.0.0"), container)
    yield _site_entry("PAR", ("Paris", "10.2.0.0"), container)
    yield _site_entry("CAS", (), container)  # a central administration site has no management point
    for site, name, low, high in _RANGES:
        yield (
            f"CN={name},{container}",
            {
                "objectClass": "mSSMSRoamingBoundaryRange",
                "mSSMSSiteCode": site,
                "mSSMSRangedIPLow": str(low),
                "mSSMSRangedIPHigh": str(high),
            },
        )
    for mp in MANAGEMENT_POINTS:
        if mp.site in {"BER", "PAR"} and not mp.is_secondary:
            yield _mp_entry(mp, container)
    yield _mp_entry(ManagementPoint("old1", "BER"), container, build=6487)  # of the 2007 generation
    nameless, attributes = _mp_entry(ManagementPoint("nameless", "BER"), container)
    yield nameless, {key: value for key, value in attributes.items() if key not in {"mSSMSMPName", "dNSHostName"}}
    yield _mp_entry(ManagementPoint("two-letters", "BE"), container)


def _site_entry(site: str, boundaries: Sequence[str], container: str) -> Entry:
    return f"CN=SMS-Site-{site},{container}", {
        "objectClass": "mSSMSSite",
        "mSSMSSiteCode": site,
        "mSSMSAssignmentSiteCode": site,
        "mSSMSSourceForest": DOMAIN,
        "mSSMSHealthState": f"{site}.{{6F1C2A4E-0D3B-4C55-9A67-2E8B1F90C7D4}}",
        "mSSMSRoamingBoundaries": boundaries,
    }


def _mp_entry(mp: ManagementPoint, container: str, build: int = BUILD) -> Entry:
    return f"CN=SMS-MP-{mp.site}-{mp.name.upper()},{container}", {
        "objectClass": "mSSMSManagementPoint",
        "mSSMSSiteCode": mp.site,
        "mSSMSDefaultMP": "TRUE" if mp.short.endswith("1") else "FALSE",
        "mSSMSDeviceManagementPoint": "FALSE",
        "mSSMSMPName": mp.name.upper(),
        "dNSHostName": mp.name,
        "mSSMSVersion": str(build),
        "mSSMSSourceForest": mp.forest,
        "mSSMSCapabilities": _capabilities(mp),
    }


def _capabilities(mp: ManagementPoint) -> str:
    """What a site says of itself; the ``&`` stands there bare, as it does in real ones."""
    return (
        "<ClientOperationalSettings><Version>5.00.9141.1000</Version><SecurityConfiguration>"
        "<SecurityModeMask>0</SecurityModeMask><SecurityModeMaskEx>480</SecurityModeMaskEx>"
        f"<HTTPPort>{HTTP_PORT}</HTTPPort><HTTPSPort>{HTTPS_PORT}</HTTPSPort>"
        "<CertificateStoreName></CertificateStoreName></SecurityConfiguration>"
        f"<RootSiteCode>{mp.site}</RootSiteCode>"
        f"<CCM><CommandLine>SMSSITECODE={mp.site} CCMCERTSEL=SubjectStr:R&D</CommandLine></CCM>"
        f'<Capabilities SchemaVersion="1.0"><Property Name="SSLState" Value="{mp.ssl_state}"/></Capabilities>'
        "</ClientOperationalSettings>"
    )
