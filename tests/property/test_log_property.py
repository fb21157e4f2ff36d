"""Any bytes as a log: a story, never another exception; and the quick way finds what the careful one does."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logcases import Case, read_cases

from cmclient.adapters.packagedata import read_codes, read_explanations
from cmclient.cli.logpage import build_page
from cmclient.model.logchecks import Agreement
from cmclient.model.logrecord import LogRecord, Severity
from cmclient.model.story import LogStory
from cmclient.protocol.cmtrace import LogReader
from cmclient.protocol.logevents import MARKS, STARTS
from cmclient.protocol.logjson import build_story
from cmclient.rules.codes import parse_codes
from cmclient.rules.logdecisions import parse_explanations
from cmclient.story import LogFile, tell_story

CASES = read_cases(Path(__file__).parents[1] / "vectors" / "logs", "log", "report", "rule")
EXCERPTS = [case.log for case in CASES]
ROUNDS = 12  # mutations of each excerpt
CODES = parse_codes(read_codes())
EXPLANATIONS = parse_explanations(read_explanations())
TAIL = b']LOG]!><time="10:00:0%d.000+060" date="01-02-2024" component="CAS" context="" type="%d" thread="1" file="a:1">'
PIECES = [
    b"<![LOG[",
    b"]LOG]!>",
    b"\n",
    b"\r\n",
    b'" type="3"',
    b"Locality: '2' mp.corp.test",
    b"Distribution Point='http://a/b', Locality='X'",
    b"Post to http://a/b failed with 0x87d00231.",
    b"\\<![LOG[",
    b"]LOG]<![LOG[",
    b"text",
    b"\x00\xff\xfe",
    b"$$<CAS><01-02-2024 10:00:00.000+000><thread=1>",
    *(TAIL % (second, kind) for second in (1, 5) for kind in (1, 2, 3)),
]
mutations = st.lists(
    st.tuples(st.integers(0, 5_000), st.integers(0, 60), st.sampled_from(PIECES) | st.binary(max_size=12)), max_size=6
)


def mutated(excerpt: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for place, cut, added in changes:
        at = place % (len(excerpt) + 1)
        excerpt = excerpt[:at] + added + excerpt[at + cut :]
    return excerpt


def blocks_of(data: bytes, size: int) -> list[bytes]:
    return [data[place : place + size] for place in range(0, len(data), size)]


def assert_sound(story: LogStory) -> None:
    assert all(event.quote.text.isprintable() for event in story.events)
    places = [check.decision for check in story.checks]
    assert len(set(places)) == len(places)
    for check in story.checks:
        assert check.topic is story.decisions[check.decision].topic
        assert bool(check.finding.missing) is (check.finding.outcome is Agreement.NOT_ENOUGH)
        assert bool(check.finding.why) is not bool(check.finding.missing)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_excerpt_mutated_gives_a_story(case: Case) -> None:
    chance = random.Random(case.number)  # noqa: S311 - the same mutations every time
    for _ in range(ROUNDS):
        changes = [
            (chance.randrange(5_000), chance.choice((0, 1, 7, 60)), chance.choice(PIECES))
            for _ in range(chance.randrange(1, 7))
        ]
        log = mutated(case.log, changes)
        other = LogFile("other.log", [chance.choice(EXCERPTS)])
        story = tell_story([[LogFile("mutated.log", [log])], [other]], codes=CODES, explanations=EXPLANATIONS)
        build_story(story)
        build_page(story)
        assert_sound(story)


@given(excerpt=st.sampled_from(EXCERPTS), changes=mutations, size=st.integers(1, 4096), errors_only=st.booleans())
def test_mutated_excerpts_give_a_story(
    excerpt: bytes, changes: list[tuple[int, int, bytes]], size: int, *, errors_only: bool
) -> None:
    blocks = blocks_of(mutated(excerpt, changes), size)
    story = tell_story(
        [[LogFile("mutated.log", blocks)]], codes=CODES, explanations=EXPLANATIONS, errors_only=errors_only
    )
    build_story(story)
    assert_sound(story)


@given(st.binary(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join), st.integers(1, 64))
def test_any_bytes_give_a_story(data: bytes, size: int) -> None:
    tell_story([[LogFile("any.log", blocks_of(data, size))]], codes=CODES, explanations=EXPLANATIONS)


def read(data: bytes, size: int, reader: LogReader) -> list[LogRecord]:
    found = [record for block in blocks_of(data, size) for record in reader.feed(block)]
    return [*found, *reader.close()]


whole_records = st.builds(
    lambda message, second, kind, end: b"<![LOG[" + message + TAIL % (second, kind) + end,
    st.lists(st.sampled_from(PIECES[3:8] + PIECES[10:11]), max_size=4).map(b"".join),
    st.integers(0, 9),
    st.integers(1, 3),
    st.sampled_from([b"\r\n", b"\n"]),
)
damaged = st.sampled_from([b"plain line\n", b"<![LOG[cut off\n", b"<![LOG[bare]LOG]!>\r\n"])


@given(st.lists(whole_records | damaged, max_size=25).map(b"".join), st.integers(1, 2000))
def test_the_quick_way_finds_what_the_careful_one_does(data: bytes, size: int) -> None:
    quick, careful = LogReader(starts=STARTS, marks=MARKS), LogReader()
    found = read(data, size, quick)
    every = read(data, len(data) or 1, careful)
    kept = [
        record
        for record in every
        if record.severity is not Severity.INFO or record.message.startswith(STARTS) or "Locality" in record.message
    ]
    assert found == kept
    assert quick.counts._replace(clock_went_back=0, first_back=0) == careful.counts._replace(
        clock_went_back=0, first_back=0
    )


@given(st.lists(whole_records, max_size=25).map(b"".join), st.integers(1, 2000))
def test_blocks_of_any_size_give_the_same(data: bytes, size: int) -> None:
    assert read(data, size, LogReader()) == read(data, len(data) or 1, LogReader())
