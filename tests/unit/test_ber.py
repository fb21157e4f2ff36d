"""The BER reader refuses what it cannot hold, and reads what it builds."""

import pytest

from cmclient.errors import MalformedReplyError
from cmclient.protocol.ber import Tlv, build_integer, find_message_length, read_children, read_integer, read_tlv, tlv


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 70_000])
def test_an_element_of_any_length_is_read_as_it_was_built(length: int) -> None:
    built = tlv(0x04, b"x" * length)
    element = read_tlv(built)
    assert element.tag == 0x04
    assert built[element.start : element.end] == b"x" * length
    assert element.end == len(built)
    assert find_message_length(built) == len(built)


def test_a_length_in_more_octets_than_needed_is_read() -> None:
    # Windows writes every length in four octets
    assert read_tlv(b"\x30\x84\x00\x00\x00\x02ab") == Tlv(0x30, 6, 8)


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 256, 2**31 - 1, -1, -128, -129])
def test_a_number_is_read_as_it_was_built_and_is_as_short_as_can_be(value: int) -> None:
    built = build_integer(value)
    assert read_integer(built, read_tlv(built)) == value
    assert value == 0 or not -(2 ** (8 * (len(built) - 3) - 1)) <= value < 2 ** (8 * (len(built) - 3) - 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x01",
        b"\x30\x82\x01",
        b"\x30\x80\x00\x00",
        b"\x30\x85\x00\x00\x00\x00\x01a",
        b"\x1f\x01a",
    ],
    ids=["nothing", "tag only", "cut value", "cut length", "indefinite", "five octets of length", "long tag"],
)
def test_what_is_no_element_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        read_tlv(data)


def test_an_element_may_not_reach_past_its_parent() -> None:
    data = b"\x30\x03\x04\x02ab"
    with pytest.raises(MalformedReplyError, match="past the end"):
        read_children(data, read_tlv(data))


def test_children_are_counted() -> None:
    def holding(count: int) -> bytes:
        return tlv(0x30, b"\x05\x00" * count)

    data = holding(4096)
    assert len(read_children(data, read_tlv(data))) == 4096
    data = holding(4097)
    with pytest.raises(MalformedReplyError, match="more than 4096"):
        read_children(data, read_tlv(data))


@pytest.mark.parametrize("size", [0, 9])
def test_a_number_has_one_to_eight_octets(size: int) -> None:
    data = tlv(0x02, b"\x01" * size)
    with pytest.raises(MalformedReplyError):
        read_integer(data, read_tlv(data))


def test_the_length_of_a_message_is_known_from_its_head_and_capped() -> None:
    assert find_message_length(b"") is None
    assert find_message_length(b"\x30\x82\x01") is None
    assert find_message_length(b"\x30\x82\x01\x00", cap=260) == 260
    with pytest.raises(MalformedReplyError, match="260 bytes"):
        find_message_length(b"\x30\x82\x01\x00", cap=259)
