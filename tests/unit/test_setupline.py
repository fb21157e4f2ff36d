"""The ccmsetup line: every name, how words are split, what is a fault, and what never shows."""

import pytest

from cmclient.errors import InvalidValueError
from cmclient.model.endpoints import ManagementPoint, Protocols
from cmclient.model.names import HostName
from cmclient.model.secret import Secret
from cmclient.protocol.rootkeyblob import build_root_key
from cmclient.protocol.setupline import (
    KNOWN,
    SetupKind,
    parse_mp_entries,
    parse_mp_entry,
    parse_setup_line,
    split_mp_switch,
)

GUID = "aa28e7f1-b88a-43cd-a2e3-f88b257c863b"
ROOT_KEY = build_root_key((1 << 2047) | 12345).text
CA = '"CN=Example Root CA; O=Example, Ltd | CN=Other Root CA"'

# For each name: words that are right, words that are wrong; a value on each side of the border where there is one.
NAMES = {
    "/?": (["/?", "-?"], ["/?:x"]),
    "/AllowMetered": (["/AllowMetered"], ["/AllowMetered:TRUE"]),
    "/AlwaysExcludeUpgrade": (["/AlwaysExcludeUpgrade:TRUE", "/alwaysexcludeupgrade:false"], ["/AlwaysExcludeUpgrade"]),
    "/BITSPriority": (["/BITSPriority:FOREGROUND", "/bitspriority:low"], ["/BITSPriority:MEDIUM"]),
    "/config": (['/config:"a file.txt"'], ["/config:"]),
    "/downloadtimeout": (["/downloadtimeout:1"], ["/downloadtimeout:0", "/downloadtimeout:1.5", "/downloadtimeout:x"]),
    "/ExcludeFeatures": (["/ExcludeFeatures:ClientUI"], ["/ExcludeFeatures:Other"]),
    "/forceinstall": (["/forceinstall"], ["/forceinstall:1"]),
    "/forcereboot": (["/forcereboot"], ["/forcereboot:1"]),
    "/logon": (["/logon", "-LOGON"], ["/logon:1"]),
    "/mp": (
        ["/mp:MP1", "/mp:mp1.example.com;mp2,https://mp3:8443", "/mp:https://gw.example.net/CCM_Proxy_MutualAuth/7205"],
        ["/mp:", "/mp:;", "/mp:gw.example.net/CCM_Proxy_MutualAuth/7205", "/mp:ftp://mp1", "/mp:http://gw/path"],
    ),
    "/NoCRLCheck": (["/NoCRLCheck"], ["/NoCRLCheck:1"]),
    "/noservice": (["/noservice"], ["/noservice:1"]),
    "/regtoken": (["/regtoken:abc"], ["/regtoken", "/regtoken:"]),
    "/retry": (["/retry:1"], ["/retry:0", "/retry:-1", "/retry:1234567890"]),
    "/service": (["/service"], ["/service:1"]),
    "/skipprereq": (["/skipprereq:a.exe;b.exe"], ["/skipprereq:a.exe;;b.exe"]),
    "/source": (
        [r'/source:"\\server\share"', r"/source:C:\client", "/source:."],
        [r"/source:\\server", "/source:http://server/share"],
    ),
    "/uninstall": (["/uninstall"], ["/uninstall:1"]),
    "/UsePKICert": (["/UsePKICert", "/usepkicert"], ["/UsePKICert:TRUE"]),
    "/IgnoreSkipUpgrade": (["/IgnoreSkipUpgrade"], ["/IgnoreSkipUpgrade:1"]),
    "/UpgradeToLatest": (["/UpgradeToLatest"], ["/UpgradeToLatest:1"]),
    "/native": (["/native", "/native:CRL"], ["/native=CRL"]),
    "CCMSETUPCMD": (['CCMSETUPCMD="/mp:mp1 SMSSITECODE=ABC"'], ['CCMSETUPCMD="/mpp:mp1"', "CCMSETUPCMD="]),
    "AADCLIENTAPPID": ([f"AADCLIENTAPPID={GUID}", f"AADCLIENTAPPID={{{GUID}}}"], ["AADCLIENTAPPID=app"]),
    "AADRESOURCEURI": (["AADRESOURCEURI=https://ConfigMgrService"], ["AADRESOURCEURI=service"]),
    "AADTENANTID": ([f"AADTENANTID={GUID.upper()}"], [f"AADTENANTID={GUID}0"]),
    "CCMADMINS": ([r'CCMADMINS="domain\one;domain\two"'], [r'CCMADMINS="domain\one;"']),
    "CCMALLOWSILENTREBOOT": (["CCMALLOWSILENTREBOOT", "CCMALLOWSILENTREBOOT=1"], ["CCMALLOWSILENTREBOOT=maybe"]),
    "CCMALWAYSINF": (["CCMALWAYSINF=1"], ["CCMALWAYSINF=0", "CCMALWAYSINF=TRUE"]),
    "CCMCERTISSUERS": ([f"CCMCERTISSUERS={CA}"], ['CCMCERTISSUERS="CN=Example Root CA | Other"']),
    "CCMCERTNAMECHECK": (["CCMCERTNAMECHECK=0"], ["CCMCERTNAMECHECK=1"]),
    "CCMCERTSEL": (
        [
            'CCMCERTSEL="Subject:a.example.com"',
            "CCMCERTSEL=SubjectStr:example",
            'CCMCERTSEL="SubjectAttr:OU = Computers"',
        ],
        ["CCMCERTSEL=a.example.com", "CCMCERTSEL=Subject:", "CCMCERTSEL=SubjectAttr:Computers"],
    ),
    "CCMCERTSTORE": (["CCMCERTSTORE=ConfigMgr"], ["CCMCERTSTORE="]),
    "CCMDEBUGLOGGING": (["CCMDEBUGLOGGING=0", "CCMDEBUGLOGGING=1"], ["CCMDEBUGLOGGING=2"]),
    "CCMENABLELOGGING": (["CCMENABLELOGGING=FALSE"], ["CCMENABLELOGGING=1"]),
    "CCMEVALINTERVAL": (["CCMEVALINTERVAL=1", "CCMEVALINTERVAL=1440"], ["CCMEVALINTERVAL=0", "CCMEVALINTERVAL=1441"]),
    "CCMEVALHOUR": (["CCMEVALHOUR=0", "CCMEVALHOUR=23"], ["CCMEVALHOUR=24", "CCMEVALHOUR=-1"]),
    "CCMFIRSTCERT": (["CCMFIRSTCERT=1"], ["CCMFIRSTCERT=2"]),
    "CCMHOSTNAME": (
        ["CCMHOSTNAME=mp.example.com", "CCMHOSTNAME=GW.EXAMPLE.NET/CCM_Proxy_MutualAuth/7205"],
        ["CCMHOSTNAME=https://mp.example.com", "CCMHOSTNAME=mp", "CCMHOSTNAME=mp.example.com:443"],
    ),
    "CCMHTTPPORT": (["CCMHTTPPORT=1", "CCMHTTPPORT=65535"], ["CCMHTTPPORT=0", "CCMHTTPPORT=65536"]),
    "CCMHTTPSPORT": (["CCMHTTPSPORT=8443"], ["CCMHTTPSPORT=https"]),
    "CCMHTTPSSTATE": (["CCMHTTPSSTATE=448"], ["CCMHTTPSSTATE=512"]),
    "CCMINSTALLDIR": ([r'CCMINSTALLDIR="C:\Config Mgr"'], ["CCMINSTALLDIR="]),
    "CCMLOGLEVEL": (["CCMLOGLEVEL=0", "CCMLOGLEVEL=3"], ["CCMLOGLEVEL=4"]),
    "CCMLOGMAXHISTORY": (["CCMLOGMAXHISTORY=0"], ["CCMLOGMAXHISTORY=-1"]),
    "CCMLOGMAXSIZE": (["CCMLOGMAXSIZE=10000"], ["CCMLOGMAXSIZE=9999"]),
    "DISABLESITEOPT": (["DISABLESITEOPT=TRUE"], ["DISABLESITEOPT=FALSE"]),
    "DISABLECACHEOPT": (["DISABLECACHEOPT=true"], ["DISABLECACHEOPT=1"]),
    "DNSSUFFIX": (["DNSSUFFIX=example.com"], ["DNSSUFFIX=example.com;example.net", "DNSSUFFIX=a..b"]),
    "FSP": (["FSP=FSP1", "FSP=fsp.example.com", "FSP=10.0.0.5"], ["FSP=http://fsp1"]),
    "IGNOREAPPVVERSIONCHECK": (["IGNOREAPPVVERSIONCHECK=TRUE"], ["IGNOREAPPVVERSIONCHECK=FALSE"]),
    "MANAGEDINSTALLER": (["MANAGEDINSTALLER=1"], ["MANAGEDINSTALLER=0"]),
    "NOTIFYONLY": (["NOTIFYONLY=TRUE"], ["NOTIFYONLY=FALSE"]),
    "PROVISIONTS": (["PROVISIONTS=PRI20001"], ["PROVISIONTS="]),
    "RESETKEYINFORMATION": (["RESETKEYINFORMATION=TRUE"], ["RESETKEYINFORMATION=FALSE"]),
    "SITEREASSIGN": (["SITEREASSIGN=TRUE"], ["SITEREASSIGN=FALSE"]),
    "SMSCACHEDIR": (["SMSCACHEDIR=Cache"], ["SMSCACHEDIR="]),
    "SMSCACHEFLAGS": (
        ["SMSCACHEFLAGS=NTFSONLY;COMPRESS", "SMSCACHEFLAGS=percentdiskspace;maxdrive", "SMSCACHEFLAGS=FAILIFNOSPACE"],
        ["SMSCACHEFLAGS=PERCENTDISKSPACE;PERCENTFREEDISKSPACE", "SMSCACHEFLAGS=NTFS", "SMSCACHEFLAGS=NTFSONLY;"],
    ),
    "SMSCACHESIZE": (["SMSCACHESIZE=100"], ["SMSCACHESIZE=10%"]),
    "SMSCONFIGSOURCE": (["SMSCONFIGSOURCE=RPMU"], ["SMSCONFIGSOURCE=PX"]),
    "SMSDIRECTORYLOOKUP": (["SMSDIRECTORYLOOKUP=NOWINS"], ["SMSDIRECTORYLOOKUP=WINS"]),
    "SMSMP": (["SMSMP=mp1", "SMSMP=https://mp1.example.com"], ["SMSMP=mp1;mp2", "SMSMP=https://mp1/path"]),
    "SMSMPLIST": (["SMSMPLIST=https://mp1;mp2;"], ["SMSMPLIST=;", 'SMSMPLIST="mp1;m p2"']),
    "SMSPUBLICROOTKEY": ([f"SMSPUBLICROOTKEY={ROOT_KEY}"], ["SMSPUBLICROOTKEY=", "SMSPUBLICROOTKEY=0602000000A4"]),
    "SMSROOTKEYPATH": ([r"SMSROOTKEYPATH=C:\folder\trk"], ["SMSROOTKEYPATH="]),
    "SMSSIGNCERT": ([r"SMSSIGNCERT=C:\folder\sign.CER"], [r"SMSSIGNCERT=C:\folder\sign.pem"]),
    "SMSSITECODE": (["SMSSITECODE=ABC", "SMSSITECODE=auto", "SMSSITECODE=12a"], ["SMSSITECODE=AB", "SMSSITECODE=ABCD"]),
    "SMSSLP": (["SMSSLP=slp1"], ['SMSSLP="a b"']),
}
RULES = {one.name: one.rule for one in KNOWN}


def _marked(name: str, word: str) -> object:
    return pytest.param(name, word, id=word, marks=pytest.mark.rule(RULES[name]) if RULES[name] else ())


def test_the_table_has_every_known_name() -> None:
    assert set(NAMES) == set(RULES)


def test_every_rule_of_the_chapter_has_a_name() -> None:
    expected = {f"IP-{number:03}" for number in range(1, 67)} | {"IP-087", ""}
    assert {one.rule for one in KNOWN} == expected


@pytest.mark.parametrize(("name", "word"), [_marked(name, word) for name, (good, _) in NAMES.items() for word in good])
def test_a_right_word_is_recognised_without_faults(name: str, word: str) -> None:
    line = parse_setup_line(word)
    assert line.faults == ()
    assert line.items[0][::3] == (name, RULES[name])
    assert line.find(name) is not None


@pytest.mark.parametrize(("name", "word"), [_marked(name, word) for name, (_, bad) in NAMES.items() for word in bad])
def test_a_wrong_word_is_a_fault_that_names_it(name: str, word: str) -> None:
    faults = parse_setup_line(word).faults
    assert len(faults) >= 1
    assert any(fault.startswith(name) for fault in faults)


def test_kinds_say_who_takes_a_name() -> None:
    kinds = {item.name: item.kind for item in parse_setup_line('/logon CCMSETUPCMD="/service" FSP=a').items}
    assert kinds == {
        "/logon": SetupKind.PARAMETER,
        "CCMSETUPCMD": SetupKind.MSI_PROPERTY,
        "/service": SetupKind.PARAMETER,
        "FSP": SetupKind.CLIENT_PROPERTY,
    }


@pytest.mark.rule("IP-080")
@pytest.mark.parametrize("line", ["/MP:mp1 smssitecode=ABC", "-mp:mp1 SmsSiteCode=ABC", "/mp:mp1 SMSSITECODE=ABC"])
def test_names_are_matched_without_regard_to_case(line: str) -> None:
    read = parse_setup_line(line)
    assert read.faults == ()
    assert [item.name for item in read.items] == ["/mp", "SMSSITECODE"]
    assert (read.find("/mp"), read.find("SMSSITECODE")) == ("mp1", "ABC")
    assert (read.find("-MP"), read.find("mp"), read.find("smssitecode")) == ("mp1", "mp1", "ABC")


@pytest.mark.rule("IP-080")
def test_the_last_value_of_a_repeated_name_wins() -> None:
    line = parse_setup_line("SMSSITECODE=ABC /retry:1 SMSSITECODE=DEF /retry:2")
    assert (line.find_all("SMSSITECODE"), line.find_all("/retry")) == (("DEF",), ("2",))
    assert (line.find("SMSSITECODE"), line.find("/retry")) == ("DEF", "2")


@pytest.mark.rule("IP-080", "IP-018")
def test_repeated_sources_add_up_in_order() -> None:
    line = parse_setup_line(r"/source:C:\one /source:D:\two")
    assert line.find_all("/source") == (r"C:\one", r"D:\two")
    assert line.find("/source") == r"C:\one"


def test_a_name_that_is_not_there_is_not_found() -> None:
    line = parse_setup_line("/logon")
    assert (line.find("/logon"), line.find("/mp"), line.find("no such name")) == ("", None, None)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param(r'/source:"\\server\a b\" /logon', (r"\\server\a b" + "\\",), id="backslash is ordinary"),
        pytest.param(r'"/source:C:\a b"', (r"C:\a b",), id="quotes around the whole word"),
        pytest.param(r'/source:C:\"a b"\c', (r"C:\a b\c",), id="quotes inside the word"),
        pytest.param('/source:"a ""b"" c"', ('a "b" c',), id="two quotes inside quotes are one"),
        pytest.param('/source:""a', ("a",), id="two quotes outside quotes are nothing"),
        pytest.param("/source:a\t\n /source:b\u00a0/logon", ("a", "b"), id="any blank separates"),
    ],
)
def test_words_are_split_as_windows_does(text: str, values: tuple[str, ...]) -> None:
    line = parse_setup_line(text)
    assert line.faults == ()
    assert line.find_all("/source") == values


@pytest.mark.parametrize(
    "program", ["ccmsetup.exe", r'"C:\Windows\ccm setup\CCMSetup.exe"', "./ccmsetup", "ccmsetup.msi"]
)
def test_the_program_may_stand_in_front(program: str) -> None:
    line = parse_setup_line(f"{program} SMSSITECODE=ABC")
    assert (line.faults, line.find("SMSSITECODE")) == ((), "ABC")


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("SMSSITECODE=ABC SMSSITECODE=DEF", ("SMSSITECODE is given more than once: the last one counts",)),
        ("SMSSITECODE=ABC SMSSITECODE=ABC", ()),
        (r"/source:C:\a /source:C:\b", ()),
    ],
)
def test_a_name_with_two_values__is_noted_where_one_is_lost(text: str, notes: tuple[str, ...]) -> None:
    assert parse_setup_line(text).notes == notes


@pytest.mark.parametrize("text", ["", "   ", "ccmsetup.exe"])
def test_an_empty_line_is_no_fault(text: str) -> None:
    assert parse_setup_line(text) == ((), (), ())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("/mpp:x", "'/mpp' is no known parameter or property; did you mean /mp?"),
        ("/unistall", "'/unistall' is no known parameter or property; did you mean /uninstall?"),
        ("INSTALL=ALL", "'INSTALL' is no known parameter or property"),
        (
            "SMSMP=mp1;mp2",
            "SMSMP: 'mp1;mp2' is more than one management point: several go into SMSMPLIST, ';' between them",
        ),
        ("SMSSITCODE=ABC", "'SMSSITCODE' is no known parameter or property; did you mean SMSSITECODE?"),
        ("/xyzzy", "'/xyzzy' is no known parameter or property"),
        ("/mp=mp1", "/mp is a parameter: write /mp:VALUE, with a colon"),
        ("mp=mp1", "/mp is a parameter: write /mp:VALUE, with slash and colon"),
        ("mp:mp1", "/mp is a parameter: write it with a slash"),
        ("/FSP=fsp1", "FSP is a property: write FSP=VALUE, without '/'"),
        ("FSP:fsp1", "FSP is a property: write FSP=VALUE"),
        (
            "CCMHOSTNAME=https://mp.example.com",
            (
                "CCMHOSTNAME: 'https://mp.example.com' is not a server for the internet: "
                "leave out what stands before the host, such as https://"
            ),
        ),
        (
            "/mp:gw.example.net/CCM_Proxy_MutualAuth/7205",
            (
                "/mp: 'gw.example.net/CCM_Proxy_MutualAuth/7205' is not a server for the internet: "
                "the address of a gateway begins with https:// here"
            ),
        ),
        ("FSP", "FSP needs a value: name, FQDN or IPv4 address"),
        ("/mp", "/mp needs a value: names, FQDNs or URLs, ';' between them"),
        ('/logon "', "a double quote has no partner"),
        ("/source:\u201cC:\\a\u201d", "word 1 has typographic quotes; write plain double quotes"),
        ('FSP="a\x00b"', "FSP has control characters in its value"),
        (
            'CCMSETUPCMD="CCMSETUPCMD=/logon"',
            "CCMSETUPCMD: CCMSETUPCMD is for ccmsetup.msi, so it cannot be passed on itself",
        ),
    ],
)
def test_a_fault_says_what_to_write(text: str, fault: str) -> None:
    assert fault in parse_setup_line(text).faults


def test_all_faults_are_found_at_once() -> None:
    faults = parse_setup_line("/retry:0 SMSSITECODE=ABCD /nosuch FSP= /logon:1").faults
    assert [fault.split(maxsplit=1)[0].rstrip(":") for fault in faults] == [
        "/retry",
        "SMSSITECODE",
        "'/nosuch'",
        "FSP",
        "/logon",
    ]


def test_a_faulty_value_is_a_fault_even_when_a_later_one_wins() -> None:
    line = parse_setup_line("SMSSITECODE=ABCD SMSSITECODE=ABC")
    assert len(line.faults) == 1
    assert line.find("SMSSITECODE") == "ABC"


@pytest.mark.rule("SA-023", "IP-039")
def test_an_internet_client_is_not_assigned_automatically() -> None:
    assert "CCMHOSTNAME" in parse_setup_line("CCMHOSTNAME=mp.example.com SMSSITECODE=auto").faults[0]
    assert parse_setup_line("CCMHOSTNAME=mp.example.com SMSSITECODE=ABC").faults == ()
    assert parse_setup_line("SMSSITECODE=AUTO").faults == ()
    assert parse_setup_line("SMSSITECODE=AUTO CCMHOSTNAME=mp.example.com SMSSITECODE=ABC").faults == ()


TOKEN = "/regtoken:t /mp:https://a CCMHOSTNAME=a.b SMSSITECODE=ABC"
PERCENT = "SMSCACHEFLAGS=PERCENTDISKSPACE SMSCACHESIZE"


@pytest.mark.parametrize(
    ("noted", "silent"),
    [
        pytest.param(TOKEN, f"{TOKEN} SMSMP=a", marks=pytest.mark.rule("IP-014", "IP-084")),
        pytest.param(f"/UsePKICert AADTENANTID={GUID}", f"AADTENANTID={GUID}", marks=pytest.mark.rule("IP-082")),
        pytest.param(
            "/retry:101 /downloadtimeout:100", "/retry:100 /downloadtimeout:100", marks=pytest.mark.rule("IP-015")
        ),
        pytest.param("/retry:1441", "/retry:1440", marks=pytest.mark.rule("IP-006", "IP-015")),
        pytest.param(
            f"SMSPUBLICROOTKEY={ROOT_KEY} SMSSITECODE=AUTO",
            f"SMSPUBLICROOTKEY={ROOT_KEY} SMSSITECODE=ABC",
            marks=pytest.mark.rule("SA-025"),
        ),
        pytest.param("SMSROOTKEYPATH=trk", "SMSROOTKEYPATH=trk SMSSITECODE=ABC", marks=pytest.mark.rule("SA-025")),
        ("CCMALWAYSINF=1 SMSSITECODE=ABC", "CCMALWAYSINF=1 SMSSITECODE=ABC CCMHOSTNAME=a.b"),
        pytest.param(
            "ccmsetup.exe PROVISIONTS=PRI20001", "ccmsetup.msi PROVISIONTS=PRI20001", marks=pytest.mark.rule("IP-053")
        ),
        pytest.param(
            "ccmsetup.exe CCMSETUPCMD=/logon", "ccmsetup.msi CCMSETUPCMD=/logon", marks=pytest.mark.rule("IP-023")
        ),
        pytest.param(
            f'CCMSETUPCMD="/logon{" " * 1019}"', f'CCMSETUPCMD="/logon{" " * 1018}"', marks=pytest.mark.rule("IP-023")
        ),
        (f"{PERCENT}=101", f"{PERCENT}=100"),
        pytest.param("SITEREASSIGN=TRUE", "SITEREASSIGN=TRUE SMSSITECODE=AUTO", marks=pytest.mark.rule("IP-055")),
        pytest.param(
            "SITEREASSIGN=TRUE SMSSITECODE=ABC",
            "SITEREASSIGN=TRUE SMSSITECODE=auto",
            marks=pytest.mark.rule("IP-055"),
        ),
        ("SMSDIRECTORYLOOKUP=NOWINS", "/logon"),
        pytest.param(
            'CCMCERTSEL="SubjectStr:contoso"', 'CCMCERTSEL="Subject:contoso"', marks=pytest.mark.rule("TR-015")
        ),
        ("/native", "/logon"),
        ("SMSSLP=slp1", "/logon"),
    ],
)
def test_what_is_allowed_and_odd_is_a_note(noted: str, silent: str) -> None:
    for text, count in ((noted, 1), (silent, 0)):
        line = parse_setup_line(text)
        assert line.faults == ()
        assert len(line.notes) == count


def test_what_ccmsetupcmd_passes_on_counts_like_the_rest() -> None:
    line = parse_setup_line(
        'ccmsetup.msi CCMSETUPCMD="/mp:https://mp.example.com FSP=fsp1 /source:""C:\\a b""" FSP=fsp2'
    )
    assert line.faults == ()
    assert (line.find("/mp"), line.find("FSP"), line.find("/source")) == ("https://mp.example.com", "fsp2", r"C:\a b")


def test_a_line_may_have_32_kib_and_no_more() -> None:
    longest = "/logon" + " " * (32 * 1024 - 6)
    assert parse_setup_line(longest).faults == ()
    assert parse_setup_line(longest + " ") == ((), ("the line has 32769 characters; 32768 are the most",), ())


def test_a_flood_of_words_stops() -> None:
    line = parse_setup_line("/x " * 10_000)
    assert "more than 1024 words" in line.faults[0]
    assert len(line.faults) == 1025
    passed_on = parse_setup_line(f'CCMSETUPCMD="{"/x " * 10_000}"')
    assert len(passed_on.faults) <= 1025


def test_similar_names__are_looked_for_twenty_times() -> None:
    faults = parse_setup_line("SMSSITCODE=ABC " * 50).faults
    assert [("did you mean" in fault) for fault in faults] == [True] * 20 + [False] * 30


SECRET = "eyJ0eXAiOiJKV1Qi"


@pytest.mark.parametrize(
    "text",
    [
        f"/regtoken:{SECRET}",
        f'/RegToken:"{SECRET}" /nosuch SMSSITECODE=ABCD',
        f"/regtoken {SECRET}",
        f"/regtoken: {SECRET} {SECRET}",
        f"/regtoken={SECRET}",
        f"regtoken={SECRET}",
        f"REGTOKEN:{SECRET}",
        f"/regtoken{SECRET}",
        f"/regtokn {SECRET} {SECRET}",
        f"/regtokn:{SECRET}",
        f"regtokn {SECRET}",
        f"/regtoken:{SECRET}\x00",
        f'CCMSETUPCMD="/regtoken:{SECRET}"',
        f'CCMSETUPCMD="/regtoken {SECRET}',
        f"/mp:https://user:{SECRET}@mp1",
        f"SMSMP=user:{SECRET}@mp1",
    ],
)
def test_a_secret_shows_nowhere_but_in_its_value(text: str) -> None:
    line = parse_setup_line(text)
    shown = " ".join((*line.faults, *line.notes))
    if "@" not in text:  # the value of an ordinary name is its owner's to show
        shown += repr(line) + str(line.find("/regtoken")) + " ".join(map(str, line.items))
    assert SECRET not in shown
    assert SECRET[:8] not in shown


def test_a_secret_can_be_had_where_it_is_needed() -> None:
    line = parse_setup_line(f"/regtoken:{SECRET}")
    assert line.items[0].value == Secret(SECRET)
    assert line.find("/regtoken") == "***"


def test_an_item_prints_as_it_is_written() -> None:
    text = r'/logon /source:"C:\a b" FSP=fsp1 CCMADMINS="a ""b"""'
    assert " ".join(str(item) for item in parse_setup_line(text).items) == text


@pytest.mark.rule("ML-009")
@pytest.mark.parametrize(
    ("text", "protocols", "http_port", "https_port"),
    [
        ("https://MP1.example.com", Protocols.HTTPS, None, None),
        ("HTTPS://mp1.example.com.:8443/", Protocols.HTTPS, None, 8443),
        ("mp1.example.com", Protocols.HTTP, None, None),
        (" mp1.example.com:8080 ", Protocols.HTTP, 8080, None),
        ("http://mp1.example.com", Protocols.HTTP, None, None),
        ("http://mp1.example.com:81", Protocols.HTTP, 81, None),
    ],
)
def test_the_prefix_of_an_entry_says_the_protocol(
    text: str, protocols: Protocols, http_port: int | None, https_port: int | None
) -> None:
    expected = ManagementPoint(
        HostName("mp1.example.com"), protocols=protocols, http_port=http_port, https_port=https_port
    )
    assert parse_mp_entry(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "ftp://mp1",
        "mp1:0",
        "mp1:",
        "mp1:65536",
        "m p1",
        "[::1]",
        "::1",
        "mp1/path",
        "https://mp1/p",
        "a@b",
    ],
)
def test_an_entry_that_names_no_management_point_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_mp_entry(text)


@pytest.mark.rule("ML-009")
def test_entries_are_separated_by_semicolons_and_keep_their_order() -> None:
    found = parse_mp_entries("mp2; https://mp1 ;;MP2;mp1;")
    assert [(mp.host, mp.protocols) for mp in found] == [
        ("mp2", Protocols.HTTP),
        ("mp1", Protocols.HTTPS),
        ("mp1", Protocols.HTTP),
    ]
    assert parse_mp_entries(" ; ") == ()
    with pytest.raises(InvalidValueError):
        parse_mp_entries("mp1,mp2")


@pytest.mark.rule("IP-011")
def test_the_mp_switch_takes_semicolons_and_commas() -> None:
    assert split_mp_switch("mp1;mp2, https://mp3;") == ("mp1", "mp2", "https://mp3")
