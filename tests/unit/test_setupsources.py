"""Where the properties of an installation come from, and which of them count."""

from pathlib import Path

import pytest
from world import CORP, JOINED, World

from cmclient.config import load_config
from cmclient.errors import ConfigError, InvalidValueError, NoReachableManagementPointError
from cmclient.model.endpoints import InternetAddress, ManagementPoint
from cmclient.model.names import HostName, SiteCode
from cmclient.protocol.capabilities import OperationalSettings, build_operational_settings
from cmclient.protocol.directory_entries import management_point_entry
from cmclient.protocol.setupline import parse_setup_line
from cmclient.protocol.setupsources import (
    SettingSource,
    combine_lines,
    counts_existing_first,
    find_published_bar,
    parse_setup_file,
    rank_setting_sources,
)

REGISTRY, LINE, OLDER, INSTALLED = SettingSource
FILE = b"[Strings]\r\nInstall=nonsense\r\n[Client Install]\r\nInstall=INSTALL=ALL SMSSITECODE=ABC FSP=fsp1\r\n"


@pytest.mark.rule("AD-016")
@pytest.mark.parametrize(
    ("line", "site", "fsp"),
    [
        pytest.param("FSP=other", None, "other", id="a property puts all of it aside"),
        pytest.param("/UsePKICert", "PPP", "fsp1", id="a parameter does not"),
        pytest.param("", None, None, id="nothing at all does"),
        pytest.param(None, "PPP", "fsp1", id="no line"),
    ],
)
def test_provisioned_properties(line: str | None, site: str | None, fsp: str | None, tmp_path: Path) -> None:
    provisioned = tmp_path / "machine.toml"
    provisioned.write_text('setup_line = "SMSSITECODE=PPP FSP=fsp1"\n')
    config = load_config(files=[("machine file", provisioned)], setup_line=line)
    assert (config.site_code, config.fsp) == (site, fsp)
    assert config.use_pki_cert is (line == "/UsePKICert")


@pytest.mark.rule("AD-018")
@pytest.mark.parametrize("is_provisioned", [True, False])
def test_installation_without_a_line__takes_what_was_provisioned_else_the_directory(
    is_provisioned: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    machine = tmp_path / "machine.toml"
    machine.write_text('setup_line = "SMSSITECODE=PPP"\n' if is_provisioned else "")
    config = load_config(files=[("machine file", machine)])
    assert config.site_code == ("PPP" if is_provisioned else None)
    assert (find_published_bar(config.setup_line) is None) is not is_provisioned


def test_no_line_at_all() -> None:
    assert combine_lines(()) is None


@pytest.mark.rule("AD-015", "AD-019")
@pytest.mark.parametrize(
    ("line", "is_read"),
    [(None, True), ("/UsePKICert /mp:mp1", True), ("FSP=fsp1", False), ("/UsePKICert SMSMP=mp1", False)],
)
def test_what_the_site_publishes_is_read_only_without_any_property(line: str | None, *, is_read: bool) -> None:
    bar = find_published_bar(None if line is None else parse_setup_line(line))
    assert (bar is None) is is_read


@pytest.mark.rule("IP-059", "CI-034")
@pytest.mark.parametrize(
    ("line", "order", "existing_first"),
    [
        ("SMSSITECODE=ABC", [LINE, INSTALLED], False),
        ("SMSCONFIGSOURCE=UP", [INSTALLED, LINE], True),
        ("SMSCONFIGSOURCE=rmrp", [REGISTRY, OLDER, LINE], True),
        ("SMSCONFIGSOURCE=PR", [LINE, REGISTRY], False),
        ("SMSCONFIGSOURCE=U", [INSTALLED], True),
    ],
)
def test_the_order_of_sources(line: str, order: list[SettingSource], *, existing_first: bool) -> None:
    read = parse_setup_line(line)
    assert list(rank_setting_sources(read)) == order
    assert counts_existing_first(read) is existing_first
    assert rank_setting_sources(None) == (LINE, INSTALLED)


@pytest.mark.rule("IP-059", "CI-034")
@pytest.mark.parametrize(("source", "asked"), [("", "new.example.net"), ("SMSCONFIGSOURCE=UP", "old.example.net")])
def test_what_an_installed_client_has_on_record_may_come_first(source: str, asked: str) -> None:
    world = World(
        JOINED._replace(internet_mp=InternetAddress(HostName("old.example.net")), origins={"internet_mp": "registry"})
    )
    line = f"/UsePKICert CCMHOSTNAME=new.example.net SMSSITECODE=ABC {source}"
    locator = world.locator(https=True, setup_line=line)
    assert str(locator.gather().internet_mp) == asked


@pytest.mark.rule("IP-086")
@pytest.mark.parametrize(
    "raw",
    [
        FILE,
        FILE.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + FILE,
        FILE.lower(),
        FILE.replace(b"Install=INSTALL", b" Install = INSTALL"),
    ],
)
def test_the_properties_of_a_file(raw: bytes) -> None:
    line = parse_setup_file(raw)
    assert line.faults == ()
    assert (line.find("SMSSITECODE") or "").upper() == "ABC"
    assert line.find("FSP") == "fsp1"


@pytest.mark.rule("IP-086")
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Install=INSTALL=ALL SMSSITECODE=ABC",
        b"[Other]\nInstall=INSTALL=ALL SMSSITECODE=ABC",
        b"[Client Install]\nInstall=SMSSITECODE=ABC",
        b"[Client Install]\nSMSSITECODE=ABC",
        b"[Client Install]\n\xff\xfe\xfd",
    ],
)
def test_a_file_of_another_form_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidValueError):
        parse_setup_file(raw)


@pytest.mark.rule("IP-086")
def test_parameters_do_not_belong_into_the_file() -> None:
    line = parse_setup_file(b"[Client Install]\nInstall=INSTALL=ALL /UsePKICert NOSUCH=1")
    assert any("/UsePKICert is a parameter" in fault for fault in line.faults)
    assert any("NOSUCH" in fault for fault in line.faults)


def test_a_line_names_a_file_and_wins_over_it(tmp_path: Path) -> None:
    path = tmp_path / "client.tcf"
    path.write_bytes(FILE)
    config = load_config(setup_line=f'/config:"{path}" FSP=fsp2')
    assert (config.site_code, config.fsp) == ("ABC", "fsp2")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"[Client Install]", "Install=INSTALL=ALL"),
        (b"[Client Install]\nInstall=INSTALL=ALL FPS=x", "did you mean"),
        (FILE + b"\n" * 2**20, "has more than 1048576 bytes"),
    ],
)
def test_a_file_that_cannot_be_used(content: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "client.tcf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        load_config(setup_line=f'/config:"{path}"')


@pytest.mark.rule("CI-040")
@pytest.mark.parametrize("text", ["/nosource", "-NoSource", "/nosource:1"])
def test_a_switch_that_never_was_is_refused(text: str) -> None:
    (fault,) = parse_setup_line(text).faults
    assert "is no known parameter or property" in fault
    assert parse_setup_line("/source:C:\\client").faults == ()


@pytest.mark.rule("AD-015")
@pytest.mark.parametrize(
    ("settings", "port"),
    [
        pytest.param({"setup_line": "SMSSITECODE=ABC", "phase": "installing"}, 80, id="setup with a property"),
        pytest.param({"site_code": "ABC", "phase": "installing"}, 8080, id="setup without any"),
        pytest.param({"setup_line": "SMSSITECODE=ABC"}, 8080, id="installed long ago"),
    ],
)
def test_published_ports__do_not_count_while_a_client_is_installed_with_properties(
    settings: dict[str, str], port: int
) -> None:
    world = World()
    mp = ManagementPoint(HostName("mp1.corp.test"), SiteCode("ABC"))
    published = build_operational_settings(OperationalSettings(http_port=8080))
    world.entries["mssmsmanagementpoint"] = [management_point_entry(mp, domain=CORP, capabilities=published)]
    with pytest.raises(NoReachableManagementPointError) as caught:
        world.locator(**settings).locate()  # type: ignore[arg-type]
    assert caught.value.location.decision.policy.http_port == port
