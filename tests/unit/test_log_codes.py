"""What error codes mean, in whatever form they are asked for."""

import pytest

from cmclient.adapters.packagedata import read_codes
from cmclient.errors import InvalidValueError
from cmclient.model.errorcode import CodeFamily
from cmclient.protocol.logcodes import find_codes, find_raw_codes
from cmclient.rules.codes import narrow_code, parse_code_number, parse_codes

CODES = parse_codes(read_codes())


def labels(text: str) -> list[str]:
    return [code.label for code in CODES.find(text)]


@pytest.mark.parametrize(
    "text",
    ["0x87d00215", "0X87D00215", "87d00215", "-2016411115", "2278556181", " 0x87D00215 "],
)
def test_a_code_is_found_in_every_form_in_which_it_is_written(text: str) -> None:
    assert labels(text) == ["0x87d00215"]


@pytest.mark.rule("EC-013")
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2149842970", 0x8024001A),
        ("-2145124326", 0x8024001A),
        ("0x8024001A", 0x8024001A),
        ("4294967295", 0xFFFFFFFF),
        ("-1", 0xFFFFFFFF),
        ("-2147483648", 0x80000000),
        ("4294967296", None),
        ("-2147483649", None),
        ("0x187d00215", None),
        ("text", None),
        ("", None),
    ],
)
def test_a_number_is_unsigned_with_32_bits(text: str, number: int | None) -> None:
    assert parse_code_number(text) == number


@pytest.mark.rule("EC-013")
def test_the_code_of_windows_update_is_one_that_starts_the_retry() -> None:
    (code,) = CODES.find("2149842970")
    assert "SU-013" in code.rules


@pytest.mark.rule("EC-004")
@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("0x80190191", "HTTP 401"),
        ("0x80190193", "HTTP 403"),
        ("0x80190194", "HTTP 404"),
        ("0x801901f4", "HTTP 500"),
        ("0x801901a2", "HTTP 418"),
    ],
)
def test_an_http_status_stands_in_the_low_half(text: str, label: str) -> None:
    assert labels(text)[-1] == label


@pytest.mark.rule("EC-004")
@pytest.mark.parametrize("text", ["0x80190000", "0x80190063", "0x80190258", "0x801a0191"])
def test_what_is_no_status_in_the_low_half_is_none(text: str) -> None:
    assert labels(text) == []


@pytest.mark.rule("EC-003", "CL-048")
def test_http_500_of_a_download_speaks_of_the_firewall_rules_for_wmi_first() -> None:
    found = CODES.find("0x801901F4")
    assert "WMI" in found[0].causes[0]
    assert found[1].label == "HTTP 500"
    assert not any("WMI" in cause for code in CODES.find("500") for cause in code.causes)


@pytest.mark.rule("EC-002", "CI-025")
def test_a_bad_status_of_an_install_with_a_token_is_cured_by_leaving_mp_out() -> None:
    (code,) = CODES.find("0x87d0027e")
    assert code.name == "CCM_E_BAD_HTTP_STATUS_CODE"
    assert any("leave /mp out" in cause for cause in code.causes)
    assert CODES.find("CCM_E_BAD_HTTP_STATUS_CODE") == (code,)


@pytest.mark.parametrize(
    ("said", "causes"),
    [
        ("CheckAndLogOSInformation", ["said by CheckAndLogOSInformation: WMI of the client is broken"]),
        ("ccmsetup lookup=GETDPLOCATIONS error=0x87d00215", ["said by GetDPLocations: no source for the client"]),
        ("ccmsetup", ["said by GetDPLocations", "said by CheckAndLogOSInformation"]),
        ("NotGetDPLocations", ["said by GetDPLocations", "said by CheckAndLogOSInformation"]),
        ("", ["said by GetDPLocations", "said by CheckAndLogOSInformation"]),
    ],
)
def test_one_number_means_what_its_function_means(said: str, causes: list[str]) -> None:
    (code,) = CODES.find("0x87d00215")
    told = narrow_code(code, said).told_causes
    assert len(told) == len(causes)
    assert all(cause.startswith(begin) for cause, begin in zip(told, causes, strict=True))


def test_a_code_that_means_the_same_everywhere_stays_as_it_is() -> None:
    (code,) = CODES.find("0x80040102")
    assert narrow_code(code, "GetDPLocations ccmsetup") == code
    assert code.told_causes == code.causes


@pytest.mark.rule("EC-005")
@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("0x80072EE2", "too long"),
        ("12002", "too long"),
        ("0x80072EE7", "not resolved"),
        ("12007", "not resolved"),
        ("0x80072EFD", "no connection"),
        ("12029", "no connection"),
        ("0x80072F8F", "certificate"),
        ("12175", "certificate"),
        ("0x80072ee4", "error 12004 of WinHTTP"),
    ],
)
def test_winhttp_errors_are_of_one_family(text: str, meaning: str) -> None:
    (code,) = CODES.find(text)
    assert code.family is CodeFamily.WINHTTP
    assert meaning in code.meaning


@pytest.mark.rule("EC-005")
@pytest.mark.parametrize("text", ["11999", "12200", "0x80072edf", "0x80072fa8"])
def test_what_is_beside_the_family_is_not_of_it(text: str) -> None:
    assert CODES.find(text) == ()


@pytest.mark.rule("EC-010")
@pytest.mark.parametrize(
    ("text", "is_of_locating"),
    [("0x87D00327", False), ("2278556455", False), ("0x87D00320", False), ("0x87D00231", True), ("0x87D0027E", True)],
)
def test_a_script_that_cannot_run_is_no_error_of_locating(text: str, is_of_locating: bool) -> None:  # noqa: FBT001
    (code,) = CODES.find(text)
    assert ("EC-010" not in code.rules) is is_of_locating
    assert ("no error of locating" not in code.meaning) is is_of_locating


@pytest.mark.parametrize("prefix", ["", "WINHTTP_CALLBACK_STATUS_FLAG_", "winhttp_callback_status_flag_"])
@pytest.mark.parametrize(
    ("name", "cause"),
    [
        pytest.param("CERT_REV_FAILED", "revocation list", marks=pytest.mark.rule("EC-006")),
        pytest.param("INVALID_CA", "intermediate CA", marks=pytest.mark.rule("EC-007")),
        pytest.param("CERT_CN_INVALID", "name used", marks=pytest.mark.rule("EC-008")),
    ],
)
def test_what_winhttp_says_of_a_certificate_is_told_apart(prefix: str, name: str, cause: str) -> None:
    (code,) = CODES.find(prefix + name)
    (only,) = code.causes
    assert cause in only


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("403", "HTTP 403"),
        ("http 403", "HTTP 403"),
        ("7", "ccmsetup exit 7"),
        ("exit 10", "ccmsetup exit 10"),
        ("state 321", "state 321"),
        ("STATEID='321'", "state 321"),
        ("CMGService_Invalid_Token", "CMGService_Invalid_Token"),
        ("ccm_e_no_client_pki_cert", "CCM_E_NO_CLIENT_PKI_CERT"),
    ],
)
def test_statuses_states_exit_codes_and_names_are_found(text: str, label: str) -> None:
    assert labels(text) == [label]


@pytest.mark.parametrize("text", ["0x8badf00d", "99", "state 999", "", "no code at all", "1" * 5000])
def test_what_nobody_knows_is_not_explained(text: str) -> None:
    assert CODES.find(text) == ()


def test_every_row_says_where_it_is_known_from_and_is_there_once() -> None:
    assert all(code.source and code.meaning for code in CODES.rows)
    keys = [(code.family, code.number, code.name) for code in CODES.rows]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("text", ["", "a,b\n", "code,name,family,meaning,causes,rules,source\n,,hresult,x,,,\n"])
def test_a_table_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="table of codes"):
        parse_codes(text)


@pytest.mark.parametrize(
    ("message", "codes"),
    [
        ("failed with 0x87d00231.", ("0x87d00231",)),
        ("SyncTimeWithMP() failed. 80072f8f.", ("80072f8f",)),
        ("product {x}, error 87d00226", ("87d00226",)),
        ("sMP, HRESULT=80004005", ("80004005",)),
        ("error code -2016411115 and again -2016411115", ("-2016411115",)),
        ("WinHTTP error 12007", ("12007",)),
        ("Text=CCM_E_BAD_HTTP_STATUS_CODE", ("CCM_E_BAD_HTTP_STATUS_CODE",)),
        ("0x00000000 and 0x10e4 are none, nor is {87d00226-0000-4C54-9B4F-0B316B33AA5B}", ()),
        ("12007 clients", ()),
        ("[CCMHTTP] ERROR INFO: StatusCode=403 StatusText=Forbidden", ("HTTP 403",)),
        ("Error. Status code 404 returned", ("HTTP 404",)),
        ("StatusCode=200 and status code 40", ()),
    ],
)
def test_codes_are_found_in_messages_in_text_and_in_bytes(message: str, codes: tuple[str, ...]) -> None:
    assert find_codes(message) == codes
    assert {code.decode() for code in find_raw_codes(message.encode())} == {one.removeprefix("HTTP ") for one in codes}
