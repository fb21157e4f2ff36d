"""What a state message can hold: every part is of a type that is checked, cleaned and capped."""

import typing
from datetime import datetime
from enum import Enum
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cmclient.errors import InvalidValueError
from cmclient.model.names import AdSiteName, HostName, MacAddress, SiteCode
from cmclient.model.secret import Secret
from cmclient.model.state import (
    MODE_READINESS_TOPIC,
    PARAMETER_CAP,
    ClientId,
    ClientVersion,
    Parameter,
    ReportFormat,
    StateReport,
    TopicId,
)

CHECKED = {
    AdSiteName,
    ClientId,
    ClientVersion,
    HostName,
    MacAddress,
    Parameter,
    ReportFormat,
    SiteCode,
    TopicId,
}
WITHOUT_TEXT = {bool, datetime, int, type(None)}


def leaves(kind: Any) -> set[Any]:
    """The types of all parts of a value."""
    parts = [part for part in typing.get_args(kind) if part is not ...]
    if parts:
        return {leaf for part in parts for leaf in leaves(part)}
    if hasattr(kind, "_fields"):
        return {leaf for part in typing.get_type_hints(kind).values() for leaf in leaves(part)}
    return {kind}


def test_no_part_of_a_report_can_hold_any_text_it_likes() -> None:
    """Reports cross the network in clear text: a field of plain text could carry a secret there."""
    found = {leaf for leaf in leaves(StateReport) if not issubclass(leaf, Enum)}
    assert found <= CHECKED | WITHOUT_TEXT, "check the values of the new type, add a test of that, then name it above"
    assert str not in found
    assert {Parameter, ClientId, MacAddress} <= found


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("http://mp1.corp.test/CCM_Client/ccmsetup.cab", "http://mp1.corp.test/CCM_Client/ccmsetup.cab"),
        ("http://user:word@mp1/x", "http://mp1/x"),
        ("\\\\server\\share and //user@host/x", "\\\\server\\share and //host/x"),
        ("http://mp1/x?sig=abc&se=2027#part", "http://mp1/x"),
        ("http://mp1/x?a=1 and http://mp2/y?b=2", "http://mp1/x and http://mp2/y"),
        ("PASSWORD=hunter2 SMSSITECODE=P01", "PASSWORD=*** SMSSITECODE=P01"),
        ("client_secret: abc; api-key=def, token =ghi", "client_secret: *** api-key=*** token =***"),
        ("http://u:a@b@c@mp1/x", "http://mp1/x"),
        ("http://user:pa/ss@host/x", "http://host/x"),
        ("from http://user:pa?ss@host to", "from http://host to"),
        ("http://user:pa#ss@host", "http://host"),
        ("http://user:" + "p" * 5000 + "@host", ""),
        ("Endpoint=x;AccountKey=abc==;y z", "Endpoint=x;AccountKey=*** z"),
        ("Password2=abc z", "Password2=*** z"),
        ("apikey=abc z", "apikey=*** z"),
        ("pass=abc z", "pass=*** z"),
        ('{"password":"x y"} z', '{"password":*** z'),
        ('{\\"password\\": \\"x y\\"}', '{\\"password\\": ***'),
        ("password%3Dabc z", "password%3D*** z"),
        ("%22token%22%253A%22abc z", "%22token%22%253A*** z"),
        ("Authorization: Bearer abc def", "Authorization: ***"),
        ("with Bearer abc z", "with Bearer *** z"),
        ("token: Bearer abc z", "token: *** *** z"),
        ("setup --password abc z", "setup --password *** z"),
        ('["--api-key", "abc def"] z', '["--api-key", *** z'),
        ('password="abc def" z', "password=*** z"),
        ("password='abc def' z", "password=*** z"),
        ("password => abc z", "password => *** z"),
        ("the key was found; passport: 7", "the key was found; passport: 7"),
        ("Assigned site: P01, keyboard: 437", "Assigned site: P01, keyboard: 437"),
        ("0x80070005", "0x80070005"),
        ("a\x00b\x1b[31mc\r\nd\u202ee\ud800", "ab[31mcde"),
        ("x" * PARAMETER_CAP, "x" * PARAMETER_CAP),
        ("x" * (PARAMETER_CAP + 1), "x" * PARAMETER_CAP),
        ("y" * 50_000_000, "y" * PARAMETER_CAP),
        ("", ""),
    ],
)
def test_parameter__is_clean_and_short(raw: str, kept: str) -> None:
    assert Parameter(raw) == kept


_NAMES = ("password", "key", "pass", "Bearer", "Authorization", "http:", "***", "x", "y" * 120, "z" * 250)
_MARKS = ("//", "@", "?", "#", "=", ":", "%3D", "%22", "--", "-", "/", " ", '"', "'", "\\", ",", "[", "\n", "\u3000")
_HARD = st.lists(st.sampled_from(_NAMES + _MARKS), max_size=40).map("".join)


@given(_HARD | st.text())
@example("passwo//@rd=abc")
@example("x" * (PARAMETER_CAP - 10) + " key=abc")
def test_parameter__that_is_cleaned_again_is_the_same(raw: str) -> None:
    once = Parameter(raw)
    assert Parameter(once) == once
    assert len(once) <= PARAMETER_CAP


def test_parameter__is_no_secret() -> None:
    with pytest.raises(InvalidValueError, match="not reported") as caught:
        Parameter(Secret("hunter2"))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        "password=" * 500,
        "//a@" * 1000,
        "://" * 1400,
        "a-" * 2000 + "token",
        "key " * 1000,
        "key" + " " * 4000,
        "--a" * 1000,
    ],
)
def test_parameter__takes_no_time_to_clean(raw: str) -> None:
    """Each of these is slow for a pattern that looks back without a bound; a hang is what fails here."""
    assert len(Parameter(raw)) <= PARAMETER_CAP


GUID = "0D94311F-CB7B-4E73-94B1-75878081111C"


@pytest.mark.parametrize(
    ("kind", "raw", "kept"),
    [
        (TopicId, f"{{{GUID}}}", f"{{{GUID}}}"),
        (TopicId, GUID.lower(), f"{{{GUID}}}"),
        (TopicId, MODE_READINESS_TOPIC, MODE_READINESS_TOPIC),
        (ClientId, f"guid:{GUID.lower()}", f"GUID:{GUID}"),
        (ClientId, GUID, f"GUID:{GUID}"),
        (MacAddress, "00-15-5d-0a-0b-0c", "00:15:5D:0A:0B:0C"),
        (ClientVersion, "5.00.9141.1000", "5.00.9141.1000"),
        (ReportFormat, "1.1", "1.1"),
    ],
)
def test_ids__are_kept_in_one_form(kind: type[str], raw: str, kept: str) -> None:
    assert kind(raw) == kept


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (TopicId, "Super Peer is now active"),
        (TopicId, f"{{{GUID}}}; password=x"),
        (TopicId, ""),
        (ClientId, "GUID:xxxx"),
        (ClientId, f"GUID:{GUID}{GUID}"),
        (MacAddress, "00:00:00:00:00:00"),
        (MacAddress, "00:15:5D:0A:0B"),
        (MacAddress, "00:15:5D:0A:0B:0C:0D:0E"),
        (ClientVersion, "5.00.9141.1000-secret"),
        (ClientVersion, "5"),
        (ReportFormat, "1.0\n"),
        (ReportFormat, "one"),
    ],
)
def test_ids__hold_nothing_else(kind: type[str], raw: str) -> None:
    with pytest.raises(InvalidValueError):
        kind(raw)
