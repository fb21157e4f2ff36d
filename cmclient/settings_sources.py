"""Settings that say whom the client asks, for what, and how patiently."""

from .model.content_id import ContentId
from .model.decision import Phase, Purpose
from .model.directory import DirectorySecurity
from .model.endpoints import HTTPS_PORT, Endpoint
from .model.enrollment import PrincipalName
from .model.login import DirectoryAuthentication
from .model.names import DnsDomain, HostName, SiteCode
from .model.settings import ContactMode
from .setting import Setting
from .setting_values import (
    as_address,
    as_dns_server,
    as_flag,
    as_moment,
    as_password,
    as_path,
    as_port,
    as_server,
    as_update_point,
    as_user,
    list_of,
    named,
    one_of,
    seconds,
    whole,
)

__all__ = ["SOURCE_SETTINGS"]


_MAX_RACE = 8  # connections at a time that one client may cost a site
_MAX_CONNECTIONS = 16  # to one server: it has other clients
_MAX_HOSTS = 4
_LEAST_RATE = 16 * 1024  # bytes a second: less would be taken for a source that makes no progress
_MAX_RATE = 2**40
_MAX_SEED = 2**63 - 1
_MAX_VERSION = 2**31 - 1
_ON = True
_OFF = False


_HOST = named("host name", HostName)
_DOMAINS = list_of("DNS domain", DnsDomain)
_TIMEOUT = seconds()

SOURCE_SETTINGS: tuple[Setting, ...] = (
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
        "wins_lookup",
        "yes or no",
        _ON,
        "",
        "WINS may be asked where a program brings a look-up for it (no: SMSDIRECTORYLOOKUP=NOWINS)",
        as_flag,
    ),
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
)
