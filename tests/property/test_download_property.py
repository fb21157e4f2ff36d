"""Whatever comes from a source is a value or an error of ours, and no name leaves the target."""

import os

from hypothesis import given
from hypothesis import strategies as st

from cmclient.errors import CmClientError, DownloadError, InvalidValueError, ProtocolError
from cmclient.model.decision import Reason
from cmclient.model.download import PartOrigin, RelativeName
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName
from cmclient.model.sources import ContentSource, PlannedSource, SourceAddress, SourceOrder, SourcePlan, SourceTier
from cmclient.protocol.dplisting import parse_folder_page
from cmclient.protocol.links import build_file_path, find_name
from cmclient.protocol.ranges import PartQuestion, build_range_headers, judge_part, parse_content_range
from cmclient.protocol.webdav import parse_multistatus
from cmclient.rules.leaving import Moment, Next, Standing, choose_address, find_wait, note_left

DP = Endpoint(Scheme.HTTP, HostName("dp.test"), 80)
FOLDER = "/SMS_DP_SMSPKG$/A"

names = st.text(max_size=300) | st.lists(
    st.sampled_from(["..", ".", "", "a", "CON", "x.txt", "C:", "\\", "..%2f", "\0"]), max_size=6
).map("/".join)


def is_inside(name: str) -> bool:
    return os.path.commonpath([os.path.normpath(os.path.join("/t", name)), "/t"]) == "/t"  # noqa: PTH118 - as text


@given(names)
def test_name__that_is_taken_lies_inside_the_target(name: str) -> None:
    try:
        taken = RelativeName(name)
    except InvalidValueError:
        return
    assert taken == name
    assert is_inside(taken)
    assert os.path.normpath(taken) == taken


@given(names | names.map(lambda name: f"{FOLDER}/{name}"))
def test_link__is_a_name_inside_nothing_or_refused(link: str) -> None:
    try:
        name = find_name(link, DP, FOLDER)
    except DownloadError:
        return
    assert name is None or is_inside(name)


@given(st.text(min_size=1, max_size=60))
def test_name__is_found_again_in_the_link_to_it(text: str) -> None:
    try:
        name = RelativeName(text)
    except InvalidValueError:
        return
    path = build_file_path(FOLDER, name)
    assert path.isascii()
    assert path.isprintable()
    assert find_name(path, DP, FOLDER) == name


@given(st.binary(max_size=400) | st.text(alphabet='<>a/href="= 12dir&;lt', max_size=400).map(str.encode))
def test_page__is_a_list_or_an_error_of_ours(data: bytes) -> None:
    try:
        entries = parse_folder_page(data, DP, FOLDER)
    except DownloadError:
        return
    assert all(is_inside(entry.name) for entry in entries)


XML = st.text(alphabet='<>/D:multisarephnogcl ="&;1', max_size=300).map(
    lambda text: f'<D:multistatus xmlns:D="DAV:">{text}</D:multistatus>'.encode()
)


@given(st.binary(max_size=300) | XML, st.integers(1, 50))
def test_multistatus__is_a_list_or_an_error_of_ours_however_it_is_cut(data: bytes, size: int) -> None:
    def read(pieces: list[bytes]) -> object:
        try:
            return parse_multistatus(iter(pieces))
        except (DownloadError, ProtocolError) as error:
            return type(error)

    assert read([data[at : at + size] for at in range(0, len(data), size)]) == read([data])


headers = st.dictionaries(
    st.sampled_from(["content-length", "content-range", "etag", "last-modified"]),
    st.text(max_size=30)
    | st.integers(-5, 120).map(str)
    | st.builds("bytes {}-{}/{}".format, *[st.integers(0, 120)] * 3),
)
origins = st.none() | st.builds(PartOrigin, st.sampled_from(["a", "b"]), st.integers(0, 120), st.text(max_size=4))


@given(
    st.builds(PartQuestion, st.just("a"), st.integers(0, 120), st.none() | st.integers(0, 120), origins, st.booleans()),
    st.sampled_from([200, 204, 206, 301, 404, 416, 500]),
    headers,
)
def test_part__begins_where_it_was_asked_for_or_at_the_begin(
    asked: PartQuestion, status: int, told: dict[str, str]
) -> None:
    build_range_headers(asked)
    try:
        reply = judge_part(asked, status, told)
    except DownloadError:
        return
    assert reply.offset in {0, asked.offset}
    assert asked.size in {None, reply.origin.size}
    if status == 206:
        found = parse_content_range(told["content-range"])
        assert found is not None
        assert found[:2] == (asked.offset, reply.origin.size - 1)


# --- the sources, as a machine with states -------------------------------------------------------------------------

ADDRESSES = tuple(SourceAddress(DP._replace(host=HostName(f"dp{number}")), FOLDER) for number in range(4))
plans = st.lists(
    st.tuples(st.sampled_from(ADDRESSES), st.sampled_from([0.0, 0.0, 100.0, 500.0])),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one[0],
).map(
    lambda sources: SourcePlan(
        None,
        SourceOrder.CLIENT,
        tuple(
            PlannedSource(ContentSource(SourceTier.DP_IN_GROUP, (address,)), opens, (Reason("CL-006", ""),))
            for address, opens in sorted(sources, key=lambda one: one[1])
        ),
    )
)


@given(
    plan=plans, dead=st.sets(st.sampled_from(ADDRESSES)), lying=st.sets(st.sampled_from(ADDRESSES)), waits=st.booleans()
)
def test_job__ends_with_a_source_that_works_or_when_each_was_asked_in_its_time(
    plan: SourcePlan, dead: set[SourceAddress], lying: set[SourceAddress], *, waits: bool
) -> None:
    standings: dict[SourceAddress, Standing] = {}
    now, asked = 0.0, []
    for _ in range(100):
        moment = Moment(now, now, waits)
        address = choose_address(plan, standings, {}, moment, busy={}, per_host=1)
        if address is None:
            wait = find_wait(plan, standings, moment)
            if wait is None:
                break
            now += max(wait, 0.01)
            continue
        opens = next(one.opens_after for one in plan.ranked if address in one.source.addresses)
        assert not waits or opens <= now
        assert not standings.get(address, Standing()).is_banned
        asked.append(address)
        if address not in dead | lying:
            break
        follows = Next.NEVER if address in lying else Next.LEAVE
        standings[address] = note_left(standings.get(address, Standing()), now, follows=follows)
        now += 1.0
    else:
        raise AssertionError("the job does not end")
    planned = {one.source.addresses[0] for one in plan.ranked}
    alive = planned - dead - lying
    assert (asked[-1] in alive) if alive else set(asked) == planned
    assert all(asked.count(one) == 1 for one in lying & set(asked))


@given(st.binary(max_size=200))
def test_content_range__never_raises(data: bytes) -> None:
    try:
        parse_content_range(data.decode("latin-1"))
    except CmClientError as error:
        raise AssertionError from error
