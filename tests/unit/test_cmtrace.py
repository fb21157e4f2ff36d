"""The reader of logs: forms of records, what damage does, and that the quick way finds what the careful one does."""

import time
from collections.abc import Iterable

import pytest

from cmclient.errors import InvalidValueError
from cmclient.model.logrecord import LogRecord, RecordForm, Severity
from cmclient.protocol.cmtrace import LogReader
from cmclient.protocol.logtext import TextKind, Transcoder, check_code_page, sniff_log, unpaste

TAIL = '<time="16:05:34.123+300" date="03-04-2021" component="{0}" context="" type="{1}" thread="4324" file="x.cpp:12">'


def cmtrace(message: str, kind: int = 1, component: str = "LocationServices", end: str = "\r\n") -> str:
    return f"<![LOG[{message}]LOG]!>{TAIL.format(component, kind)}{end}"


def read(text: str | bytes, *, size: int | None = None, reader: LogReader | None = None) -> list[LogRecord]:
    data = text.encode() if isinstance(text, str) else text
    reader = reader or LogReader()
    found: list[LogRecord] = []
    for place in range(0, len(data), size or len(data) or 1):
        found += reader.feed(data[place : place + (size or len(data))])
    return [*found, *reader.close()]


def messages(records: Iterable[LogRecord]) -> list[str]:
    return [record.message for record in records]


# --- forms ----------------------------------------------------------------------------------------------------------


def test_a_record_is_read_with_all_its_fields() -> None:
    (record,) = read(cmtrace("Current AD site of machine is HQ", kind=2))
    assert record.message == "Current AD site of machine is HQ"
    assert (record.component, record.thread, record.source_file) == ("LocationServices", "4324", "x.cpp:12")
    assert (record.severity, record.line, record.form) == (Severity.WARNING, 1, RecordForm.CMTRACE)
    assert record.when is not None
    assert str(record.when) == "2021-03-04 16:05:34.123-05:00"
    assert record.when.utc.isoformat() == "2021-03-04T21:05:34.123000"


def test_a_time_zone_east_of_greenwich_has_a_negative_bias() -> None:
    (record,) = read(cmtrace("x").replace("+300", "-060"))
    assert record.when is not None
    assert record.when.utc.hour == 15
    assert str(record.when).endswith("+01:00")


@pytest.mark.parametrize("bias", ["+900", "-1000", "+9999"])
def test_a_time_zone_that_no_place_has_is_unknown(bias: str) -> None:
    (record,) = read(cmtrace("x").replace("+300", bias))
    assert record.when is not None
    assert record.when.bias is None
    assert record.when.utc.hour == 16


@pytest.mark.parametrize("date", ["01-01-0001", "12-31-9999", "02-30-2021", "13-01-2021", "_date_"])
def test_a_date_that_is_none_is_unknown(date: str) -> None:
    (record,) = read(cmtrace("x").replace("03-04-2021", date).replace("+300", "-060"))
    assert record.when is None


@pytest.mark.parametrize("time", ["_time_", "25:00:00.000+000", "12:00", "12:00:00.000+9999999"])
def test_a_time_that_is_none_is_unknown_and_the_record_stays(time: str) -> None:
    records = read(cmtrace("x").replace("16:05:34.123+300", time))
    assert [(record.message, record.when) for record in records] == [("x", None)]


def test_a_message_may_have_many_lines_and_the_next_record_has_its_line() -> None:
    lines = "\r\n".join(f"line {number}" for number in range(1000))
    first, second = read(cmtrace(lines) + cmtrace("after"))
    assert first.message.count("\n") == 999
    assert (second.message, second.line) == ("after", 1001)


def test_a_message_may_hold_the_mark_of_an_end() -> None:
    text = "sent <![LOG[x]LOG]!> as it was, and ]LOG]!><time= too"
    assert messages(read(cmtrace(text) + cmtrace("after"))) == [text, "after"]


def test_the_older_form_is_read() -> None:
    (record,) = read("Retrieved it from AD  $$<LocationServices><07-13-2009 12:00:01.250+240><thread=2012 (0x7DC)>\n")
    assert record.message == "Retrieved it from AD"
    assert (record.component, record.thread, record.form) == ("LocationServices", "2012 (0x7DC)", RecordForm.OLD)
    assert str(record.when) == "2009-07-13 12:00:01.250-04:00"


@pytest.mark.parametrize(
    ("line", "component", "thread", "time"),
    [
        (
            "   > 01-13-2016 17:56:42.448    CAS    2768 (0xad0)    text",
            "CAS",
            "2768 (0xad0)",
            "2016-01-13 17:56:42.448",
        ),
        ("ContentTransferManager    4324 (0x10e4)    text", "ContentTransferManager", "4324 (0x10e4)", "None"),
        ("text\tCAS\t1/13/2016 17:56:42\t2768 (0xAD0)", "CAS", "2768 (0xAD0)", "2016-01-13 17:56:42.000"),
        ("> TSMBootstrap &nbsp; &nbsp;text  ", "TSMBootstrap", "", "None"),
        ("INFO     time=2026-08-01 22:59:56, msg=text", "", "", "2026-08-01 22:59:56.000"),
        ("text", "", "", "None"),
    ],
)
def test_pasted_lines_are_read(line: str, component: str, thread: str, time: str) -> None:
    (record,) = read(line + "\n")
    assert (record.message, record.component, record.thread, str(record.when)) == ("text", component, thread, time)
    assert record.form is RecordForm.PLAIN


def test_a_heading_gives_the_component_of_the_lines_below_it() -> None:
    records = read("[CAS.log]\nfirst\n\n[DataTransferService.log]\nsecond\n")
    assert [(record.component, record.line) for record in records] == [("CAS", 2), ("DataTransferService", 5)]


def test_a_document_that_a_page_broke_into_lines_is_one_message() -> None:
    text = 'ContentLocationRequest : <ContentLocationRequest a="1"><Package\nID="A"/></ContentLocationRequest>'
    assert messages(read(f"{text}\nafter\n")) == [text.replace("\n", " "), "after"]


def test_a_document_without_an_end_does_not_swallow_the_records_after_it() -> None:
    text = "ContentLocationRequest : <ContentLocationRequest a=\n"
    assert messages(read(text + "b\n" + cmtrace("after"))) == [text.strip() + " b", "after"]


@pytest.mark.parametrize(
    ("pasted", "plain"),
    [
        (r"> \<*P04*> `x` **bold** \[y\]  ", "<*P04*> x bold [y]"),
        ("a &lt;b&gt; &amp;lt;", "a <b> &lt;"),
        (r"to 'C:\windows\ccmcache\1'", r"to 'C:\windows\ccmcache\1'"),
    ],
)
def test_what_pages_put_around_text_is_taken_away(pasted: str, plain: str) -> None:
    assert unpaste(pasted) == plain


# --- damage ---------------------------------------------------------------------------------------------------------


def test_a_truncated_record_is_kept_as_text_and_counted() -> None:
    reader = LogReader()
    records = read(cmtrace("one") + "<![LOG[cut off here\r\n" + cmtrace("two"), reader=reader)
    assert [(record.message, record.is_damaged, record.line) for record in records] == [
        ("one", False, 1),
        ("cut off here", True, 2),
        ("two", False, 3),
    ]
    assert (reader.counts.records, reader.counts.damaged) == (2, 1)


def test_two_records_run_together_are_two() -> None:
    records = read("<![LOG[first]LOG]<![LOG[second]LOG]!>" + TAIL.format("X", 1) + "\n")
    assert [(record.message, record.is_damaged) for record in records] == [("first", True), ("second", False)]


def test_a_record_that_is_cut_off_in_its_text_ends_where_the_next_one_begins() -> None:
    reader = LogReader()
    records = read("<![LOG[failed with 0x87d0" + cmtrace("second") + cmtrace("third"), reader=reader)
    assert [(record.message, record.is_damaged, record.line) for record in records] == [
        ("failed with 0x87d0", True, 1),
        ("second", False, 1),
        ("third", False, 2),
    ]
    assert (reader.counts.records, reader.counts.damaged) == (2, 1)


def test_a_record_without_attributes_keeps_its_message() -> None:
    (record,) = read("<![LOG[all of it\r\nin two lines]LOG]!>\r\n")
    assert (record.message, record.is_damaged) == ("all of it\nin two lines", True)


def test_a_record_without_an_end_does_not_grow_for_ever() -> None:
    reader = LogReader()
    kept = [record for _ in range(12) for record in reader.feed(b"<![LOG[" + b"x" * 1_000_000)]
    kept += reader.close()
    assert reader.counts.too_long >= 1
    assert max(len(record.message) for record in kept) < 6_000_000


def test_lines_between_records_are_given() -> None:
    assert messages(read(cmtrace("one") + "note of a person\r\n" + cmtrace("two"))) == [
        "one",
        "note of a person",
        "two",
    ]


def test_a_clock_that_goes_back_is_counted_with_its_first_line() -> None:
    reader = LogReader()
    later = cmtrace("b").replace("16:05:34", "16:05:30")
    read(cmtrace("a") + later + cmtrace("c") + later, reader=reader)
    assert (reader.counts.clock_went_back, reader.counts.first_back) == (2, 2)


def test_threads_that_write_a_little_out_of_order_are_no_clock_that_goes_back() -> None:
    reader = LogReader()
    read(cmtrace("a") + cmtrace("b").replace("34.123", "33.900"), reader=reader)
    assert reader.counts.clock_went_back == 0


def seconds_for(data: bytes) -> float:
    started = time.process_time()
    reader = LogReader(starts=("Distribution",), marks=("Locality",))
    for block in (data, cmtrace("end").encode()):
        for _ in reader.feed(block):
            pass
    list(reader.close())
    return time.process_time() - started


# each of these could be looked at again from every one before it
@pytest.mark.parametrize(
    "piece",
    [
        b"<![LOG[\n",
        b"<![LOG[x]LOG]<![LOG[",
        b'" type="3"',
        b"]LOG]!><time=",
        b"Locality <![LOG[",
        b"\n>>>>",
        b']LOG]!><time="a" type="3"\n',
    ],
)
@pytest.mark.parametrize("head", ["", cmtrace("x", kind=3)])
def test_a_hostile_log_takes_no_more_than_linear_work(piece: bytes, head: str) -> None:
    small, large = (seconds_for(head.encode() + piece * (size // len(piece))) for size in (100_000, 400_000))
    assert large < 10 * small + 0.2  # four times as much; sixteen times if it were quadratic


# --- the quick way --------------------------------------------------------------------------------------------------

MIXED = [cmtrace(f"nothing of interest {n}", component="Other") for n in range(40)] + [
    cmtrace("Distribution Point='http://a/b', Locality='SUBNET'"),
    cmtrace("it has Locality: '3' for mp.corp.test"),
    cmtrace("bad\r\nthing 0x87d00215", kind=3),
    cmtrace('odd " type="3" in it'),
    cmtrace("warned", kind=2),
]


@pytest.mark.parametrize("size", [None, 7, 64, 1000])
def test_the_quick_way_gives_the_wanted_records_with_their_lines(size: int | None) -> None:
    text = "".join(MIXED)
    wanted = LogReader(starts=("Distribution",), marks=("Locality",))
    every = LogReader()
    found = read(text, size=size, reader=wanted)
    all_of_them = read(text, size=size, reader=every)
    expected = [record for record in all_of_them if record.severity > Severity.INFO or "Locality" in record.message]
    assert found == expected
    assert [record.line for record in found] == [41, 42, 43, 46]
    assert wanted.counts == every.counts


def test_errors_alone_are_given_once_and_the_rest_counted() -> None:
    reader = LogReader(starts=(), quick=True)
    errors = [cmtrace(f"attempt {n} failed, error 0x8007{2000 + n % 2:04}", kind=3) for n in range(10)]
    records = read("".join([*MIXED, *errors]), reader=reader)
    assert messages(records) == [
        "bad\nthing 0x87d00215",
        "warned",
        *(("attempt 0 failed, error 0x80072000",) * 1),
        "attempt 1 failed, error 0x80072001",
    ]
    assert [(times, line) for _, times, line in reader.repeats()] == [(4, 55), (4, 56)]


def test_errors_of_one_shape_are_told_apart_by_their_code_even_unmarked() -> None:
    reader = LogReader(starts=(), quick=True)
    errors = [cmtrace(f"request 7, error {code}", kind=3) for code in (12002, 12007, 12002)]
    assert messages(read("".join(errors), reader=reader)) == ["request 7, error 12002", "request 7, error 12007"]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([f"flags 0x8, error {code}" for code in (12002, 12007, 12029)], id="0x8 is no code"),
        pytest.param([f"0x87d00215, because of 0x8007000{digit}" for digit in (5, 2, 3)], id="the second one"),
    ],
)
def test_errors_of_one_shape__each_code_in_them_counts(lines: list[str]) -> None:
    text = "".join(cmtrace(line, kind=3) for line in lines * 2)
    assert messages(read(text, reader=LogReader(starts=(), quick=True))) == lines


ODD = [
    pytest.param([cmtrace("a"), "a line between\r\n", cmtrace("b")], id="a plain line between records"),
    pytest.param([cmtrace("0x87d00215"), cmtrace('x\r\n" type="3" y')], id="a message that looks severe, after a code"),
    pytest.param([cmtrace("a <![LOG[b]LOG]!> c", kind=3), cmtrace("d")], id="a record within a message"),
    pytest.param([cmtrace("  Distribution of a"), cmtrace("Distribution")], id="blanks before what is wanted"),
    pytest.param([cmtrace("a", kind=3), cmtrace("b", kind=2, end="\n")], id="both line ends"),
]


@pytest.mark.parametrize("parts", ODD)
def test_odd_records__the_quick_way_gives_what_the_careful_one_gives(parts: list[str]) -> None:
    text = "".join([cmtrace("first"), *parts, cmtrace("last")])  # each of these two is looked at by itself
    wanted, every = LogReader(starts=("Distribution",)), LogReader()
    careful = read(text, reader=every)
    assert read(text, reader=wanted) == [
        one for one in careful if one.severity is not Severity.INFO or "Distribution" in one.message
    ]
    assert wanted.counts == every.counts
    severe = [one for one in careful if one.severity > Severity.INFO]
    assert read(text, reader=LogReader(starts=(), quick=True)) == severe


def letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def test_messages_that_are_remembered__have_a_limit_beyond_which_each_is_given() -> None:
    shapes = [f"message {letters(number)}" for number in range(5_002)]
    codes = [f"failed: 0x8{number:07}" for number in range(5_002)]
    for lines in (shapes, codes):
        text = "".join(cmtrace(line, kind=2) for line in [*lines, lines[0], lines[-1], lines[-1]])
        given = messages(read(text, reader=LogReader(starts=(), quick=True)))
        assert given == [*lines, lines[-1], lines[-1]]


def test_an_error_that_means_something_is_given_each_time() -> None:
    reader = LogReader(starts=("Post to ",))
    text = "".join(cmtrace(f"Post to http://mp{n}/x failed with 0x87d00231.", kind=3) for n in range(80))
    assert len(read(text, reader=reader)) == 80
    assert list(reader.repeats()) == []


def test_an_error_that_means_nothing_is_given_fifty_times() -> None:
    reader = LogReader(starts=("Post to ",))
    assert len(read("".join(cmtrace(f"number {n} failed", kind=3) for n in range(80)), reader=reader)) == 50
    assert list(reader.repeats()) == [("number 0 failed", 30, 80)]


# --- text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "kind", "encoding"),
    [
        (b"", TextKind.EMPTY, ""),
        (b" \r\n", TextKind.EMPTY, ""),
        (b"<![LOG[x", TextKind.LOG, ""),
        ("\ufeff<![LOG[x".encode(), TextKind.LOG, ""),
        ("<![LOG[x".encode("utf-16"), TextKind.LOG, "utf-16-le"),
        ("\ufeff<![LOG[x".encode("utf-16-be"), TextKind.LOG, "utf-16-be"),
        ("<![LOG[without a mark".encode("utf-16-le"), TextKind.LOG, "utf-16-le"),
        (b"<!DOCTYPE html><html>", TextKind.WEB_PAGE, ""),
        (b'\n<?xml version="1.0"?> <html xmlns="x">', TextKind.WEB_PAGE, ""),
        (b"\x7fELF\x02\x01\x01" + bytes(57), TextKind.BINARY, ""),
        (b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00", TextKind.BINARY, ""),
    ],
)
def test_what_a_file_is_can_be_told_from_its_head(head: bytes, kind: TextKind, encoding: str) -> None:
    text = sniff_log(head)
    assert text.kind is kind
    assert kind is not TextKind.LOG or text.encoding == encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("size", [1, 3, 4096])
def test_umlauts_survive_every_encoding_in_blocks_of_any_size(encoding: str, size: int) -> None:
    text = cmtrace("Zugriff verweigert für Müller €") * 3
    data = (("\ufeff" if encoding == "utf-16-be" else "") + text).encode(encoding)
    transcoder = Transcoder(sniff_log(data[:4096]).encoding)
    data = b"".join(transcoder.feed(data[place : place + size]) for place in range(0, len(data), size))
    assert messages(read(data + transcoder.feed(b"", final=True))) == ["Zugriff verweigert für Müller €"] * 3


def test_another_code_page_is_used_when_it_is_named() -> None:
    data = cmtrace("ошибка").encode("cp1251")
    assert messages(read(data, reader=LogReader(code_page=check_code_page("cp1251")))) == ["ошибка"]


@pytest.mark.parametrize("name", ["nonsense", "utf-16", "cp037", "", "hex"])
def test_a_code_page_in_which_a_log_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(InvalidValueError, match="code page"):
        check_code_page(name)
