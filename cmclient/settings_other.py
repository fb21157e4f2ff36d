"""Settings of reporting, of CM 2007 and of client setup."""

from .model.endpoints import ManagementPoint
from .model.legacy import DefaultKind, ProfileName, SiteMode
from .model.names import AdSiteName, HostName
from .model.state import ClientId, ReportFormat
from .protocol.mpentry import parse_mp_entry
from .setting import Setting
from .setting_values import (
    as_flag,
    as_media_type,
    as_path,
    as_port,
    as_setup_line,
    list_of,
    named,
    one_of,
    seconds,
)

__all__ = ["OTHER_SETTINGS"]


_OFF = False


_HOST = named("host name", HostName)
_MPS = list_of("management point", parse_mp_entry, ManagementPoint)
_TIMEOUT = seconds()
_CLIENT_ID = named("client id", ClientId)
_FORMAT = named("format of a report", ReportFormat)

OTHER_SETTINGS: tuple[Setting, ...] = (
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
        "setup_newest",
        "yes or no",
        _OFF,
        "",
        "get the newest client and not that of production (/UpgradeToLatest)",
        as_flag,
    ),
    Setting(
        "setup_line", "text", None, "", "a ccmsetup line; its values count before variables and options", as_setup_line
    ),
)
