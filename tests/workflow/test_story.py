"""The story of logs: files together, order of time, what is said before it is trusted, bounds."""

import tracemalloc
from collections.abc import Iterator

import pytest

from cmclient.adapters.packagedata import read_codes, read_explanations
from cmclient.model.story import EventKind, LogStory, Topic
from cmclient.rules.codes import parse_codes
from cmclient.rules.logdecisions import parse_explanations
from cmclient.story import LogFile, tell_story

CODES = parse_codes(read_codes())
EXPLANATIONS = parse_explanations(read_explanations())


def record(
    message: str, second: int = 0, kind: int = 1, bias: str = "+000", component: str = "LocationServices"
) -> str:
    time = f'time="10:{second // 60:02}:{second % 60:02}.000{bias}" date="01-02-2024"'
    return f'<![LOG[{message}]LOG]!><{time} component="{component}" context="" type="{kind}" thread="1" file="a:1">\r\n'


def tell(*logs: str | bytes, errors_only: bool = False) -> LogStory:
    files = [
        [LogFile(f"{place}.log", [log.encode() if isinstance(log, str) else log])] for place, log in enumerate(logs)
    ]
    return tell_story(files, codes=CODES, explanations=EXPLANATIONS, errors_only=errors_only)


def test_events_of_several_logs_stand_by_time_across_time_zones() -> None:
    east = record("Current AD site of machine is EAST", 30, bias="-060")
    utc = record("Current AD site of machine is FIRST", 10) + record("Current AD site of machine is LAST", 40)
    late = east.replace("10:00:30", "11:00:30")
    story = tell(utc, late)
    assert [event.details["ad_site"] for event in story.events] == ["FIRST", "EAST", "LAST"]
    assert story.facts.ad_site == "LAST"


def test_an_event_without_a_time_stays_behind_the_one_before_it() -> None:
    story = tell(
        record("Current AD site of machine is A", 10)
        + "Current AD site of machine is B\n"
        + record("Current AD site of machine is D", 20),
        record("Current AD site of machine is C", 15),
    )
    assert [event.details["ad_site"] for event in story.events] == ["A", "B", "C", "D"]


def test_sources_listed_at_once_are_one_decision_and_a_later_source_is_said_to_be_one() -> None:
    dp = "Distribution Point='http://dp{0}.corp.test/SMS_DP_SMSPKG$/A', Locality='{1}', ForestTrust='TRUE',"
    log = "".join(record(dp.format(n, "SUBNET" if n == 1 else "LOCAL"), n) for n in (1, 2, 3))
    log += record("DTSJob {1} created to download from 'http://DP2.corp.test/SMS_DP_SMSPKG$/A/' to 'C:\\x'.", 9)
    listed, started = tell(log).decisions
    assert [source.url[7:10] for source in listed.sources] == ["dp1", "dp2", "dp3"]
    assert {"CL-004", "CL-006"} <= set(listed.rules)
    assert started.what == "downloads from dp2.corp.test, number 2 of 3"
    assert started.rules[0] == "BG-032"


@pytest.mark.rule("LG-025")
@pytest.mark.parametrize(
    ("message", "locality"),
    [
        ("Name: 'mp1.corp.test' HTTPS: 'N' ForestTrust: 'Y' Locality: '3'", "3"),
        ("MP http://mp1.corp.test with Locality=0", "0"),
    ],
)
def test_a_management_point_carries_its_locality(message: str, locality: str) -> None:
    (decision,) = tell(record(message)).decisions
    assert decision.topic is Topic.MANAGEMENT_POINT
    assert decision.values["locality"] == locality
    assert "mp1.corp.test" in decision.values["mp"]


@pytest.mark.rule("LG-025")
@pytest.mark.parametrize("message", ["mp1.corp.test has Locality: '4'", "Locality: '3' alone", "Locality='SUBNET' x.y"])
def test_what_is_no_locality_of_a_management_point_is_none(message: str) -> None:
    assert tell(record(message)).decisions == ()


def test_logs_of_two_clients_are_said_to_be_mixed() -> None:
    text = "[RegTask] - Client is registered. Server assigned ClientID is GUID:{}. Approval status 1"
    one, other = "A5FB49C2-955B-43EC-AE78-2BBB289FFD0F", "C66EE0FD-08E7-4B38-B282-7E6954B71139"
    assert any("two clients" in note for note in tell(record(text.format(one)), record(text.format(other))).notes)
    assert tell(record(text.format(one)), record(text.format(one.lower()))).notes == ()


def test_a_clock_that_goes_back_is_said_with_its_line() -> None:
    story = tell(record("Current AD site of machine is A", 50) + record("Current AD site of machine is B", 10))
    assert story.notes == ("0.log: the time goes back once, first at line 2",)


@pytest.mark.parametrize(
    ("log", "problem"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html>\n<html><head><title>Log</title>", "it is a web page"),
        (bytes(range(256)) * 40, "it is no text"),
        ("<html>".encode("utf-16"), "it is a web page"),
    ],
)
def test_what_is_no_log_is_said_and_the_others_are_read(log: bytes, problem: str) -> None:
    story = tell(log, record("Current AD site of machine is A"))
    assert problem in story.files[0].problem
    assert [event.kind for event in story.events] == [EventKind.AD_SITE]


def test_the_size_of_what_is_no_log_is_that_of_all_of_it() -> None:
    log = LogFile("x.log", [bytes(range(256)) * 400] * 3)
    (file,) = tell_story([[log]], codes=CODES, explanations=EXPLANATIONS).files
    assert file.counts.size == 3 * 256 * 400


def test_a_log_that_tells_nothing_that_is_known_is_said_to() -> None:
    note = "nothing in these logs tells of locating"
    assert [one.partition(":")[0] for one in tell("root:x:0:0\nuser:x:1:1\n").notes] == [note]
    assert tell(record("Current AD site of machine is A")).notes == ()
    assert tell(record("Failed to send, error 0x80072ee2"), errors_only=True).notes == ()
    assert tell(b"").notes == ("0.log: it is empty",)


def test_utf_16_is_read_like_any_other() -> None:
    story = tell(record("Current AD site of machine is Zürich").encode("utf-16"))
    assert story.facts.ad_site == "Zürich"


def test_errors_that_differ_in_numbers_are_one_with_a_count_and_both_places() -> None:
    log = "".join(record(f"Attempt {n} failed, error 0x80072ee2", n, kind=3) for n in range(70))
    for errors_only in (False, True):
        (error,) = tell(log, errors_only=errors_only).errors
        assert (error.times, error.first.line, error.last.line) == (70, 1, 70)
        assert error.known[0].meaning == "the server took too long to answer"
    assert tell(log, errors_only=True).events == ()


def test_errors_with_different_codes_are_different() -> None:
    log = "".join(record(f"Attempt failed, error 0x80072ee{n}", kind=3) for n in (2, 7, 2))
    assert [(error.times, error.codes) for error in tell(log).errors] == [(2, ("0x80072ee2",)), (1, ("0x80072ee7",))]


def test_the_same_line_again_and_again_is_one_event() -> None:
    (event,) = tell(record("Current AD site of machine is A") * 30).events
    assert event.times == 30


def test_two_halves_of_an_http_error_are_one_event() -> None:
    halves = (
        "[CCMHTTP] ERROR: URL=http://mp.corp.test/ccm_system/request, Port=80, Options=224, Code=0, Text=CCM_E_X",
        "[CCMHTTP] ERROR INFO: StatusCode=503 StatusText=Service Unavailable",
    )
    story = tell("".join(record(half, kind=3) for half in halves))
    (event,) = story.events
    assert (event.details["url"], event.details["status"]) == ("http://mp.corp.test/ccm_system/request", "503")
    alone = tell(record(halves[0], kind=3))
    assert [event.kind for event in alone.events] == [EventKind.HTTP_ERROR]


def test_a_hostile_name_is_printable_and_short_wherever_it_comes_out() -> None:
    story = tell(
        record(
            "Rotating internet management point, new management point [1] is: \x1b[2J"
            + "x" * 9000
            + " (0) with capabilities: <a/>"
        )
    )
    texts = [value for event in story.events for value in (*event.details.values(), event.quote.text)]
    assert texts
    assert all(text.isprintable() and len(text) <= 400 for text in texts)


def test_more_events_than_are_kept_are_counted() -> None:
    log = "".join(record(f"Current AD site of machine is A{n}") for n in range(20_050))
    story = tell(log)
    assert len(story.events) == 20_000
    assert story.dropped == 50
    assert any("50 more events" in note for note in story.notes)


def endless(records: int) -> Iterator[bytes]:
    """A log of that many records, in blocks of a thousand; one in ten is an error, one in a hundred means something."""
    for begin in range(0, records, 1000):
        yield "".join(
            record(
                f"Current AD site of machine is A{n}" if n % 100 == 0 else f"step {n} {'x' * 150}",
                n // 1000,
                kind=1 + 2 * (n % 10 == 0),
            )
            for n in range(begin, begin + 1000)
        ).encode()


@pytest.mark.slow
@pytest.mark.parametrize("errors_only", [False, True])
def test_memory_stays_flat_however_long_a_log_is(*, errors_only: bool) -> None:
    peaks = []
    for records in (50_000, 400_000):
        tracemalloc.start()
        tell_story(
            [[LogFile("long.log", endless(records))]], codes=CODES, explanations=EXPLANATIONS, errors_only=errors_only
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 12 * 2**20  # events that are kept grow a little; the log is 100 MiB
    assert peaks[1] < 40 * 2**20


@pytest.mark.parametrize("errors_only", [False, True])
def test_errors__statuses_of_http__are_explained_and_are_not_one(*, errors_only: bool) -> None:
    lines = [f"[CCMHTTP] ERROR INFO: StatusCode={status} StatusText=" for status in (403, 404, 404)]
    told = tell("".join(record(line, kind=3) for line in lines), errors_only=errors_only)
    assert sorted(([code.label for code in one.known], one.times) for one in told.errors) == [
        (["HTTP 403"], 1),
        (["HTTP 404"], 2),
    ]


def test_boundary_groups__a_request_that_repeats_them__is_told_once_until_they_change() -> None:
    line = (
        'ContentLocationRequest : <ContentLocationRequest SchemaVersion="1.00"><Package ID="ABC00001" Version="1"/>'
        '<ClientLocationInfo LocationType="SMSPackage">{0}</ClientLocationInfo></ContentLocationRequest>'
    )
    groups = '<BoundaryGroups BoundaryGroupListRetrieveTime="{0}"><BoundaryGroup GroupID="7"/></BoundaryGroups>'
    early, late = (line.format(groups.format(f"2026-03-0{day}T08:00:00")) for day in (1, 2))
    story = tell(record(line.format("")) + record(early, 1) + record(early, 2) + record(late, 3))
    assert [(one.what, one.rules) for one in story.decisions] == [
        ("boundary groups 7, as told at 2026-03-01T08:00:00", ("TM-002", "ST-010")),
        ("boundary groups 7, as told at 2026-03-02T08:00:00", ("TM-002", "ST-010")),
    ]


def test_a_source_that_two_logs_name__is_one_decision_that_knows_its_place() -> None:
    url = "http://dp{0}.corp.test/SMS_DP_SMSPKG$/A"
    kept = record("Persisted locations for CTM job {J}:\r\n" + "\r\n".join(f"(LOCAL) {url.format(n)}" for n in (1, 2)))
    begun = "CTM job {{J}} (corresponding DTS job {{{0}}}) started download from '{1}' for full content download."
    transfer = kept + "".join(record(begun.format(n, url.format(n)), 10 * n + 1) for n in (1, 2))
    data = "".join(
        record(f"DTSJob {{{n}}} created to download from '{url.format(n)}' to 'C:\\x'.", 10 * n) for n in (1, 2, 3)
    )
    told = [(one.what, one.rules) for one in tell(transfer, data).decisions[1:]]
    assert told == [
        ("downloads from dp1.corp.test, number 1 of 2", ("CL-001", "CL-036")),
        ("downloads from dp2.corp.test, number 2 of 2", ("BG-032", "CL-049")),
        ("downloads from dp3.corp.test", ("CL-001", "CL-036")),
    ]
    assert "does not hold the list" in tell(data).decisions[1].why
