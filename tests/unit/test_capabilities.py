"""Client operational settings: every form of every part, and text that is no proper XML."""

import time
from typing import Any

import pytest

from cmclient.errors import MalformedReplyError, UnsafeXmlError
from cmclient.model.names import DnsDomain, HostName, SiteCode
from cmclient.protocol.capabilities import (
    OperationalSettings,
    build_operational_settings,
    parse_operational_settings,
)

FULL = OperationalSettings(
    version="5.00.9106.1000",
    http_port=8080,
    https_port=8443,
    security_mode_mask=0,
    security_mode_mask_ex=480,
    certificate_store="",
    certificate_criteria="Subject:corp & test",
    certificate_select_first=True,
    site_signing_certificate="308202EF",
    command_line='SMSSITECODE=ABC FSP=fsp.corp.test CCMCERTSEL="Subject:a<b"',
    root_site=SiteCode("CAS"),
    fallback_status_points=(HostName("fsp.corp.test"), HostName("fsp2.corp.test")),
    forest=DnsDomain("corp.test"),
    ssl_state=63,
)


def _parsed(inside: str) -> OperationalSettings:
    return parse_operational_settings(f"<ClientOperationalSettings>{inside}</ClientOperationalSettings>")


@pytest.mark.rule("AD-013")
@pytest.mark.parametrize("settings", [FULL, OperationalSettings()])
def test_what_is_built_is_read_back(settings: OperationalSettings) -> None:
    text = build_operational_settings(settings)
    assert parse_operational_settings(text) == settings
    assert parse_operational_settings(text.encode("utf-16-le") + b"\0\0") == settings


@pytest.mark.rule("AD-013")
@pytest.mark.parametrize(
    ("inside", "part", "value"),
    [
        pytest.param("<HTTPPort>8080</HTTPPort>", "http_port", 8080, id="at the top"),
        pytest.param("<a><b><c><httpport> 8080 </httpport></c></b></a>", "http_port", 8080, id="deep, other case"),
        pytest.param('<x:HTTPPort xmlns:x="urn:x">81</x:HTTPPort>', "http_port", 81, id="in a namespace"),
        pytest.param('<S HTTPPort="8080"/>', "http_port", 8080, id="as attribute"),
        pytest.param('<S HTTPPort="1"/><HTTPPort>2</HTTPPort>', "http_port", 2, id="an element goes first"),
        pytest.param("<HTTPPort>1</HTTPPort><HTTPPort>2</HTTPPort>", "http_port", 1, id="the first of two"),
        pytest.param("<HTTPPort>none</HTTPPort>", "http_port", None, id="no port"),
        pytest.param("<HTTPPort>0</HTTPPort>", "http_port", None, id="port 0"),
        pytest.param("<HTTPPort><n>80</n></HTTPPort>", "http_port", None, id="not a text"),
        pytest.param("<HTTPSPort>443</HTTPSPort>", "http_port", None, id="another's port"),
        pytest.param("<HTTPSPort>444</HTTPSPort>", "https_port", 444, id="https port"),
        pytest.param("<SecurityModeMask>31</SecurityModeMask>", "security_mode_mask", 31, id="mask"),
        pytest.param("<SecurityModeMask>x</SecurityModeMask>", "security_mode_mask", None, id="no mask"),
        pytest.param("<SecurityModeMaskEx>31</SecurityModeMaskEx>", "security_mode_mask", None, id="the other mask"),
        pytest.param("<CertificateStoreName/>", "certificate_store", "", id="the usual store"),
        pytest.param("<CertificateSelectionCriteria/>", "certificate_criteria", "", id="no criteria"),
        pytest.param("<CertificateSelectFirstFlag>0</CertificateSelectFirstFlag>", "certificate_select_first", False),
        pytest.param("<CertificateSelectFirstFlag>TRUE</CertificateSelectFirstFlag>", "certificate_select_first", True),
        pytest.param("<CertificateSelectFirstFlag>2</CertificateSelectFirstFlag>", "certificate_select_first", None),
        pytest.param("<SiteSigningCert>30a</SiteSigningCert>", "site_signing_certificate", None, id="half a byte"),
        pytest.param("<SiteSigningCert>30zz</SiteSigningCert>", "site_signing_certificate", None, id="no hexadecimal"),
        pytest.param('<CCM CommandLine="A=1"/>', "command_line", "A=1", id="command line as attribute"),
        pytest.param("<CCM><CommandLine>A=1</CommandLine></CCM>", "command_line", "A=1", id="as element"),
        pytest.param("<CommandLine>A=1&#10;B</CommandLine>", "command_line", None, id="of two lines"),
        pytest.param(f"<CommandLine>{'x' * 4097}</CommandLine>", "command_line", None, id="too long"),
        pytest.param("<RootSiteCode>cas</RootSiteCode>", "root_site", "CAS", id="root site"),
        pytest.param("<RootSiteCode>CENTRAL</RootSiteCode>", "root_site", None, id="no site"),
        pytest.param('<Forest Value="corp.test"/>', "forest", "corp.test", id="forest as attribute"),
        pytest.param("<Forest>corp.test</Forest>", "forest", "corp.test", id="as text"),
        pytest.param('<Capabilities><Property Name="SSLState" Value="63"/></Capabilities>', "ssl_state", 63),
        pytest.param('<Property Name="SSL" Version="1"/>', "ssl_state", 1, id="the documented form"),
        pytest.param(
            '<Property Name="SSL" Version="1"/>', "version", None, id="a property's version is not the site's"
        ),
        pytest.param("<FSP/>", "fallback_status_points", (), id="no fallback status point"),
        pytest.param(
            "<FSP><FSPServer>a.test</FSPServer><FSPServer>b c</FSPServer><FSPServer>A.test</FSPServer></FSP>",
            "fallback_status_points",
            ("a.test",),
            id="fallback status points",
        ),
    ],
)
def test_each_part_is_found_wherever_it_stands_or_is_unknown(inside: str, part: str, value: Any) -> None:
    assert getattr(_parsed(inside), part) == value


@pytest.mark.parametrize(
    ("inside", "line"),
    [
        ("A=1&B=2", "A=1&B=2"),
        ("A&amp;B", "A&B"),
        ("A&lt;B&#65;&#x42;", "A<BAB"),
        ("A&nbsp;B", "A&nbsp;B"),
        ("A&amp B", "A&amp B"),
        ("A&#;B&#x;", "A&#;B&#x;"),
        ("A&", "A&"),
        ("<![CDATA[A&B]]>&C", "A&B&C"),
    ],
)
def test_an_ampersand_that_begins_no_entity_is_itself(inside: str, line: str) -> None:
    assert _parsed(f"<CommandLine>{inside}</CommandLine>").command_line == line


@pytest.mark.parametrize("text", ["", "nothing", "<ClientOperationalSettings>", "<a></b>", "<a>\udc80</a>", "<html/>"])
def test_what_cannot_be_read_as_a_whole(text: str) -> None:
    with pytest.raises(MalformedReplyError, match=r"^ClientOperationalSettings"):
        parse_operational_settings(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', id="entity"),
        pytest.param("<a>" + "&" * 500_000 + "</a>", id="ampersands that would grow past the cap"),
        pytest.param("<a>" + "<b/>" * 6000 + "</a>", id="elements"),
        pytest.param("<a>" + " " * 1024 * 1024 + "</a>", id="size"),
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(UnsafeXmlError, match=r"^ClientOperationalSettings"):
        parse_operational_settings(text)


def test_cdata_without_an_end_is_looked_for_once() -> None:
    started = time.process_time()
    with pytest.raises(MalformedReplyError, match="cut off"):
        parse_operational_settings("<a>" + "<![CDATA[" * 20_000)
    assert time.process_time() - started < 1.0


@pytest.mark.rule("AD-013")
@pytest.mark.parametrize(
    ("mask", "mask_ex", "https_only"),
    [
        (None, None, None),
        (31, 31, True),
        (63, None, True),
        (None, 63, True),
        (0, 31, False),  # goes down to HTTP where there is no HTTPS
        (0, 480, False),
        (0, 0, False),
    ],
)
def test_a_site_is_https_only_when_no_mask_says_otherwise(
    mask: int | None, mask_ex: int | None, *, https_only: bool | None
) -> None:
    settings = OperationalSettings(security_mode_mask=mask, security_mode_mask_ex=mask_ex)
    assert settings.https_only is https_only


def test_the_state_of_the_server_goes_before_that_of_its_site() -> None:
    assert OperationalSettings(security_mode_mask_ex=480, ssl_state=0).stated_ssl_state == 0
    assert OperationalSettings(security_mode_mask_ex=480).stated_ssl_state == 480
    assert OperationalSettings(security_mode_mask=31).stated_ssl_state is None
