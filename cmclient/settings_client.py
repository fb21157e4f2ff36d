"""Settings that say what the client is: its site, where it is, how it proves itself and whom it trusts."""

from .model.endpoints import HTTP_PORT, HTTPS_PORT, ManagementPoint
from .model.facts import ClientKind, NetworkLocation
from .model.login import Authentication
from .model.names import DnsDomain, HostName
from .model.settings import PERSONAL_STORE, MeteredUse
from .protocol.mpentry import parse_mp_entry
from .setting import Setting
from .setting_values import (
    as_certificate_criterion,
    as_certificate_issuers,
    as_flag,
    as_gateways,
    as_internet_mp,
    as_path,
    as_port,
    as_proxy,
    as_root_key,
    as_site_code,
    as_store_name,
    as_user,
    list_of,
    named,
    one_of,
    whole,
)

__all__ = ["CLIENT_SETTINGS"]


_MAX_BUILD = 65535
_ON = True
_OFF = False


_HOSTS = list_of("host name", HostName)
_DOMAIN = named("DNS domain", DnsDomain)
_MPS = list_of("management point", parse_mp_entry, ManagementPoint)

CLIENT_SETTINGS: tuple[Setting, ...] = (
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
        as_certificate_criterion,
    ),
    Setting(
        "certificate_issuers",
        "list of issuers",
        None,
        "",
        "root authorities of client certificates, '|' between them (CCMCERTISSUERS)",
        as_certificate_issuers,
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
        "file that holds it, such as mobileclient.tcf (SMSROOTKEYPATH), with the list of certificate_issuers",
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
)
