"""What a ccmsetup line says about settings."""

from collections.abc import Callable, Iterator

from .model.legacy import SiteMode
from .model.names import DnsDomain, HostName, SiteCode
from .model.rule import decides
from .protocol.gateways import parse_internet_address
from .protocol.mpentry import parse_mp_entries
from .protocol.mpswitch import parse_mp_switch
from .protocol.setupvalues import SetupLine
from .setting_values import as_root_key

__all__ = ["find_setting_of", "read_setup_settings"]


def _site_code(line: SetupLine) -> object:
    code = line.find("SMSSITECODE") or ""
    return None if code.upper() == "AUTO" else SiteCode(code)


@decides("ML-005", "ML-008")
def _management_points(line: SetupLine) -> object:
    """What the installed client starts with; ``/mp`` alone only says where the installation files are."""
    values = (line.find("SMSMP"), line.find("SMSMPLIST"))
    return tuple(dict.fromkeys(mp for value in values if value is not None for mp in parse_mp_entries(value)))


@decides("WL-004", "WL-005", "IP-060")
def _wins_lookup(line: SetupLine) -> object:
    """NOWINS forbids it; WINSSECURE allows it, to a client that has the trusted root key."""
    return (line.find("SMSDIRECTORYLOOKUP") or "").upper() != "NOWINS"


_FROM_SETUP_LINE: tuple[tuple[str, tuple[str, ...], Callable[[SetupLine], object]], ...] = (
    ("site_code", ("SMSSITECODE",), _site_code),
    ("management_points", ("SMSMP", "SMSMPLIST"), _management_points),
    ("dns_suffix", ("DNSSUFFIX",), lambda line: DnsDomain(line.find("DNSSUFFIX") or "")),
    ("always_internet", ("CCMALWAYSINF",), lambda line: line.find("CCMALWAYSINF") == "1"),
    ("internet_mp", ("CCMHOSTNAME",), lambda line: parse_internet_address(line.find("CCMHOSTNAME") or "")),
    ("use_pki_cert", ("/UsePKICert",), lambda line: line.find("/UsePKICert") is not None),
    ("crl_check", ("/NoCRLCheck",), lambda _line: False),
    ("certificate_criterion", ("CCMCERTSEL",), lambda line: line.find("CCMCERTSEL")),
    ("certificate_issuers", ("CCMCERTISSUERS",), lambda line: line.find("CCMCERTISSUERS")),
    ("certificate_store", ("CCMCERTSTORE",), lambda line: line.find("CCMCERTSTORE")),
    ("certificate_name_check", ("CCMCERTNAMECHECK",), lambda line: line.find("CCMCERTNAMECHECK") != "0"),
    ("select_first_certificate", ("CCMFIRSTCERT",), lambda line: line.find("CCMFIRSTCERT") == "1"),
    ("trusted_root_key", ("SMSPUBLICROOTKEY",), lambda line: as_root_key(line.find("SMSPUBLICROOTKEY"))),
    ("trusted_root_key_file", ("SMSROOTKEYPATH",), lambda line: line.find("SMSROOTKEYPATH")),
    ("reset_trusted_root_key", ("RESETKEYINFORMATION",), lambda _line: True),
    ("http_port", ("CCMHTTPPORT",), lambda line: int(line.find("CCMHTTPPORT") or "")),
    ("https_port", ("CCMHTTPSPORT",), lambda line: int(line.find("CCMHTTPSPORT") or "")),
    ("fsp", ("FSP",), lambda line: HostName(line.find("FSP") or "")),
    ("wins_lookup", ("SMSDIRECTORYLOOKUP",), _wins_lookup),
    ("setup_mps", ("/mp",), lambda line: parse_mp_switch(line.find("/mp") or "")),
    ("setup_sources", ("/source",), lambda line: line.find_all("/source")),
    ("setup_retry", ("/retry",), lambda line: 60.0 * int(line.find("/retry") or "")),
    ("setup_timeout", ("/downloadtimeout",), lambda line: 60.0 * int(line.find("/downloadtimeout") or "")),
    ("setup_newest", ("/UpgradeToLatest",), lambda _line: True),
    ("cm07_mode", ("/native",), lambda _line: SiteMode.NATIVE),
    ("cm07_locator_point", ("SMSSLP",), lambda line: HostName(line.find("SMSSLP") or "")),
)


def read_setup_settings(line: SetupLine) -> Iterator[tuple[str, object, str]]:
    """The settings that a line without faults names.

    Returns:
        Name and value of each, and what on the line says so, in the order of a table of ours.
    """
    for name, sources, convert in _FROM_SETUP_LINE:
        if given := [source for source in sources if line.find(source) is not None]:
            yield name, convert(line), ", ".join(given)


def find_setting_of(name: str) -> str | None:
    """The setting that a parameter or property of a setup line becomes; None for one that has no use here."""
    return next((setting for setting, sources, _ in _FROM_SETUP_LINE if name in sources), None)
