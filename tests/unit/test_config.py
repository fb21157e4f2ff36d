"""Settings: the order of the layers, origins, all faults at once, and secrets that stay secret."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmclient.config import LAYERS, SETTINGS, ClientConfig, load_config, show_config
from cmclient.errors import ConfigError
from cmclient.model.decision import Phase, Purpose
from cmclient.model.directory import DirectorySecurity
from cmclient.model.endpoints import InternetAddress, ManagementPoint, Protocols
from cmclient.model.facts import ClientKind, NetworkLocation
from cmclient.model.names import DnsDomain, HostName, SiteCode
from cmclient.model.secret import Secret
from cmclient.model.settings import ContactMode
from cmclient.protocol.gateways import parse_stored_address
from cmclient.protocol.setupline import SetupLine

GATEWAY = "gw.example.com/CCM_Proxy_MutualAuth/72057594037937937"
Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def faults_of(**arguments: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_config(**arguments)
    return caught.value.faults


def test_the_table_and_the_configuration_have_the_same_names() -> None:
    assert (*(setting.name for setting in SETTINGS), "origins") == ClientConfig._fields


def test_every_setting_says_what_it_means() -> None:
    assert all(setting.kind and setting.meaning for setting in SETTINGS)
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)


def test_without_anything_the_defaults_count() -> None:
    config = load_config()
    assert all(getattr(config, setting.name) == setting.default for setting in SETTINGS)
    assert set(config.origins.values()) == {"default"}


def test_every_default_passes_its_own_parser() -> None:
    assert all(setting.default is None or setting.parse(setting.default) == setting.default for setting in SETTINGS)


def test_every_layer_wins_over_the_one_before(write: Write) -> None:
    machine = write("machine.toml", "http_port = 1\n")
    user = write("user.toml", "http_port = 2\n")
    explicit = write("explicit.toml", "http_port = 3\n")
    steps: list[tuple[dict[str, Any], int, str]] = [
        ({}, 80, "default"),
        ({"files": [("machine file", machine)]}, 1, f"machine file {machine}"),
        ({"files": [("machine file", machine), ("user file", user)]}, 2, f"user file {user}"),
        ({"explicit_file": explicit}, 3, f"config file {explicit}"),
        ({"setup_line": "CCMHTTPPORT=4"}, 4, "setup line CCMHTTPPORT"),
        ({"environ": {"CMCLIENT_HTTP_PORT": "5"}}, 5, "CMCLIENT_HTTP_PORT"),
        ({"options": {"http_port": 6}}, 6, "option --http-port"),
        ({"overrides": {"http_port": 7}}, 7, "program"),
    ]
    assert len(steps) == len(LAYERS) + 1  # two files
    given: dict[str, Any] = {}
    for arguments, port, origin in steps:
        given.update(arguments)
        config = load_config(**given)
        assert (config.http_port, config.origins["http_port"]) == (port, origin)
        assert config.origins["https_port"] == "default"


def test_each_setting_is_taken_from_the_last_layer_that_names_it(write: Write) -> None:
    config = load_config(
        files=[("user file", write("user.toml", 'site_code = "ABC"\nfsp = "fsp1"\n'))],
        environ={"CMCLIENT_SITE_CODE": "DEF"},
        options={"seed": 5, "fsp": None},
    )
    assert (config.site_code, config.fsp, config.seed) == ("DEF", "fsp1", 5)


def test_missing_files_are_fine_unless_named_by_a_person(tmp_path: Path) -> None:
    missing = tmp_path / "no" / "config.toml"
    assert load_config(files=[("user file", missing)]).origins["site_code"] == "default"
    assert faults_of(explicit_file=missing) == (f"config file {missing}: there is no such file",)
    assert faults_of(environ={"CMCLIENT_CONFIG": str(missing)}) == (
        f"config file {missing} (CMCLIENT_CONFIG): there is no such file",
    )


def test_the_variable_names_a_file_unless_an_option_does(write: Write) -> None:
    environ = {"CMCLIENT_CONFIG": str(write("a.toml", "http_port = 1"))}
    assert load_config(environ=environ).http_port == 1
    assert load_config(environ=environ, explicit_file=write("b.toml", "https_port = 2")).http_port == 80


def test_an_empty_variable_is_not_set() -> None:
    config = load_config(environ={"CMCLIENT_SITE_CODE": "", "CMCLIENT_CONFIG": "", "OTHER": "x", "CMCLIENTS": "x"})
    assert config.origins["site_code"] == "default"


MP1 = ManagementPoint(HostName("mp1"), protocols=Protocols.HTTP)
MP2 = ManagementPoint(HostName("mp2"), protocols=Protocols.HTTPS, https_port=8443)

# name, TOML, text, what comes out
VALUES: list[tuple[str, str, str, object]] = [
    ("site_code", '"abc"', "ABC", SiteCode("ABC")),
    ("site_code", '"AUTO"', "auto", None),
    ("management_points", '["mp1", "https://mp2:8443", "MP1"]', "mp1; https://mp2:8443", (MP1, MP2)),
    ("management_points", '"mp1;https://mp2:8443"', "mp1,https://mp2:8443", (MP1, MP2)),
    ("dns_suffix", '"Example.COM."', "example.com", DnsDomain("example.com")),
    ("client_kind", '"mac"', "MAC", ClientKind.MAC),
    ("network_location", '"internet"', "internet", NetworkLocation.INTERNET),
    ("always_internet", "true", "yes", True),
    ("trust_env", "false", "0", False),
    ("report", "false", "off", False),
    ("internet_mp", '"mp.example.com"', "mp.example.com", InternetAddress(HostName("mp.example.com"))),
    ("fallback_gateways", f'["{GATEWAY}"]', f"https://{GATEWAY}", (parse_stored_address(GATEWAY),)),
    ("use_gateways", "false", "no", False),
    ("prefer_cloud", "true", "yes", True),
    ("client_certificate", '"/a b/c.pem"', "/a b/c.pem", "/a b/c.pem"),
    ("http_port", "8080", "8080", 8080),
    ("client_build", "9088", "9088", 9088),
    ("allowed_mps", '["mp1", "mp2"]', "mp1;mp2", (HostName("mp1"), HostName("mp2"))),
    ("allowed_mps", "[]", ";", ()),
    ("trusted_forests", '["a.example"]', "a.example", (DnsDomain("a.example"),)),
    ("purpose", '"location"', "location", Purpose.LOCATION),
    ("phase", '"task-sequence"', "Task-Sequence", Phase.TASK_SEQUENCE),
    (
        "directory_servers",
        '["DC1.example.com:3268", "dc2"]',
        "dc1.example.com:3268,dc2",
        ("dc1.example.com:3268", "dc2"),
    ),
    ("directory_security", '"ldaps"', "ldaps", DirectorySecurity.LDAPS),
    ("dns_servers", '["127.0.0.1:5353", "::1"]', "127.0.0.1:5353;::1", ("127.0.0.1:5353", "::1")),
    ("dns_servers", '["[::1]:5353", "[::1]"]', "[::1]:5353;::1", ("[::1]:5353", "::1")),
    ("bind_address", '"127.0.0.1"', "127.0.0.1", "127.0.0.1"),
    ("deadline", "0.5", "0.5", 0.5),
    ("deadline", "86400", "86400", 86400.0),
    ("race_stagger", "0", "0", 0.0),
    ("race_width", "1", "1", 1),
    ("contact", '"sequential"', "sequential", ContactMode.SEQUENTIAL),
]


@pytest.mark.parametrize(("name", "toml", "text", "value"), VALUES, ids=lambda part: str(part)[:30])
def test_files_variables_options_and_programs_give_the_same_value(
    write: Write, name: str, toml: str, text: str, value: object
) -> None:
    from_file = load_config(files=[("user file", write("config.toml", f"{name} = {toml}\n"))])
    from_variable = load_config(environ={f"CMCLIENT_{name.upper()}": text})
    from_option = load_config(options={name: text})
    from_program = load_config(overrides={name: value})
    for config in (from_file, from_variable, from_option, from_program):
        assert getattr(config, name) == value
        assert type(getattr(config, name)) is type(value)


def test_a_seed_may_have_63_bits() -> None:
    assert load_config(environ={"CMCLIENT_SEED": str(2**63 - 1)}).seed == 2**63 - 1
    assert len(faults_of(environ={"CMCLIENT_SEED": str(2**63)})) == 1


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("site_code", "ABCD"),
        ("site_code", 123),
        ("management_points", ["mp1", 5]),
        ("management_points", {"a": "b"}),
        ("management_points", "mp1;https://"),
        ("dns_suffix", "a..b"),
        ("client_kind", "linux"),
        ("always_internet", 1),
        ("always_internet", "maybe"),
        ("http_port", 0),
        ("http_port", True),
        ("http_port", 80.0),
        ("http_port", "65536"),
        ("client_build", 0),
        ("client_build", True),
        ("client_build", "-1"),
        ("client_certificate", " "),
        ("client_certificate", "a\0b"),
        ("directory_servers", "dc1:0"),
        ("directory_user", ""),
        ("dns_servers", "dns.example.com"),
        ("dns_servers", "[::1"),
        ("dns_servers", "[::1]5353"),
        ("dns_servers", "127.0.0.1:"),
        ("bind_address", "localhost"),
        ("deadline", 0),
        ("deadline", -1),
        ("deadline", 86400.5),
        ("deadline", True),
        ("deadline", "nan"),
        ("deadline", "inf"),
        ("deadline", 10**400),
        ("race_stagger", -0.1),
        ("race_width", 0),
        ("race_width", 9),
        ("seed", -1),
        ("report", None),
        ("http_port", None),
        ("setup_line", 5),
        ("directory_password", ""),
    ],
)
def test_a_value_that_cannot_be_is_a_fault_that_names_setting_and_origin(name: str, wrong: object) -> None:
    if name == "report" and wrong is None:
        assert load_config(overrides={name: wrong}).report is None  # its default is None, so None is a value
        return
    faults = faults_of(overrides={name: wrong})
    assert len(faults) == 1
    assert faults[0].startswith(f"{name} (program): ")


def test_all_faults_of_all_layers_are_reported_together(write: Write) -> None:
    machine = write("machine.toml", 'http_port = 0\nsite_cod = "ABC"\n')
    broken = write("broken.toml", 'fsp = "a"\nseed =\n')
    faults = faults_of(
        files=[("machine file", machine), ("user file", broken)],
        setup_line="/mpp:x SMSSITECODE=ABCD",
        environ={"CMCLIENT_SITECODE": "ABC", "CMCLIENT_DEADLINE": "soon", "CMCLIENT_CONFIG": "/nonexistent/x"},
        options={"race_width": 9, "race_withd": 1},
        overrides={"seed": "x", "fps": "y"},
    )
    starts = [
        f"http_port (machine file {machine}): 0 is not a port",
        f"'site_cod' (machine file {machine}): there is no such setting; did you mean site_code?",
        f"user file {broken}: it is no TOML: Invalid value (at line 2,",
        "config file /nonexistent/x (CMCLIENT_CONFIG): there is no such file",
        "deadline (CMCLIENT_DEADLINE): 'soon' is not a time in seconds",
        "'CMCLIENT_SITECODE' (environment): there is no such setting; did you mean CMCLIENT_SITE_CODE?",
        "race_width (option --race-width): 9 is not a width of a race",
        "'race_withd' (option --race-withd): there is no such setting; did you mean race_width?",
        "seed (program): 'x' is not a seed",
        "'fps' (program): there is no such setting; did you mean fsp?",
        "setup_line (option --setup-line): '/mpp' is no known parameter or property; did you mean /mp?",
        "setup_line (option --setup-line): SMSSITECODE: 'ABCD' is not a site code",
    ]
    assert [fault.startswith(start) for fault, start in zip(faults, starts, strict=True)] == [True] * len(starts)


def test_option_is_called_as_the_person_wrote_it() -> None:
    faults = faults_of(options={"http_port": 0, "fps": "x"}, option_names={"http_port": "--set", "fps": "--set"})
    assert all("(option --set)" in fault for fault in faults)


def test_a_value_that_another_layer_replaces_is_a_fault_all_the_same() -> None:
    faults = faults_of(environ={"CMCLIENT_HTTP_PORT": "x"}, options={"http_port": 81})
    assert faults[0].startswith("http_port (CMCLIENT_HTTP_PORT): ")


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"\xff\xfe", "it is no TOML: 'utf-8' codec"),
        (b"a = " + b"[" * 5000, "it is no TOML: "),
        (b"seed = " + b"1" * 5000, "it is no TOML: "),
        (b"# " + b"x" * 1024 * 1024, "it has more than 1048576 bytes"),
    ],
    ids=["encoding", "nesting", "digits", "size"],
)
def test_a_file_that_is_no_settings_file_is_a_fault(tmp_path: Path, raw: bytes, problem: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(raw)
    assert faults_of(files=[("user file", path)])[0].startswith(f"user file {path}: {problem}")


def test_a_folder_or_a_locked_file_is_a_fault_and_not_skipped(tmp_path: Path) -> None:
    assert faults_of(files=[("user file", tmp_path)])[0].startswith(f"user file {tmp_path}: it cannot be read: ")
    assert "it cannot be read" in faults_of(environ={"CMCLIENT_CONFIG": "a\0b"})[0]
    if os.geteuid() != 0:
        locked = tmp_path / "locked.toml"
        locked.touch(mode=0)
        assert "it cannot be read" in faults_of(files=[("user file", locked)])[0]


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b'\xef\xbb\xbfsite_code = "ABC"\n')
    assert load_config(explicit_file=path).site_code == "ABC"


def test_a_section_is_an_unknown_setting(write: Write) -> None:
    assert "'network' (user file" in faults_of(files=[("user file", write("c.toml", "[network]\nhttp_port = 1\n"))])[0]


LINE = (
    "/mp:other;another /UsePKICert SMSSITECODE=abc SMSMPLIST=mp1;https://mp2:8443 SMSMP=https://mp2:8443 "
    "DNSSUFFIX=example.com CCMALWAYSINF=1 CCMHOSTNAME=gw.example.net/CCM_Proxy_MutualAuth/7205 CCMHTTPPORT=81 "
    "CCMHTTPSPORT=444 FSP=fsp1"
)


@pytest.mark.rule("ML-005")
def test_a_setup_line_sets_what_it_names() -> None:
    config = load_config(setup_line=LINE)
    assert (config.site_code, config.dns_suffix, config.fsp) == ("ABC", "example.com", "fsp1")
    assert config.management_points == (MP2, MP1)  # SMSMP first
    assert (str(config.internet_mp), config.always_internet, config.use_pki_cert) == (
        "gw.example.net/CCM_Proxy_MutualAuth/7205",
        True,
        True,
    )
    assert (config.http_port, config.https_port) == (81, 444)
    assert config.origins["management_points"] == "setup line SMSMP, SMSMPLIST"
    assert config.origins["site_code"] == "setup line SMSSITECODE"
    assert config.origins["use_pki_cert"] == "setup line /UsePKICert"
    assert isinstance(config.setup_line, SetupLine)
    assert config.setup_line.find("/mp") == "other;another"


@pytest.mark.rule("ML-008")
def test_the_mp_switch_alone_names_no_management_point() -> None:
    config = load_config(setup_line="/mp:mp1")
    assert (config.management_points, config.origins["management_points"]) == ((), "default")
    assert load_config(setup_line="/mp:mp1 SMSMP=mp1").management_points == (MP1,)
    assert load_config(setup_line="/mp:mp1 SMSMPLIST=mp1").management_points == (MP1,)


def test_auto_on_the_line_takes_back_a_site_code(write: Write) -> None:
    user = write("user.toml", 'site_code = "ABC"\n')
    config = load_config(files=[("user file", user)], setup_line="SMSSITECODE=AUTO")
    assert (config.site_code, config.origins["site_code"]) == (None, "setup line SMSSITECODE")


def test_a_line_may_be_set_anywhere_and_the_last_one_is_in_force(write: Write) -> None:
    user = write("user.toml", 'setup_line = "SMSSITECODE=AAA FSP=fsp1"\nsite_code = "XXX"\n')
    files = [("user file", user)]
    assert load_config(files=files).site_code == "AAA"
    environ = {"CMCLIENT_SETUP_LINE": "SMSSITECODE=BBB"}
    config = load_config(files=files, environ=environ)
    assert (config.site_code, config.fsp) == ("BBB", None)
    config = load_config(files=files, environ=environ, setup_line="SMSSITECODE=CCC")
    assert (config.site_code, config.origins["setup_line"]) == ("CCC", "option --setup-line")
    assert load_config(files=files, setup_line="").site_code == "XXX"


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"client_key": "k"}, "client_key (program): there is no client_certificate that it belongs to"),
        (
            {"directory_user": "u", "directory_password": "p", "directory_password_file": "f"},
            "directory_password (program): directory_password_file is set as well; give one of them",
        ),
        ({"directory_user": "u"}, "directory_user (program): it needs a password"),
        ({"directory_password": "p"}, "directory_user (default): there is a password and no user"),
        (
            {"directory_user": "u", "directory_password": "p", "directory_security": "clear"},
            "directory_security (program): the password would cross the network unprotected",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_a_fault(given: dict[str, object], fault: str) -> None:
    faults = faults_of(overrides=given)
    assert len(faults) == 1
    assert faults[0].startswith(fault)


@pytest.mark.parametrize(
    "given",
    [
        {"client_key": "k", "client_certificate": "c"},
        {"client_certificate": "c"},
        {"directory_user": "u", "directory_password_file": "/nonexistent"},
        {"directory_security": "clear"},
        {
            "directory_user": "u",
            "directory_password": "p",
            "directory_security": "clear",
            "directory_allow_clear_text_bind": True,
        },
    ],
)
def test_settings_that_go_together_are_no_fault(given: dict[str, object]) -> None:
    assert load_config(overrides=given).origins["directory_timeout"] == "default"


def test_a_faulty_setting_causes_no_second_fault() -> None:
    assert len(faults_of(overrides={"client_key": "k", "client_certificate": ""})) == 1


PASSWORD = "hunter2 hunter2"


def test_a_password_shows_nowhere(write: Write) -> None:
    config = load_config(
        environ={"CMCLIENT_DIRECTORY_PASSWORD": PASSWORD, "CMCLIENT_DIRECTORY_USER": "u"},
        setup_line=f'/regtoken:"{PASSWORD}" FSP=fsp1',
    )
    assert config.directory_password == Secret(PASSWORD)
    shown = {name: value for name, value, _ in show_config(config)}
    assert shown["directory_password"] == "***"
    assert shown["setup_line"] == "/regtoken:*** FSP=fsp1"
    assert "hunter2" not in repr(config)
    assert "hunter2" not in str(show_config(config))


@pytest.mark.parametrize(
    "toml",
    [
        f'directory_password = ["{PASSWORD}"]',
        f'directory_pasword = "{PASSWORD}"',
        f'directory_password = "{PASSWORD}',
        f"directory_password = {PASSWORD}",
        f'setup_line = ["/regtoken:{PASSWORD}"]',
        f'setup_line = "/regtokn {PASSWORD}"',
    ],
)
def test_a_faulty_password_shows_in_no_fault(write: Write, toml: str) -> None:
    assert "hunter2" not in "".join(faults_of(files=[("user file", write("user.toml", toml))]))


def test_the_password_file_stays_unopened(tmp_path: Path) -> None:
    overrides = {"directory_user": "u", "directory_password_file": str(tmp_path / "missing")}
    config = load_config(overrides=overrides)
    assert (config.directory_password, config.directory_password_file) == (None, str(tmp_path / "missing"))


def test_show_config_prints_what_can_be_given_again() -> None:
    config = load_config(
        options={
            "management_points": "mp1;https://mp2:8443",
            "contact": "sequential",
            "trust_env": True,
            "site_code": "ABC",
        }
    )
    rows = {name: (value, origin) for name, value, origin in show_config(config)}
    assert list(rows) == [setting.name for setting in SETTINGS]
    assert rows["management_points"] == ("mp1; https://mp2:8443", "option --management-points")
    assert rows["contact"] == ("sequential", "option --contact")
    assert rows["trust_env"] == ("true", "option --trust-env")
    assert rows["deadline"] == ("30.0", "default")
    assert rows["dns_servers"] == ("none", "default")
    assert rows["fsp"] == ("not set", "default")
    shown = {name: value for name, (value, _) in rows.items() if value not in {"not set", "none"}}
    assert load_config(options=shown)._replace(origins={}) == config._replace(origins={})


@pytest.mark.rule("SU-018")
@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("sup1", "http://sup1:8530"),
        ("https://sup1.corp.test", "https://sup1.corp.test:8531"),
        ("HTTP://sup1:80/", "http://sup1:80"),
        ("sup1:8080", "http://sup1:8080"),
    ],
)
def test_update_point__without_a_port_has_the_one_of_a_new_server(text: str, address: str) -> None:
    config = load_config(overrides={"software_update_points": [text, text]})
    (shown,) = [value for name, value, _ in show_config(config) if name == "software_update_points"]
    assert shown == address
    again = load_config(overrides={"software_update_points": config.software_update_points})
    assert again.software_update_points == config.software_update_points
    with pytest.raises(ConfigError):
        load_config(overrides={"software_update_points": "sup1:99999"})
