"""Names that come from people and from the network."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmclient.errors import InvalidValueError
from cmclient.model.facts import parse_address
from cmclient.model.names import AdSiteName, DnsDomain, HostName, SiteCode, parse_port


@pytest.mark.parametrize(("text", "code"), [("abc", "ABC"), ("P01", "P01"), ("007", "007")])
def test_site_code__three_letters_or_digits(text: str, code: str) -> None:
    assert SiteCode(text) == code


@pytest.mark.parametrize("text", ["", "AB", "ABCD", "A-C", "A C", "AB\n", "ßa", "Äbc"])
def test_site_code__anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="site code"):
        SiteCode(text)


@pytest.mark.parametrize(
    ("text", "name"), [("MP1.Corp.Test.", "mp1.corp.test"), ("mp1", "mp1"), ("a_b", "a_b"), ("10.1.2.3", "10.1.2.3")]
)
def test_host_name__lower_case_without_a_final_dot(text: str, name: str) -> None:
    assert HostName(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a..b",
        "-a",
        "a-",
        "a b",
        "a\nb",
        "a/b",
        "a:80",
        "ümlaut.test",
        "\u212aelvin.test",
        "a" * 64,
        "a." * 130,
    ],
)
def test_host_name__what_is_no_dns_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        HostName(text)


def test_host_name__longest_label_and_name() -> None:
    assert HostName("a" * 63)
    assert len(HostName(".".join(["a" * 49] * 5) + ".abc")) == 253
    with pytest.raises(InvalidValueError):
        HostName(".".join(["a" * 49] * 5) + ".abcd")


@pytest.mark.parametrize(
    ("host", "inside"), [("mp1.corp.test", True), ("a.b.corp.test", True), ("corp.test", False), ("xcorp.test", False)]
)
def test_host__lies_in_a_domain_or_not(host: str, inside: bool) -> None:  # noqa: FBT001
    assert HostName(host).is_in(DnsDomain("corp.test")) is inside


def test_ad_site__compared_without_case_and_blanks() -> None:
    assert AdSiteName(" Berlin ").matches("BERLIN ")
    assert not AdSiteName("Berlin").matches("Bern")


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "a" * 64])
def test_ad_site__what_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        AdSiteName(text)


@pytest.mark.parametrize(("text", "port"), [("1", 1), ("65535", 65535), (443, 443), (" 80 ", 80)])
def test_port__1_to_65535(text: str | int, port: int) -> None:
    assert parse_port(text) == port


@pytest.mark.parametrize("text", ["0", "65536", "-1", "8o", "", "1.5", "٣", "99999999999999999999"])
def test_port__anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_port(text)


@pytest.mark.parametrize(
    ("text", "shown", "network"),
    [
        ("10.1.2.3/24", "10.1.2.3/24", "10.1.2.0"),
        ("10.1.2.3/255.255.0.0", "10.1.2.3/16", "10.1.0.0"),
        ("10.1.2.3", "10.1.2.3", None),
        ("FE80::1%eth0/64", "fe80::1/64", "fe80::"),
        ("10.1.2.3/0", "10.1.2.3/0", "0.0.0.0"),
        ("10.1.2.3/32", "10.1.2.3/32", "10.1.2.3"),
    ],
)
def test_address__with_and_without_a_prefix(text: str, shown: str, network: str | None) -> None:
    address = parse_address(text)
    assert (str(address), address.network) == (shown, network)


@pytest.mark.parametrize("text", ["", "300.1.2.3", "10.1.2", "10.1.2.3/33", "10.1.2.3/", "fe80::1/129", "host", "1/8"])
def test_address__what_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_address(text)


@given(st.text(), st.sampled_from([SiteCode, HostName, DnsDomain, AdSiteName, parse_address, parse_port]))
def test_any_text__is_a_name_or_an_error_that_does_not_flood(text: str, kind: Callable[[str], object]) -> None:
    try:
        kind(text)
    except InvalidValueError as error:
        told = error.message
    else:
        told = ""
    assert len(told) < 400
