"""Decisions of a client against our own rules: agrees, differs, or not enough in the log; a case on each side."""

import pytest

from cmclient.adapters.packagedata import read_codes, read_explanations
from cmclient.model.logchecks import Agreement, Finding
from cmclient.rules.codes import parse_codes
from cmclient.rules.logdecisions import parse_explanations
from cmclient.story import LogFile, tell_story

CODES = parse_codes(read_codes())
EXPLANATIONS = parse_explanations(read_explanations())
AGREES, DIFFERS, NOT_ENOUGH = Agreement.AGREES, Agreement.DIFFERS, Agreement.NOT_ENOUGH

PEER = ("https://peer1.corp.test:8003/SCCM_BranchCache$/ABC00001", "SUBNETPEER")
NEAR = ("http://dp1.corp.test/SMS_DP_SMSPKG$/ABC00001", "SUBNET")
TOKEN = ("https://dp1.corp.test/CCMTOKENAUTH_SMS_DP_SMSPKG$/ABC00001", "SUBNET")
LOCAL = ("http://dp2.corp.test/SMS_DP_SMSPKG$/ABC00001", "LOCAL")
LOCAL_PEER = ("https://peer2.corp.test:8003/SCCM_BranchCache$/ABC00001", "LOCAL")
REMOTE = ("http://dp3.corp.test/SMS_DP_SMSPKG$/ABC00001", "REMOTE")
FALLBACK = ("http://dp4.corp.test/SMS_DP_SMSPKG$/ABC00001", "FALLBACK")
SECURE_LOCAL = ("https://dp5.corp.test/SMS_DP_SMSPKG$/ABC00001", "LOCAL")
TOKEN_LOCAL = ("https://dp6.corp.test/CCMTOKENAUTH_SMS_DP_SMSPKG$/ABC00001", "LOCAL")
AD_SITE = ("http://dp9.corp.test/SMS_DP_SMSPKG$/ABC00001", "ADSITE")
SHARE = (r"\\dp8.corp.test\SMSPKGD$\ABC00001", "LOCAL")
MASKED = ("https://<DP>/SMS_DP_SMSPKG$/ABC00001", "SUBNET")
BARE = ("dp7.corp.test/SMS_DP_SMSPKG$/ABC00001", "LOCAL")
CLOUD = ("https://cmg.test/downloadrestservice.svc/getcontentxmlsecure?pid=ABC00001", "")


def record(message: str, clock: str = "10:00:00", day: int = 2) -> str:
    attributes = (
        f'time="{clock}.000+000" date="01-{day:02}-2024" component="X" context="" type="1" thread="1" file="a:1"'
    )
    return f"<![LOG[{message}]LOG]!><{attributes}>\n"


def listed(*sources: tuple[str, str]) -> str:
    return "".join(
        record(f"Distribution Point='{url}', Locality='{locality}', Version='9106', ForestTrust='TRUE'")
        for url, locality in sources
    )


def started(source: tuple[str, str]) -> str:
    return record(f"DTSJob {{1}} created to download from '{source[0]}' to 'C:\\x'.", "10:00:09")


def failed(url: str, clock: str = "10:00:05", day: int = 2) -> str:
    return record(
        f"[CCMHTTP] ERROR: URL={url}, Port=80, Options=224, Code=0, Text=CCM_E_BAD_HTTP_STATUS_CODE", clock, day
    )


def findings(*logs: str) -> list[Finding]:
    files = [[LogFile(f"{place}.log", [text.encode()])] for place, text in enumerate(logs)]
    return [check.finding for check in tell_story(files, codes=CODES, explanations=EXPLANATIONS).checks]


# --- sources --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sources", "outcome"),
    [
        ([PEER, NEAR, LOCAL, REMOTE, FALLBACK], AGREES),
        ([PEER, NEAR, LOCAL_PEER, LOCAL, REMOTE, FALLBACK, CLOUD], AGREES),
        ([NEAR, TOKEN], AGREES),
        ([TOKEN, NEAR], AGREES),
        ([NEAR], AGREES),
        ([LOCAL, NEAR], DIFFERS),
        ([LOCAL, PEER], DIFFERS),
        ([LOCAL, LOCAL_PEER], DIFFERS),
        ([REMOTE, LOCAL], DIFFERS),
        ([FALLBACK, REMOTE], DIFFERS),
        ([PEER, LOCAL, NEAR], DIFFERS),
        ([NEAR, PEER], NOT_ENOUGH),
        ([CLOUD, NEAR], NOT_ENOUGH),
        ([NEAR, CLOUD, LOCAL], DIFFERS),
        ([NEAR, AD_SITE, LOCAL], AGREES),
        ([LOCAL, AD_SITE], DIFFERS),
        ([SECURE_LOCAL, LOCAL], AGREES),
        ([LOCAL, SECURE_LOCAL], DIFFERS),
        ([SECURE_LOCAL, TOKEN_LOCAL], AGREES),
        ([TOKEN_LOCAL, SECURE_LOCAL], DIFFERS),
        ([LOCAL, SHARE, REMOTE], AGREES),
        ([SHARE, NEAR], DIFFERS),
        ([MASKED, LOCAL], AGREES),
        ([LOCAL, MASKED], DIFFERS),
        ([NEAR, BARE], NOT_ENOUGH),
        ([BARE], AGREES),
        ([NEAR, ("http://dp9.corp.test/SMS_DP_SMSPKG$/A", "FAR")], NOT_ENOUGH),
        ([PEER, (PEER[0], "FARPEER")], NOT_ENOUGH),
        ([NEAR, ("http://dp9.corp.test/SMS_DP_SMSPKG$/A", "")], NOT_ENOUGH),
    ],
)
def test_a_list_of_sources_is_held_against_our_order(sources: list[tuple[str, str]], outcome: Agreement) -> None:
    (finding,) = findings(listed(*sources))
    assert finding.outcome is outcome
    assert finding.client == tuple(url for url, _ in sources)
    assert bool(finding.missing) is (outcome is NOT_ENOUGH)


def test_a_difference_names_both_orders_and_the_rules() -> None:
    (finding,) = findings(listed(LOCAL, NEAR, TOKEN))
    assert finding.ours == (f"{NEAR[0]} = {TOKEN[0]}", LOCAL[0])
    assert finding.why == f"our rules put {NEAR[0]} before {LOCAL[0]}"
    assert finding.rules == ("CL-004", "CL-046", "CL-006")


def test_an_order_that_an_option_would_make_is_no_difference_and_the_option_is_named() -> None:
    (finding,) = findings(listed(NEAR, PEER))
    assert finding.missing == ("whether a boundary group prefers distribution points over peers in the same subnet",)
    (finding,) = findings(listed(CLOUD, NEAR))
    assert finding.missing == ("whether a boundary group prefers cloud sources",)


@pytest.mark.parametrize(
    ("between", "source", "outcome"),
    [
        ("", PEER, AGREES),
        ("", NEAR, NOT_ENOUGH),
        ("", LOCAL, DIFFERS),
        (failed(PEER[0]), NEAR, AGREES),
        (failed(PEER[0]), LOCAL, DIFFERS),
        (started(PEER) + started(NEAR), LOCAL, AGREES),
        (failed("http://dp1.corp.test/SMS_MP/.sms_aut?MPLIST") + started(PEER), LOCAL, DIFFERS),
    ],
)
def test_a_source_is_used_when_those_before_it_were_left(
    between: str, source: tuple[str, str], outcome: Agreement
) -> None:
    *_, finding = findings(listed(PEER, NEAR, LOCAL) + between + started(source))
    assert finding.outcome is outcome


def test_a_source_that_no_list_names_cannot_be_checked() -> None:
    *_, finding = findings(listed(PEER, NEAR) + started(LOCAL))
    assert finding.outcome is NOT_ENOUGH
    assert finding.missing == ("the list of sources that it was taken from",)


def test_the_list_may_stand_in_another_log() -> None:
    assert findings(started(PEER), listed(PEER, NEAR))[-1].outcome is AGREES


def test_the_latest_list_counts() -> None:
    later = (LOCAL[0], "SUBNET")
    *_, finding = findings(
        listed(NEAR, LOCAL) + record("Calling back") + failed("http://x/y") + listed(later, REMOTE) + started(LOCAL)
    )
    assert finding.outcome is AGREES


REQUEST = '<ContentLocationRequest><ClientLocationInfo AllowHTTP="{}"/></ContentLocationRequest>'


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        (record("ContentLocationRequest : " + REQUEST.format(1)), AGREES),
        (record("ContentLocationRequest : " + REQUEST.format(0)), DIFFERS),
        (record("CCMSETUP bootstrap from Internet: 0"), AGREES),
        (record("CCMSETUP bootstrap from Internet: 1"), DIFFERS),
    ],
)
def test_a_source_over_http_is_none_for_who_may_use_https_only(before: str, outcome: Agreement) -> None:
    assert findings(before + listed(NEAR, TOKEN) + started(NEAR))[-1].outcome is outcome


@pytest.mark.parametrize(("source", "outcome"), [(BARE, AGREES), (LOCAL, NOT_ENOUGH)])
def test_a_source_that_may_be_https_is_not_taken_for_http(source: tuple[str, str], outcome: Agreement) -> None:
    (finding,) = findings(record("ContentLocationRequest : " + REQUEST.format(0)) + listed(source))
    assert finding.outcome is outcome


def test_on_the_internet_no_word_for_nearness_counts_and_no_peer() -> None:
    away = record("CCMSETUP bootstrap from Internet: 1")
    far = ("https://dp7.corp.test/SMS_DP_SMSPKG$/ABC00001", "REMOTE")
    unsaid = ("https://dp8.corp.test/SMS_DP_SMSPKG$/ABC00001", "")
    finding = findings(away + listed(far, SECURE_LOCAL, unsaid, PEER, CLOUD))[-1]
    assert finding.outcome is AGREES
    assert finding.ours == (f"{far[0]} = {SECURE_LOCAL[0]} = {unsaid[0]}", CLOUD[0])
    assert findings(away + listed(CLOUD, far))[-1].missing == ("whether a boundary group prefers cloud sources",)


# --- management points ----------------------------------------------------------------------------------------------


def point(name: str, locality: int) -> str:
    return record(f"Name: '{name}' HTTPS: 'N' ForestTrust: 'Y' Locality: '{locality}'")


def rotated(name: str, clock: str = "10:00:10", day: int = 2, which: str = "assigned") -> str:
    text = (
        f"Rotating {which} management point, new management point [1] is: {name} (0) with capabilities: <Capabilities/>"
    )
    return record(text, clock, day)


NEAREST = point("mp1.corp.test", 3) + point("mp2.corp.test", 3) + point("mp3.corp.test", 2) + point("mp4.corp.test", 1)


@pytest.mark.rule("LG-025")
@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        (NEAREST + rotated("mp1.corp.test"), AGREES),
        (NEAREST + rotated("mp2.corp.test"), AGREES),
        (NEAREST + rotated("mp3.corp.test"), DIFFERS),
        (NEAREST + failed("http://mp1.corp.test/x") + rotated("mp3.corp.test"), DIFFERS),
        (
            NEAREST + failed("http://mp1.corp.test/x") + failed("http://mp2.corp.test/x") + rotated("mp3.corp.test"),
            AGREES,
        ),
        (NEAREST + rotated("mp9.corp.test"), NOT_ENOUGH),
        (NEAREST + point("mp5.corp.test", 0) + rotated("mp1.corp.test"), NOT_ENOUGH),
        (point("mp1.corp.test", 3) + rotated("mp1.corp.test"), AGREES),
        (rotated("mp1.corp.test"), NOT_ENOUGH),
    ],
)
def test_the_locality_in_the_log_decides_between_management_points(log: str, outcome: Agreement) -> None:
    assert findings(log)[-1].outcome is outcome


def test_what_a_client_rotates_away_from_is_given_up_until_the_next_refresh() -> None:
    log = point("mp1.corp.test", 3) + point("mp2.corp.test", 2) + rotated("mp1.corp.test")
    assert findings(log + rotated("mp2.corp.test", "11:00:00"))[-1].outcome is AGREES
    away = failed("http://mp1.corp.test/x", "10:00:00") + rotated("mp2.corp.test", "10:00:01", day=3)
    *_, finding = findings(point("mp1.corp.test", 3) + point("mp2.corp.test", 2) + away)
    assert finding.outcome is DIFFERS
    assert finding.ours == ("mp1.corp.test",)
    assert finding.why == "our rules put mp1.corp.test before it: locality 3, against locality 2"


@pytest.mark.parametrize(("figure", "outcome"), [("3", AGREES), ("4", NOT_ENOUGH), ("LOCAL", NOT_ENOUGH)])
@pytest.mark.rule("LG-025")
def test_a_locality_is_a_figure_from_0_to_3(figure: str, outcome: Agreement) -> None:
    log = record(f'mp1.corp.test Locality="{figure}"') + rotated("mp1.corp.test")
    assert findings(log)[-1].outcome is outcome


def test_a_proxy_comes_before_the_default_management_point() -> None:
    log = record("Retrieved Proxy Management Point from AD: sec1.corp.test")
    log += record("Retrieved Default Management Point from AD: mp1.corp.test")
    assert findings(log + rotated("sec1.corp.test"))[-1].outcome is AGREES
    assert findings(log + rotated("mp1.corp.test"))[-1].outcome is DIFFERS


def test_a_proxy_comes_before_a_local_one() -> None:
    log = record("Retrieved Proxy Management Point from AD: sec1.corp.test")
    log += record("Retrieved local Management Point from AD: mp1.corp.test")
    assert findings(log + rotated("sec1.corp.test"))[-1].outcome is AGREES
    assert findings(log + rotated("mp1.corp.test"))[-1].outcome is DIFFERS


def test_a_download_that_fails_is_no_failure_of_the_management_point_on_that_server() -> None:
    away = failed("http://mp1.corp.test/SMS_DP_SMSPKG$/ABC00001") + rotated("mp2.corp.test")
    assert findings(point("mp1.corp.test", 3) + point("mp2.corp.test", 2) + away)[-1].outcome is DIFFERS


@pytest.mark.parametrize(("which", "rule"), [("internet", "ST-012"), ("assigned", "ST-002")])
def test_rotation_inside_and_on_the_internet_rest_on_rules_of_their_own(which: str, rule: str) -> None:
    log = LogFile("x.log", [rotated("mp1.corp.test", which=which).encode()])
    (decision,) = tell_story([[log]], codes=CODES, explanations=EXPLANATIONS).decisions
    assert decision.rules[0] == rule
    assert decision.what == f"{which} management point mp1.corp.test (number 1)"


def test_setup_takes_any_that_it_reaches_on_the_intranet() -> None:
    checked = record("Checking the URL 'http://mp1.corp.test/CCM_Client/ccmsetup.cab'")
    checked += record("Checking the URL 'http://mp2.corp.test/CCM_Client/ccmsetup.cab'")
    found = record("Found a valid online MP 'http://{}'")
    assert findings(checked + found.format("mp2.corp.test"))[0].outcome is AGREES
    assert findings(checked + found.format("mp9.corp.test"))[0].outcome is NOT_ENOUGH


def test_what_a_client_had_stored_may_be_farther_since_it_stays_with_one_that_works() -> None:
    log = NEAREST + "CurrentManagementPoint: mp3.corp.test\n"
    *_, finding = findings(log)
    assert finding.missing == ("when it was taken: a client stays with one that works",)


def test_the_line_of_the_current_management_point_counts_when_it_changes() -> None:
    current = "".join(
        record(f"Current Management Point is {name}", f"10:00:1{place}")
        for place, name in enumerate(
            ["<empty>", "<empty>", "mp1.corp.test with Version 9106", "mp1.corp.test", "<empty>"]
        )
    )
    story = tell_story([[LogFile("x.log", [(NEAREST + current).encode()])]], codes=CODES, explanations=EXPLANATIONS)
    told = [one.what for one in story.decisions if "locality" not in one.what]
    none = "the client has no management point"
    assert told == [none, "management point mp1.corp.test", none]
    assert [check.finding.outcome for check in story.checks] == [NOT_ENOUGH, AGREES, NOT_ENOUGH]
    farther = findings(NEAREST + record("Current Management Point is <mp4.corp.test>"))[-1]
    assert farther.missing == ("when it was taken: a client stays with one that works",)


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        ("", NOT_ENOUGH),
        (record("Failed to get time information from MP: http://mp1.corp.test."), AGREES),
        (record("Failed to get time information from MP: http://mp1.corp.test.") + point("mp2.corp.test", 3), DIFFERS),
        (record("Failed to get time information from MP: https://<MP>."), NOT_ENOUGH),
    ],
)
def test_that_none_could_be_used_is_held_against_those_that_did_not_fail(log: str, outcome: Agreement) -> None:
    (finding,) = findings(log + record("Failed to select MP", "10:00:30"))
    assert finding.outcome is outcome


# --- sites ----------------------------------------------------------------------------------------------------------


def site(code: str, version: str) -> str:
    tried = record(f"LSGetAssignedSiteFromAD : Trying to Assign to the Site <{code}>")
    return tried + record(f"LSGetSiteVersionFromAD : Successfully retrieved version '{version}' for site '<{code}>'")


def verified(code: str, client: str, version: str) -> str:
    text = f"LSVerifySiteVersion : Verified Client Version '{client}' is not greater than Site Version '{version}'."
    return record(f"{text} Client can be assigned to site <{code}>.")


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        (site("P04", "4.00.6221.0000") + verified("P04", "4.00.6221.1000", "4.00.6221.0000"), AGREES),
        (verified("P04", "4.00.6221.1000", "4.00.6221.0000"), AGREES),
        (verified("P04", "4.00.6487.2000", "4.00.6221.0000"), DIFFERS),
        (
            site("P01", "4.00.6221.0000")
            + site("P04", "4.00.6487.0000")
            + verified("P04", "4.00.6487.2000", "4.00.6487.0000"),
            AGREES,
        ),
        (
            site("P01", "4.00.6487.0000")
            + site("P04", "4.00.6487.0000")
            + verified("P04", "4.00.6487.2000", "4.00.6487.0000"),
            DIFFERS,
        ),
        (site("P04", "7") + verified("P04", "4.00.6221.1000", "4.00.6221.0000"), NOT_ENOUGH),
    ],
)
def test_the_first_site_whose_version_fits_is_the_one(log: str, outcome: Agreement) -> None:
    (finding,) = findings(log)
    assert finding.outcome is outcome


def test_every_assignment_is_checked_by_itself() -> None:
    once = site("P01", "4.00.6487.0000") + verified("P01", "4.00.6221.1000", "4.00.6487.0000")
    again = site("P04", "4.00.6487.0000") + verified("P04", "4.00.6221.1000", "4.00.6487.0000")
    assert [finding.outcome for finding in findings(once + again)] == [AGREES, AGREES]


# --- what has no choice in it, and what is not shown ----------------------------------------------------------------


def test_facts_and_requests_are_not_checked() -> None:
    assert findings(record("Current AD site of machine is Site1") + record("Enabled SSL revocation check")) == []


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        (
            "CCMSETUP bootstrap from Internet: 1",
            "whether a domain controller or a management point of the intranet answered",
        ),
        (
            "RegEndPoint: Received notification for site assignment change from '<none>' to 'MEM'.",
            "what the client was given, and which boundaries hold it",
        ),
    ],
)
def test_what_would_have_to_be_shown_is_said(message: str, missing: str) -> None:
    (finding,) = findings(record(message))
    assert (finding.outcome, finding.missing) == (NOT_ENOUGH, (missing,))
