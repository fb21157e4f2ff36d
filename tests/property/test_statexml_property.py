"""Reports: any bytes are read as one or refused, and whatever is written can be read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmclient.errors import ProtocolError
from cmclient.model.names import AdSiteName, HostName, MacAddress, SiteCode
from cmclient.model.state import (
    PARAMETER_CAP,
    ClientId,
    ClientIdentity,
    ClientVersion,
    Parameter,
    Priority,
    StateMessage,
    StateReport,
    TopicId,
)
from cmclient.protocol.statexml import ReportStyle, build_report, parse_report, write_moment

TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
GUIDS = st.uuids().map(str)
PARAMETERS = st.text(max_size=2 * PARAMETER_CAP).map(Parameter)
MESSAGES = st.builds(
    StateMessage,
    topic=st.integers(0, 99_999),
    state=st.integers(0, 99_999),
    topic_id=GUIDS.map(TopicId),
    time=TIMES,
    parameters=st.lists(PARAMETERS, max_size=16).map(tuple),
    priority=st.sampled_from(Priority),
)
SITES = st.text(min_size=1, max_size=63).map(str.strip).filter(lambda text: text != "" and text.isprintable())
MACS = st.binary(min_size=6, max_size=6).filter(any).map(lambda raw: MacAddress(raw.hex(":")))
IDENTITIES = st.builds(
    ClientIdentity,
    host=st.none()
    | st.sampled_from(["pc1.corp.test", "pc042.a.b.test", "a-very-long-name-of-a-machine.test"]).map(HostName),
    version=st.sampled_from(["5.00.9141.1000", "4.0"]).map(ClientVersion),
    client_id=st.none(),
    mac=st.none() | MACS,
    ad_site=st.none() | SITES.map(AdSiteName),
    site=st.none() | st.just(SiteCode("P01")),
    code_page=st.just(437),
    lcid=st.just(1033),
)


@given(identity=IDENTITIES, message=MESSAGES, date=TIMES, declared=st.booleans())
def test_what_is_written_can_be_read(
    identity: ClientIdentity,
    message: StateMessage,
    date: datetime,
    declared: bool,  # noqa: FBT001
) -> None:
    report = StateReport(identity, (message,), date)
    assert parse_report(build_report(report, ReportStyle(has_declaration=declared))) == report


@given(client_id=GUIDS.map(ClientId), message=MESSAGES, priority=st.sampled_from(Priority))
def test_a_client_with_an_id_tells_no_more_of_itself(
    client_id: ClientId, message: StateMessage, priority: Priority
) -> None:
    identity = ClientIdentity(
        HostName("pc1.corp.test"),
        ClientVersion("5.0"),
        client_id,
        MacAddress("00:15:5D:00:00:0A"),
        AdSiteName("Berlin"),
    )
    read = parse_report(
        build_report(StateReport(identity, (message._replace(priority=priority),), message.time), ReportStyle())
    )
    assert read.identity == ClientIdentity(HostName("pc1"), ClientVersion("5.0"), client_id)
    assert read.messages == (message._replace(priority=priority),)


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-16", "surrogatepass")))
def test_any_bytes__are_refused_cleanly(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_report(data)


@given(message=MESSAGES, data=st.data())
def test_a_report_that_was_tampered_with__is_read_or_refused_cleanly(
    message: StateMessage, data: st.DataObject
) -> None:
    identity = ClientIdentity(HostName("pc1"), ClientVersion("5.0"), site=SiteCode("P01"))
    whole = build_report(StateReport(identity, (message,), message.time), ReportStyle())
    start = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, 40))
    spoiled = whole[:start] + data.draw(st.binary(max_size=40)) + whole[start + length :]
    try:
        read = parse_report(spoiled)
    except ProtocolError:
        return
    assert all(len(one) <= PARAMETER_CAP for state in read.messages for one in state.parameters)


@given(st.text(max_size=3000))
def test_parameter__once_clean_stays_as_it_is(text: str) -> None:
    clean = Parameter(text)
    assert Parameter(clean) == clean
    assert len(clean) <= PARAMETER_CAP
    assert clean.isprintable()


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


@given(user=WORDS, password=WORDS, host=st.sampled_from(["mp1", "mp1.corp.test"]), rest=st.sampled_from(["", "/x"]))
def test_parameter__holds_no_password_of_an_address(user: str, password: str, host: str, rest: str) -> None:
    clean = Parameter(f"download of http://{user}:{password}@{host}{rest}?sig={password} failed")
    assert clean == f"download of http://{host}{rest} failed"


@given(first=TIMES, seconds=st.integers(1, 10**6))
def test_times__as_texts_sort_as_times_do(first: datetime, seconds: int) -> None:
    assert write_moment(first) < write_moment(first + timedelta(seconds=seconds))
