"""Every setting there is: its name, what it takes, its default, what it means.

The table drives the configuration files, the ``CMCLIENT_*`` variables, the options, the documents and
``config show``. A value from a file, a variable, an option or a program passes the same parser: it takes the final
type, the TOML types and text.
"""

from collections.abc import Callable
from typing import NamedTuple

from .model.certificates import PERSONAL_STORE
from .model.content import ContentId
from .model.decision import Phase, Purpose
from .model.directory import DirectorySecurity
from .model.endpoints import HTTP_PORT, HTTPS_PORT, Endpoint, ManagementPoint
from .model.enrollment import PrincipalName
from .model.facts import ClientKind, NetworkLocation
from .model.legacy import DefaultKind, ProfileName, SiteMode
from .model.login import Authentication, DirectoryAuthentication
from .model.names import AdSiteName, DnsDomain, HostName, SiteCode
from .model.settings import ContactMode, MeteredUse
from .model.state import ClientId, ReportFormat
from .protocol.certificate_criteria import parse_criterion, parse_issuers
from .protocol.setupline import parse_mp_entry
from .setting_values import (
    as_address,
    as_dns_server,
    as_flag,
    as_gateways,
    as_internet_mp,
    as_media_type,
    as_moment,
    as_password,
    as_path,
    as_port,
    as_proxy,
    as_root_key,
    as_server,
    as_setup_line,
    as_site_code,
    as_store_name,
    as_update_point,
    as_user,
    checked,
    list_of,
    named,
    one_of,
    seconds,
    whole,
)

__all__ = ["SETTINGS", "Setting"]


_MAX_BUILD = 65535
_MAX_RACE = 8  # connections at a time that one client may cost a site
_MAX_CONNECTIONS = 16  # to one server: it has other clients
_MAX_HOSTS = 4
_LEAST_RATE = 16 * 1024  # bytes a second: less would be taken for a source that makes no progress
_MAX_RATE = 2**40
_MAX_SEED = 2**63 - 1
_MAX_VERSION = 2**31 - 1
_ON, _OFF = True, False


class Setting(NamedTuple):
    """One setting.

    Attributes:
        name: Key in a file; the option has hyphens instead of underscores, the variable is ``CMCLIENT_`` and the name
            in upper case.
        kind: What it takes, in words.
        default: What counts when nobody says anything.
        unit: Unit of a number; empty for everything else.
        meaning: What it is for, in one line.
        parse: Checks a value; raises InvalidValueError. A setting whose default is None also takes None.
    """

    name: str
    kind: str
    default: object
    unit: str
    meaning: str
    parse: Callable[[object], object]


_HOST, _HOSTS = named("host name", HostName), list_of("host name", HostName)
_DOMAIN, _DOMAINS = named("DNS domain", DnsDomain), list_of("DNS domain", DnsDomain)
_MPS = list_of("management point", parse_mp_entry, ManagementPoint)
_TIMEOUT = seconds()
_CLIENT_ID, _FORMAT = named("client id", ClientId), named("format of a report", ReportFormat)

SETTINGS: tuple[Setting, ...] = (
    Setting("site_code", "site code or AUTO", None, "", "the assigned site; not set, or AUTO: find out", as_site_code),
    Setting(
        "management_points", "list of [https://]HOST[:PORT]", (), "", "first management points, like SMSMPLIST", _MPS
    ),
    Setting("dns_suffix", "DNS domain", None, "", "domain to look in for management points in DNS", _DOMAIN),
    Setting(
        "client_kind", "client kind", ClientKind.WINDOWS, "", "what kind of client", one_of("client kind", ClientKind)
    ),
    Setting(
        "network_location",
        "network location",
        None,
        "",
        "where the client is; not set: find out",
        one_of("network location", NetworkLocation),
    ),
    Setting(
        "always_internet", "yes or no", _OFF, "", "on the internet whatever the network says (CCMALWAYSINF)", as_flag
    ),
    Setting(
        "internet_mp",
        "host name or address of a gateway",
        None,
        "",
        "management point for the internet, or HOST/CCM_Proxy_MutualAuth/NUMBER (CCMHOSTNAME); '': none",
        as_internet_mp,
    ),
    Setting(
        "fallback_gateways",
        "list of addresses of gateways",
        None,
        "",
        "gateways for the internet while no other server for it is known (CMGFQDNs); not set: the installed client's",
        as_gateways,
    ),
    Setting("use_gateways", "yes or no", _ON, "", "may use cloud management gateways", as_flag),
    Setting(
        "prefer_cloud",
        "yes or no",
        _OFF,
        "",
        "a boundary group of the client prefers cloud sources: gateways come first on the intranet too",
        as_flag,
    ),
    Setting(
        "metered",
        "metered use",
        MeteredUse.BLOCK,
        "",
        "what may be done on a metered connection: allow, limit or block",
        one_of("metered use", MeteredUse),
    ),
    Setting("metered_network", "yes or no", None, "", "whether the connection is metered; not set: not known", as_flag),
    Setting("roaming_network", "yes or no", None, "", "whether it is a roaming data connection; likewise", as_flag),
    Setting("use_pki_cert", "yes or no", _OFF, "", "use a PKI client certificate (/UsePKICert)", as_flag),
    Setting(
        "client_certificate", "path", None, "", "client certificate: PEM, PKCS#12, or a folder to choose from", as_path
    ),
    Setting("client_key", "path", None, "", "key of the client certificate, PEM; not set: in the same file", as_path),
    Setting(
        "client_certificate_password_file", "path", None, "", "file whose first line opens the key or PKCS#12", as_path
    ),
    Setting(
        "certificate_criterion",
        "criterion",
        None,
        "",
        "which client certificate: Subject:, SubjectStr: or SubjectAttr: and what to find (CCMCERTSEL)",
        checked("certificate criterion", parse_criterion),
    ),
    Setting(
        "certificate_issuers",
        "list of issuers",
        None,
        "",
        "root authorities of client certificates, '|' between them (CCMCERTISSUERS)",
        checked("list of certificate issuers", parse_issuers),
    ),
    Setting(
        "certificate_store",
        "text",
        PERSONAL_STORE,
        "",
        "Windows store that client certificates are in (CCMCERTSTORE)",
        named("name of a certificate store", as_store_name),
    ),
    Setting(
        "certificate_name_check",
        "yes or no",
        _ON,
        "",
        "a client certificate has to name this computer (CCMCERTNAMECHECK)",
        as_flag,
    ),
    Setting(
        "select_first_certificate",
        "yes or no",
        _ON,
        "",
        "of several that fit take the one that is valid longest (CCMFIRSTCERT); no: none",
        as_flag,
    ),
    Setting("crl_check", "yes or no", _ON, "", "check servers for revocation (off: /NoCRLCheck)", as_flag),
    Setting("ca_file", "path", None, "", "CA certificates to trust instead of the system's, PEM", as_path),
    Setting(
        "trusted_root_key",
        "root key in hexadecimal",
        None,
        "",
        "trusted root key of the hierarchy (SMSPublicRootKey)",
        as_root_key,
    ),
    Setting(
        "trusted_root_key_file",
        "path",
        None,
        "",
        "file that holds it, such as mobileclient.tcf (SMSROOTKEYPATH)",
        as_path,
    ),
    Setting(
        "reset_trusted_root_key",
        "yes or no",
        _OFF,
        "",
        "forget the trusted root key that was kept (RESETKEYINFORMATION)",
        as_flag,
    ),
    Setting("trust_env", "yes or no", _OFF, "", "heed proxy variables of the environment", as_flag),
    Setting(
        "proxy",
        "http[s]://[USER:PASSWORD@]HOST[:PORT]",
        None,
        "",
        "proxy for every request over HTTP, in place of the environment's; no PAC script",
        as_proxy,
    ),
    Setting("allow_http", "yes or no", _ON, "", "may go down from HTTPS to HTTP where a rule allows it", as_flag),
    Setting(
        "http_authentication",
        "way to log in",
        Authentication.AUTO,
        "",
        "how to log in to site systems that ask for it: auto (Kerberos, then NTLM), kerberos, ntlm or none",
        one_of("way to log in", Authentication),
    ),
    Setting("http_user", "text", None, "", "who logs in to them besides one's own account (network access)", as_user),
    Setting("http_password_file", "path", None, "", "file whose first line is that user's password", as_path),
    Setting("http_keytab", "path", None, "", "Kerberos keytab with that user's key", as_path),
    Setting("http_port", "port", HTTP_PORT, "", "the site's port for HTTP (CCMHTTPPORT)", as_port),
    Setting("https_port", "port", HTTPS_PORT, "", "the site's port for HTTPS (CCMHTTPSPORT)", as_port),
    Setting(
        "http_port_alternative", "port", None, "", "the site's second port for HTTP; not set: it has none", as_port
    ),
    Setting("https_port_alternative", "port", None, "", "the site's second port for HTTPS; likewise", as_port),
    Setting("allowed_mps", "list of host names", None, "", "the only management points to use (AllowedMPs)", _HOSTS),
    Setting(
        "client_build", "number", 9141, "", "build number of the client version", whole("build number", 1, _MAX_BUILD)
    ),
    Setting(
        "nearby_mps", "yes or no", _OFF, "", "ask a management point by message which are near the client", as_flag
    ),
    Setting(
        "software_update_points",
        "list of [https://]HOST[:PORT]",
        (),
        "",
        "software update points to choose from; none: ask for them",
        list_of("software update point", as_update_point, Endpoint),
    ),
    Setting(
        "software_update_point",
        "host name",
        None,
        "",
        "the one in use, which a client keeps; not set: the store's",
        _HOST,
    ),
    Setting(
        "update_source", "content id", None, "", "the update source as policy names it", named("content id", ContentId)
    ),
    Setting("update_source_version", "number", 1, "", "its version", whole("version", 0, _MAX_VERSION)),
    Setting("cloud_content", "yes or no", _OFF, "", "content may come from cloud sources", as_flag),
    Setting(
        "content_ask_interval",
        "number",
        600.0,
        "seconds",
        "between two questions where content is, while a download waits for more sources",
        _TIMEOUT,
    ),
    Setting(
        "content_connections",
        "number",
        4,
        "",
        "connections to one server while content is downloaded",
        whole("number of connections", 1, _MAX_CONNECTIONS),
    ),
    Setting(
        "content_hosts",
        "number",
        1,
        "",
        "servers that content is downloaded from at the same time, where they are equal by the rules",
        whole("number of servers", 1, _MAX_HOSTS),
    ),
    Setting(
        "content_rate",
        "number",
        None,
        "bytes a second",
        "most that a download takes of the network; not set: no limit",
        whole("rate", _LEAST_RATE, _MAX_RATE),
    ),
    Setting("content_stall", "number", 120.0, "seconds", "without progress, after which a source is left", _TIMEOUT),
    Setting(
        "enrollment_site",
        "site code",
        None,
        "",
        "the site that a device's enrollment profile names",
        named("site code", SiteCode),
    ),
    Setting("enrollment_proxy", "host name", None, "", "enrollment proxy point of a device; not set: find one", _HOST),
    Setting("enrollment_port", "port", HTTPS_PORT, "", "port of enrollment proxy points and of discovery", as_port),
    Setting(
        "enrollment_user",
        "USER@DOMAIN",
        None,
        "",
        "whom a device is enrolled for, whose domain is asked",
        named("user principal name", PrincipalName),
    ),
    Setting(
        "enrolled_at",
        "time",
        None,
        "",
        "when a device was enrolled, ISO 8601 with a zone; not set: long ago",
        as_moment,
    ),
    Setting("purpose", "purpose", Purpose.POLICY, "", "what for", one_of("purpose", Purpose)),
    Setting("phase", "phase", Phase.REGISTERED, "", "where the client is in its life", one_of("phase", Phase)),
    Setting(
        "trusted_forests", "list of DNS domains", None, "", "forests to trust; not set: ask the directory", _DOMAINS
    ),
    Setting(
        "directory_servers",
        "list of HOST[:PORT]",
        (),
        "",
        "directory servers to ask; none: find them in DNS",
        list_of("directory server", as_server),
    ),
    Setting("directory_user", "text", None, "", "who asks the directory, as in user@example.com", as_user),
    Setting("directory_password", "text", None, "", "that user's password", as_password),
    Setting("directory_password_file", "path", None, "", "file whose first line is that password", as_path),
    Setting("directory_keytab", "path", None, "", "Kerberos keytab with that user's key, in place of it", as_path),
    Setting(
        "directory_authentication",
        "way to log in",
        DirectoryAuthentication.AUTO,
        "",
        "how to log in to the directory: simple (a password, in TLS), kerberos, ntlm, or auto by what there is",
        one_of("way to log in to the directory", DirectoryAuthentication),
    ),
    Setting(
        "directory_security",
        "security",
        DirectorySecurity.AUTO,
        "",
        "how that connection is protected: starttls, ldaps, sealed (by Kerberos or NTLM), clear, or auto",
        one_of("way to protect a directory connection", DirectorySecurity),
    ),
    Setting(
        "directory_ca_file", "path", None, "", "CA certificates that directory servers are checked with, PEM", as_path
    ),
    Setting("directory_allow_clear_text_bind", "yes or no", _OFF, "", "may send the password unprotected", as_flag),
    Setting("use_global_catalog", "yes or no", _ON, "", "search the whole forest in a global catalog", as_flag),
    Setting(
        "dns_servers",
        "list of ADDRESS[:PORT]",
        (),
        "",
        "DNS servers to ask; none: the system's",
        list_of("DNS server", as_dns_server),
    ),
    Setting(
        "bind_address", "IP address", None, "", "local address to connect from", named("network address", as_address)
    ),
    Setting("store", "path", None, "", "file that keeps the MP list; not set: the user's state folder", as_path),
    Setting("deadline", "number", 30.0, "seconds", "for everything together", _TIMEOUT),
    Setting("connect_timeout", "number", 5.0, "seconds", "to connect to a management point", _TIMEOUT),
    Setting("attempt_timeout", "number", 15.0, "seconds", "to a whole answer of a management point", _TIMEOUT),
    Setting("directory_timeout", "number", 10.0, "seconds", "for a directory server", _TIMEOUT),
    Setting("dns_timeout", "number", 5.0, "seconds", "for a DNS query, which is tried twice", _TIMEOUT),
    Setting(
        "contact",
        "way to contact",
        ContactMode.RACE,
        "",
        "how management points of equal rank are contacted",
        one_of("way to contact", ContactMode),
    ),
    Setting("race_stagger", "number", 0.1, "seconds", "head start of those that race first", seconds(may_be_zero=True)),
    Setting("race_width", "number", 8, "", "most connections of a race", whole("width of a race", 1, _MAX_RACE)),
    Setting(
        "agent_probe_interval",
        "number",
        3600.0,
        "seconds",
        "between two checks of the management point that an agent uses; 0: none",
        seconds(may_be_zero=True),
    ),
    Setting(
        "agent_spread",
        "number",
        600.0,
        "seconds",
        "by which the cycles of an agent begin later than due, at most, at random",
        seconds(may_be_zero=True),
    ),
    Setting("seed", "number", None, "", "seed of random choices; not set: drawn", whole("seed", 0, _MAX_SEED)),
    Setting("fsp", "host name", None, "", "fallback status point (FSP)", _HOST),
    Setting("internet_fsp", "host name", None, "", "fallback status point for a client on the internet", _HOST),
    Setting("fsp_port", "port", None, "", "its port; not set: the site's port for HTTP", as_port),
    Setting("report", "yes or no", None, "", "whether to report; not set: when an FSP was given", as_flag),
    Setting("report_format", "format", ReportFormat("1.0"), "", "what a report says that it is: 1.0 or 1.1", _FORMAT),
    Setting("report_declaration", "yes or no", _OFF, "", "whether a report begins with an XML declaration", as_flag),
    Setting(
        "report_content_type", "media type", "text/plain; charset=UTF-16", "", "what a report is sent as", as_media_type
    ),
    Setting("report_client_version", "yes or no", _OFF, "", "first parameter of deployment: the version", as_flag),
    Setting("client_id", "client id", None, "", "the id that the site knows the client by, GUID:...", _CLIENT_ID),
    Setting(
        "profile",
        "profile",
        ProfileName.CURRENT,
        "",
        "whose rules decide: current or cm07",
        one_of("profile", ProfileName),
    ),
    Setting(
        "cm07_mode",
        "mode of a site",
        None,
        "",
        "CM 2007: native or mixed mode; not set: find out (/native)",
        one_of("mode of a site", SiteMode),
    ),
    Setting(
        "cm07_http_roaming", "yes or no", _OFF, "", "CM 2007: native mode may use HTTP to roam and assign", as_flag
    ),
    Setting("cm07_locator_point", "host name", None, "", "CM 2007: server locator point (SMSSLP)", _HOST),
    Setting(
        "cm07_slow_boundaries",
        "list of boundaries",
        (),
        "",
        "CM 2007: slow ones among the published: AD sites, network ids, ranges",
        list_of("boundary", AdSiteName),
    ),
    Setting(
        "cm07_default_mp",
        "kind of default MP",
        DefaultKind.SERVER,
        "",
        "CM 2007: what the default MP of the site is: server, cluster or none",
        one_of("kind of default MP", DefaultKind),
    ),
    Setting(
        "setup_mps",
        "list of [https://]HOST[:PORT]",
        (),
        "",
        "management points that are asked where the files of client setup are (/mp)",
        _MPS,
    ),
    Setting(
        "setup_sources",
        "list of folders",
        (),
        "",
        "local or UNC folders with the files of client setup (/source)",
        list_of("folder", as_path),
    ),
    Setting(
        "setup_retry",
        "number",
        600.0,
        "seconds",
        "between two attempts to get the files of client setup (/retry)",
        _TIMEOUT,
    ),
    Setting(
        "setup_timeout",
        "number",
        86_400.0,
        "seconds",
        "after which client setup gives up getting its files (/downloadtimeout)",
        _TIMEOUT,
    ),
    Setting(
        "setup_line", "text", None, "", "a ccmsetup line; its values count before variables and options", as_setup_line
    ),
)
