"""Every log case against what was written down of it: what the client saw and decided comes out of the reader."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from logcases import Case, leaves, read_cases

from cmclient.adapters.packagedata import read_catalogue, read_codes, read_explanations
from cmclient.model.story import EventKind, LogStory, Topic
from cmclient.protocol.cmtrace import LogReader
from cmclient.protocol.logcodes import find_codes
from cmclient.protocol.logevents import EventReader
from cmclient.rules.catalogue import parse_catalogue
from cmclient.rules.codes import parse_code_number, parse_codes
from cmclient.rules.logdecisions import parse_explanations
from cmclient.story import LogFile, tell_story

FOLDER = Path(__file__).parents[1] / "vectors" / "logs"
LOGS = read_cases(FOLDER, "log")
OTHERS = read_cases(FOLDER, "report", "rule")
CODES = parse_codes(read_codes())
EXPLANATIONS = parse_explanations(read_explanations())
_EXACT = 4  # characters up to which a value has to be one of those that were read, not a part of one

# What a case notes and its log does not say, in these words or at all.
NOT_IN_THE_LOG = {
    1: {"inputs.ip": "masked", "decision.order": "names are the note's own; see the test of the order"},
    3: {"decision.expected_by_admin": "the administrator's wish"},
    11: {"inputs.scheme": "a part of the address"},
    17: {"inputs.real_port": "not given"},
    21: {"inputs.fact": "a fact of the product", "decision.body": "cut off"},
    23: {"inputs.query": "the note adds the type of the record"},
    25: {"inputs.hosts": "what the statuses prove; see the test of roles"},
    27: {"inputs.client": "not in the excerpt", "inputs.logs_read": "a remark"},
    29: {"inputs.mp_capabilities": "inside the capabilities that are kept as written"},
    31: {"inputs.client": "prose of the author", "inputs.mp": "prose", "inputs.approved": "prose"},
    35: {"inputs": "prose of the author; see the test of HTTP 403", "decision": "prose"},
    59: {
        "inputs.command_line.SMSSITECODE": "on the page, not in the log",
        "decision.token": "<CMG path> is the note's",
        "decision.request_path": "<id> is the note's",
        "decision.first_check": "<CMG path> is the note's",
    },
    61: {"inputs.site_before": "the log writes <none>"},
    81: {"inputs.version": "the end of the content's name"},
    83: {"decision.request": "method and path are two values"},
}


def tell(case: Case) -> LogStory:
    return tell_story([[LogFile(case.name, [case.log])]], codes=CODES, explanations=EXPLANATIONS)


def story_of(number: int) -> LogStory:
    return tell(next(case for case in LOGS if case.number == number))


def said_in(story: LogStory) -> Iterator[str]:
    for event in story.events:
        yield event.component
        yield from event.details.values()
        yield from event.codes
        yield from (str(value) for source in event.sources for value in source)
    for decision in story.decisions:
        yield from decision.values.values()


@pytest.mark.parametrize("case", LOGS, ids=lambda case: case.name)
def test_what_a_case_notes_comes_out_of_the_reader(case: Case) -> None:
    said = {text.lower() for text in said_in(tell(case))}
    numbers = {parse_code_number(text) for text in said} - {None}
    missing = []
    for part in ("inputs", "decision"):
        for path, value in leaves(case.notes.get(part, {}), part):
            wanted = value.lower()
            is_excused = any(path.startswith(one) for one in NOT_IN_THE_LOG.get(case.number, ()))
            is_said = wanted in said or (len(wanted) > _EXACT and any(wanted in text for text in said))
            if not (is_excused or is_said or parse_code_number(wanted) in numbers):
                missing.append(f"{path} = {value}")
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("case", LOGS, ids=lambda case: case.name)
def test_decisions_quote_lines_that_are_in_the_log_and_name_rules_that_exist(case: Case) -> None:
    ids = {rule.id for rule in parse_catalogue(read_catalogue())}
    lines = case.log.decode().replace("**", "").splitlines()
    for decision in tell(case).decisions:
        assert decision.quotes
        assert set(decision.rules) <= ids
        assert decision.rules
        for quote in decision.quotes:
            words = re.findall(r"\w{5,}", quote.text.replace("...", ""))[:3]
            near = " ".join(lines[quote.line - 1 : quote.line + 6])
            assert all(word in near for word in words), quote


def test_explanations_and_codes_name_only_rules_of_the_catalogue() -> None:
    ids = {rule.id for rule in parse_catalogue(read_catalogue())}
    named = {rule for one in EXPLANATIONS.values() for rule in one.rules} | {r for c in CODES.rows for r in c.rules}
    assert named <= ids


def values(story: LogStory, topic: Topic) -> dict[str, str]:
    return {k: v for one in story.decisions if one.topic is topic for k, v in one.values.items()}


def test_001_the_peer_comes_first_and_is_downloaded_from() -> None:
    story = story_of(1)
    orders = [decision.sources for decision in story.decisions if decision.sources]
    assert [source.locality for source in orders[0]] == ["SUBNETPEER", "SUBNET", "SUBNET"]
    assert [source.auth_method for source in orders[0]] == [None, None, 1024]
    assert [source.url.lower() for source in orders[0]] == [source.url.lower() for source in orders[1]]
    started = story.decisions[-1]
    assert "number 1 of 3" in started.what
    assert [decision.rules[0] for decision in story.decisions] == ["TM-002", "CL-001", "CL-001", "CL-001"]
    assert story.decisions[0].what == "boundary groups 5, as told at 2021-04-03T14:03:16.603"
    assert "CL-003" in story.decisions[1].rules


def test_003_the_first_valid_of_two_sites_is_taken_and_that_is_said() -> None:
    story = story_of(3)
    site = next(decision for decision in story.decisions if decision.topic is Topic.SITE)
    assert site.values["site"] == "P04"
    assert site.rules[0] == "SA-009"
    assert [quote.line for quote in site.quotes] == [3, 8]
    assert story.facts.ad_site == "ADSite1"
    assert story.facts.assigned_site == "P04"


def test_009_the_answer_is_read_whole_and_facts_have_both_addresses() -> None:
    story = story_of(9)
    reply = next(event for event in story.events if event.kind is EventKind.CONTENT_REPLY)
    assert reply.reply is not None
    assert [len(site.records) for site in reply.reply.sites] == [1, 0]
    assert [one.address for one in story.facts.addresses] == ["10.10.25.130", "10.10.25.166"]
    assert (story.facts.domain, story.facts.forest) == ("contoso.com", "contoso.com")
    assert story.facts.origins["domain"].endswith(", line 1")
    assert story.facts.ad_site == "Default-First-Site-Name"


@pytest.mark.parametrize(("number", "cause"), [(65, "no source for the client package"), (125, "WMI")])
def test_what_a_code_means_is_up_to_the_function_that_says_it(number: int, cause: str) -> None:
    (error,) = tell(next(case for case in OTHERS if case.number == number)).errors
    (only,) = (cause for code in error.known for cause in code.causes)
    assert cause in only


@pytest.mark.parametrize(("number", "meaning"), [(5, "enhanced HTTP"), (7, "registration token")])
def test_gateway_faults_are_told_apart_by_the_status_text(number: int, meaning: str) -> None:
    (error,) = story_of(number).errors
    assert any(meaning in cause for code in error.known for cause in code.causes)
    assert story_of(number).decisions[0].rules == ("CG-036",)


def test_011_failures_count_against_the_management_point() -> None:
    (decision,) = story_of(11).decisions
    assert decision.rules == ("ST-002", "ST-017")
    assert decision.values["host"] == "sccm.acc.local"
    assert {"0x87d00231", "0x87d0027e", "HTTP 500"} <= set(decision.values["codes"].split(", "))


def test_013_the_report_to_the_fallback_status_point_says_what_was_missing() -> None:
    decision = story_of(13).decisions[0]
    assert decision.topic is Topic.REPORTING
    assert decision.what == "state 321: BITS missing, reported to the fallback status point"
    assert decision.mood.value == "bad"


@pytest.mark.rule("ST-012")
def test_015_rotation_names_the_management_point_its_index_and_capabilities() -> None:
    (event,) = story_of(15).events
    assert event.kind is EventKind.MP_ROTATED
    assert event.details["index"] == "1"
    assert event.details["mp"] == "https://CONTOSO.CLOUDAPP.NET/CCM_Proxy_MutualAuth/72186325152220500"
    assert 'Name="SSL" Version="1"' in event.details["capabilities"]


def test_019_a_refused_certificate_is_a_matter_of_trust_and_leaves_no_management_point() -> None:
    story = story_of(19)
    assert story.events[0].kind is EventKind.TRUST_ERROR
    assert [decision.topic for decision in story.decisions] == [Topic.MANAGEMENT_POINT, Topic.TRUST]
    first = next(error for error in story.errors if error.known and error.known[0].number == 0x80072F8F)
    assert "CA" in first.known[0].causes[0]


def test_025_statuses_of_probes_are_no_failures_of_the_client() -> None:
    story = story_of(25)
    assert story.decisions == ()
    statuses = {(event.details["url"].split("/")[2], event.details["status"]) for event in story.events}
    assert {("ps1-dp.mayyhem.com", "401"), ("ps1-mp.mayyhem.com", "200")} <= statuses


def test_027_the_logs_name_one_management_point() -> None:
    (decision,) = story_of(27).decisions
    assert decision.values["mps_seen"] == "ps1-mp.mayyhem.com"


def test_035_http_403_says_certificate_first_and_that_the_server_is_alive() -> None:
    (code,) = CODES.find("HTTP 403")
    assert "alive" in code.meaning
    assert code.causes[0].startswith("a client certificate is demanded")


def test_059_setup_takes_the_first_management_point_and_is_on_the_internet() -> None:
    story = story_of(59)
    assert values(story, Topic.MANAGEMENT_POINT)["by"] == "setup"
    assert story.facts.network_location.value == "internet"
    kinds = [event.kind for event in story.events]
    assert kinds.index(EventKind.TOKEN_KEPT) < kinds.index(EventKind.MP_CHOSEN) < kinds.index(EventKind.CONTENT_REQUEST)


def test_079_a_source_over_http_is_refused_and_tried_again_later() -> None:
    story = story_of(79)
    assert [decision.rules for decision in story.decisions] == [("CL-019", "TR-039")]
    assert [event.details.get("retry_seconds") for event in story.events][-1] == "3600"


def test_085_a_damaged_report_is_kept_and_its_topic_read() -> None:
    story = story_of(85)
    report = story.events[0]
    assert (report.details["topic_type"], report.details["state_id"]) == ("500", "2")
    assert "unread" in report.details
    assert story.files[0].counts.damaged == 2
    assert {decision.rules for decision in story.decisions} == {("FS-013", "FS-050")}


# --- reports and rules ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case", [case for case in OTHERS if find_codes(f"{case.log.decode()} {case.notes}")], ids=lambda case: case.name
)
def test_every_code_of_a_report_is_explained_from_it(case: Case) -> None:
    codes = find_codes(f"{case.log.decode()} {case.notes}")
    for code in codes:
        known = CODES.find(code)
        assert known, code
        assert any(f"{case.number:03}" in one.source for one in known), (code, [one.source for one in known])


@pytest.mark.parametrize("role", ["local", "proxy", "default"])
def test_133_management_points_from_the_directory_by_their_role(role: str) -> None:
    word = {"local": "local", "proxy": "Proxy", "default": "Default"}[role]
    reader = EventReader("LocationServices.log")
    records = LogReader().feed(f"Retrieved {word} Management Point from AD: mp1.corp.test\n".encode())
    events = [event for record in records for event in reader.feed(record)]
    assert [(event.kind, event.details) for event in events] == [
        (EventKind.MP_CANDIDATE, {"mp": "mp1.corp.test", "role": role})
    ]


def test_131_the_topic_of_case_013_is_client_deployment() -> None:
    notes: dict[str, Any] = next(case.notes for case in OTHERS if case.number == 131)
    log = next(case.log for case in OTHERS if case.number == 131)
    assert notes["kind"] == "state-report"
    assert b"type=800 name=CLIENT_DEPLOYMENT" in log
    assert values(story_of(13), Topic.REPORTING)["topic_type"] == "800"


def test_tables_of_lines_name_where_each_was_seen() -> None:
    from cmclient.protocol import logevents  # noqa: PLC0415 - the tables are its own

    samples = {path.name.partition(".")[0] for path in (FOLDER.parent / "samples").iterdir()}
    numbers = {case.number for case in (*LOGS, *OTHERS)}
    tables = (logevents._PATTERNS, logevents._PLAIN_PATTERNS)
    seen = {pattern.seen for table in tables for begins in (*table.begins, "") for _, pattern in table.find(begins)}
    assert seen <= numbers | samples
