"""Every parameter and property of client setup: what it is for, and which values it takes."""

import re
from collections.abc import Callable
from typing import NamedTuple

from ..errors import InvalidValueError
from ..model.names import DnsDomain, HostName, SiteCode, parse_port
from .certificate_criteria import parse_criterion, parse_issuers
from .gateways import parse_internet_address
from .mpentry import parse_mp_entries, parse_mp_entry
from .mpswitch import parse_mp_switch
from .rootkeyblob import parse_root_key
from .setupvalues import SetupKind

__all__ = ["BY_NAME", "KNOWN", "SetupName", "ValueForm", "find_known"]

_SHOWN = 60  # characters of a value in a fault


class ValueForm(NamedTuple):
    """Which values a name takes.

    Attributes:
        words: The same in words.
        check: Gives what is wrong with a value that is there, as half a sentence; empty when nothing is.
        required: Whether there has to be a value.
        allowed: Whether there may be one.
    """

    words: str
    check: Callable[[str], str]
    required: bool = True
    allowed: bool = True


class SetupName(NamedTuple):
    """A parameter or property of client setup.

    Attributes:
        name: As usually written; a parameter with its slash.
        kind: Who takes it.
        form: The values it takes.
        rule: The rule that describes it; empty for one that the catalogue leaves out.
        meaning: What it is for, in one line.
        secret: Whether its value must not be shown.
        adds_up: Whether giving it again adds a value instead of replacing the one before (Q-31).
    """

    name: str
    kind: SetupKind
    form: ValueForm
    rule: str
    meaning: str
    secret: bool = False
    adds_up: bool = False


def _shown(value: str) -> str:
    """The value in quotes, cut short; it is printable when a check sees it, so a path keeps its backslashes."""
    return f"'{value if len(value) <= _SHOWN else value[:_SHOWN] + '...'}'"


def _nothing_wrong(_: str) -> str:
    return ""


def _pattern(words: str, pattern: str) -> ValueForm:
    def check(value: str) -> str:
        # Compiled when a value is there, not when the table is built: most runs read no line.
        found = re.fullmatch(pattern, value, re.IGNORECASE | re.DOTALL)
        return "" if found else f"{_shown(value)} is not {words}"

    return ValueForm(words, check)


def _one_of(*allowed: str) -> ValueForm:
    words = " or ".join(allowed)
    return ValueForm(words, lambda value: "" if value.upper() in allowed else f"{_shown(value)} is not {words}")


def _whole(words: str, low: int, high: int | None = None) -> ValueForm:
    def check(value: str) -> str:
        # Nine digits are beyond every limit here; longer ones are refused before they cost time.
        number = int(value) if re.fullmatch("[0-9]{1,9}", value) else -1
        return "" if number >= low and (high is None or number <= high) else f"{_shown(value)} is not {words}"

    return ValueForm(words, check)


def _read_by(words: str, parse: Callable[[str], object]) -> ValueForm:
    def check(value: str) -> str:
        try:
            parse(value)
        except InvalidValueError as error:
            return error.message
        return ""

    return ValueForm(words, check)


def _mp_list(value: str) -> object:
    found = parse_mp_entries(value)
    if not found:
        raise InvalidValueError("list of management points", value, "it names none")
    return found


def _mp_switch(value: str) -> object:
    found = parse_mp_switch(value)
    if not found:
        raise InvalidValueError("list of management points", value, "it names none")
    return found


def _site_or_auto(value: str) -> object:
    return None if value.upper() == "AUTO" else SiteCode(value)


_CACHE_FLAGS = (
    "PERCENTDISKSPACE",
    "PERCENTFREEDISKSPACE",
    "MAXDRIVE",
    "MAXDRIVESPACE",
    "NTFSONLY",
    "COMPRESS",
    "FAILIFNOSPACE",
)


def _cache_flags(value: str) -> str:
    flags = [flag.strip().upper() for flag in value.split(";")]
    wrong = [flag for flag in flags if flag not in _CACHE_FLAGS]
    if wrong:
        return f"{_shown(wrong[0])} is not one of {', '.join(_CACHE_FLAGS)}"
    if {"PERCENTDISKSPACE", "PERCENTFREEDISKSPACE"} <= set(flags):
        return "PERCENTDISKSPACE and PERCENTFREEDISKSPACE exclude each other"
    return ""


def _source(value: str) -> str:
    if "://" in value:
        return f"{_shown(value)} is a URL; it takes a local path or \\\\server\\share"
    if value.startswith("\\\\") and not re.match(r"\\\\[^\\]+\\[^\\]", value):
        return f"{_shown(value)} names no share, as in \\\\server\\share"
    return ""


def _list_of(words: str) -> ValueForm:
    return ValueForm(
        words, lambda value: "" if all(part.strip() for part in value.split(";")) else "a part between ';' is empty"
    )


_NONE = ValueForm("no value", _nothing_wrong, required=False, allowed=False)
_TEXT = ValueForm("text", _nothing_wrong)
_PATH = ValueForm("path", _nothing_wrong)
_FLAG = ValueForm("nothing, 1 or TRUE", _one_of("1", "TRUE").check, required=False)
_TRUE = _one_of("TRUE")
_ONE = _one_of("1")
_PORT = _read_by("port", parse_port)
_HOST = _read_by("name, FQDN or IPv4 address", HostName)
_GUID = _pattern("a GUID", r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?")
_MINUTES = _whole("a whole number of minutes, at least 1", 1)
_ROOT_KEY = _read_by("a root key in hexadecimal, as mobileclient.tcf has it", parse_root_key)


def _one_mp(value: str) -> str:
    if ";" in value or "," in value:
        return f"{_shown(value)} is more than one management point: several go into SMSMPLIST, ';' between them"
    return _MP_ENTRY.check(value)


_MP_ENTRY = _read_by("name, FQDN or URL; https:// for one that takes HTTPS only", parse_mp_entry)

_P, _M, _C = SetupKind.PARAMETER, SetupKind.MSI_PROPERTY, SetupKind.CLIENT_PROPERTY

KNOWN: tuple[SetupName, ...] = (
    SetupName("/?", _P, _NONE, "IP-001", "show usage and end"),
    SetupName("/AllowMetered", _P, _NONE, "IP-002", "let setup use a metered network"),
    SetupName("/AlwaysExcludeUpgrade", _P, _one_of("TRUE", "FALSE"), "IP-003", "stay out of automatic upgrades"),
    SetupName(
        "/BITSPriority", _P, _one_of("FOREGROUND", "HIGH", "NORMAL", "LOW"), "IP-004", "priority of HTTP downloads"
    ),
    SetupName("/config", _P, ValueForm("file name", _nothing_wrong), "IP-005", "text file with more properties"),
    SetupName("/downloadtimeout", _P, _MINUTES, "IP-006", "how long failing downloads are tried again"),
    SetupName("/ExcludeFeatures", _P, _pattern("ClientUI", "ClientUI"), "IP-007", "leave a feature out"),
    SetupName("/forceinstall", _P, _NONE, "IP-008", "remove an existing client first"),
    SetupName("/forcereboot", _P, _NONE, "IP-009", "restart when setup needs it"),
    SetupName("/logon", _P, _NONE, "IP-010", "stop when a client is there already"),
    SetupName(
        "/mp",
        _P,
        _read_by("names, FQDNs or URLs, ';' between them", _mp_switch),
        "IP-011",
        "management points to ask where the installation files are; not kept for later",
    ),
    SetupName("/NoCRLCheck", _P, _NONE, "IP-012", "do not check certificates for revocation"),
    SetupName("/noservice", _P, _NONE, "IP-013", "run as the user who started setup"),
    SetupName("/regtoken", _P, ValueForm("token", _nothing_wrong), "IP-014", "bulk registration token", secret=True),
    SetupName("/retry", _P, _MINUTES, "IP-015", "pause between attempts to download"),
    SetupName("/service", _P, _NONE, "IP-016", "run as a service, which is the default"),
    SetupName("/skipprereq", _P, _list_of("file names, ';' between them"), "IP-017", "prerequisites to leave out"),
    SetupName(
        "/source",
        _P,
        ValueForm("local or UNC path", _source),
        "IP-018",
        "folder with the installation files",
        adds_up=True,
    ),
    SetupName("/uninstall", _P, _NONE, "IP-019", "remove the client"),
    SetupName("/UsePKICert", _P, _NONE, "IP-020", "use a PKI client certificate"),
    SetupName("/IgnoreSkipUpgrade", _P, _NONE, "IP-021", "upgrade an excluded client by hand"),
    SetupName("/UpgradeToLatest", _P, _NONE, "IP-022", "ask for the newest client source"),
    SetupName("/native", _P, ValueForm("nothing or text", _nothing_wrong, required=False), "IP-087", "CM 2007: HTTPS"),
    SetupName("CCMSETUPCMD", _M, _TEXT, "IP-023", "a line that is passed on to ccmsetup.exe", secret=True),
    SetupName("AADCLIENTAPPID", _C, _GUID, "IP-024", "Entra client app"),
    SetupName("AADRESOURCEURI", _C, _pattern("a URI", r"[a-z][a-z0-9+.-]*:\S+"), "IP-025", "Entra server app"),
    SetupName("AADTENANTID", _C, _GUID, "IP-026", "Entra tenant"),
    SetupName("CCMADMINS", _C, _list_of("accounts, ';' between them"), "IP-027", "who may see the client's settings"),
    SetupName("CCMALLOWSILENTREBOOT", _C, _FLAG, "IP-028", "allow a restart without warning"),
    SetupName("CCMALWAYSINF", _C, _ONE, "IP-029", "the client is on the internet whatever the network says"),
    SetupName("CCMCERTISSUERS", _C, _read_by("issuers, '|' between them", parse_issuers), "IP-030", "trusted root CAs"),
    SetupName("CCMCERTNAMECHECK", _C, _one_of("0"), "IP-031", "do not check the subject name"),
    SetupName(
        "CCMCERTSEL",
        _C,
        _read_by("Subject:, SubjectStr: or SubjectAttr: and what to find", parse_criterion),
        "IP-032",
        "which client certificate to use",
    ),
    SetupName("CCMCERTSTORE", _C, _TEXT, "IP-033", "store that holds the client certificate"),
    SetupName("CCMDEBUGLOGGING", _C, _one_of("0", "1"), "IP-034", "write a debug log"),
    SetupName("CCMENABLELOGGING", _C, _one_of("TRUE", "FALSE"), "IP-035", "write logs"),
    SetupName("CCMEVALINTERVAL", _C, _whole("a number from 1 to 1440", 1, 1440), "IP-036", "minutes between checks"),
    SetupName("CCMEVALHOUR", _C, _whole("a number from 0 to 23", 0, 23), "IP-037", "hour of the health check"),
    SetupName("CCMFIRSTCERT", _C, _ONE, "IP-038", "of several certificates take the one that is valid longest"),
    SetupName(
        "CCMHOSTNAME",
        _C,
        _read_by("FQDN, or address of a gateway without https://", parse_internet_address),
        "IP-039",
        "management point for the internet",
    ),
    SetupName("CCMHTTPPORT", _C, _PORT, "IP-040", "port for HTTP"),
    # Not in the catalogue, but documented: setup takes the SSL state bits (wire reference 3.9).
    SetupName("CCMHTTPSSTATE", _C, _whole("a number from 0 to 511", 0, 511), "", "how HTTPS is used, as bits"),
    SetupName("CCMHTTPSPORT", _C, _PORT, "IP-041", "port for HTTPS"),
    SetupName("CCMINSTALLDIR", _C, _PATH, "IP-042", "folder of the client"),
    SetupName("CCMLOGLEVEL", _C, _whole("a number from 0 to 3", 0, 3), "IP-043", "0 logs everything, 3 only errors"),
    SetupName("CCMLOGMAXHISTORY", _C, _whole("a number, 0 or more", 0), "IP-044", "old log files to keep"),
    SetupName("CCMLOGMAXSIZE", _C, _whole("a number, at least 10000", 10000), "IP-045", "bytes of a log file"),
    SetupName("DISABLESITEOPT", _C, _TRUE, "IP-046", "lock the assigned site in the control panel"),
    SetupName("DISABLECACHEOPT", _C, _TRUE, "IP-047", "lock the cache settings in the control panel"),
    SetupName("DNSSUFFIX", _C, _read_by("one DNS domain", DnsDomain), "IP-048", "domain to look for in DNS"),
    SetupName("FSP", _C, _HOST, "IP-049", "fallback status point"),
    SetupName("IGNOREAPPVVERSIONCHECK", _C, _TRUE, "IP-050", "do not check the version of App-V"),
    SetupName("MANAGEDINSTALLER", _C, _ONE, "IP-051", "mark setup as a managed installer"),
    SetupName("NOTIFYONLY", _C, _TRUE, "IP-052", "report health problems and repair nothing"),
    SetupName("PROVISIONTS", _C, _TEXT, "IP-053", "task sequence deployment to run after registration"),
    SetupName("RESETKEYINFORMATION", _C, _TRUE, "IP-054", "remove the old trusted root key"),
    SetupName("SITEREASSIGN", _C, _TRUE, "IP-055", "assign anew on upgrade, with SMSSITECODE=AUTO"),
    SetupName("SMSCACHEDIR", _C, _PATH, "IP-056", "folder of the cache"),
    SetupName("SMSCACHEFLAGS", _C, ValueForm("flags, ';' between them", _cache_flags), "IP-057", "where the cache is"),
    SetupName("SMSCACHESIZE", _C, _whole("a whole number", 0), "IP-058", "size of the cache, MB or percent"),
    SetupName("SMSCONFIGSOURCE", _C, _pattern("letters of R, P, M, U", "[RPMU]+"), "IP-059", "sources of settings"),
    SetupName("SMSDIRECTORYLOOKUP", _C, _one_of("NOWINS", "WINSSECURE"), "IP-060", "older editions: look-up in WINS"),
    SetupName(
        "SMSMP", _C, _MP_ENTRY._replace(check=_one_mp), "IP-061", "first management point of the installed client"
    ),
    SetupName(
        "SMSMPLIST",
        _C,
        _read_by("names, FQDNs or URLs, ';' between them", _mp_list),
        "IP-062",
        "management points of the installed client",
    ),
    SetupName("SMSPUBLICROOTKEY", _C, _ROOT_KEY, "IP-063", "trusted root key"),
    SetupName("SMSROOTKEYPATH", _C, _PATH, "IP-064", "file that holds the trusted root key"),
    SetupName("SMSSIGNCERT", _C, _pattern("a path to a .cer file", r".*\.cer"), "IP-065", "site's signing certificate"),
    SetupName("SMSSITECODE", _C, _read_by("site code or AUTO", _site_or_auto), "IP-066", "assigned site"),
    SetupName("SMSSLP", _C, _HOST, "IP-087", "CM 2007: server locator point"),
)

BY_NAME = {one.name.removeprefix("/").casefold(): one for one in KNOWN}
"""The same by name: without slash, in lower case."""


def find_known(name: str) -> SetupName | None:
    """Parameters are named with a slash, a hyphen or neither, properties without; case does not count (IP-080)."""
    return BY_NAME.get(name.removeprefix("/").removeprefix("-").casefold())
