"""Addresses as text, a whole column at once, into numbers; only the usual form, the rest is left to others."""

from contextlib import suppress
from typing import Any

with suppress(ImportError):  # cmclient.adapters.fleet says so when it is used
    import numpy as np

__all__ = ["read_ipv4"]

_DOT, _SLASH, _ZERO = 46, 47, 48
_OCTETS, _LONGEST = 255, 32


def read_ipv4(data: Any, offsets: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401 - NumPy arrays
    """Read cells that are one IPv4 address, with or without the length of its prefix, in the form that has no other.

    Args:
        data: The bytes of all cells, one after another.
        offsets: Where each begins, and where the last one ends.

    Returns:
        The addresses; the lengths of their prefixes, -1 for none; and which cells were read: of the others, the first
        two say nothing.
    """
    data = data[offsets[0] : offsets[-1]]
    offsets = offsets.astype(np.int64) - offsets[0]
    starts, ends = offsets[:-1], offsets[1:]
    is_dot, is_slash = data == _DOT, data == _SLASH
    odd = ~(is_dot | is_slash | (data - np.uint8(_ZERO) <= 9))  # noqa: PLR2004 - below "0" wraps around to above it
    dots, slashes = np.flatnonzero(is_dot), np.flatnonzero(is_slash)
    first_dot, first_slash = np.searchsorted(dots, offsets), np.searchsorted(slashes, offsets)
    read = (np.diff(first_dot) == 3) & (np.diff(first_slash) <= 1)  # noqa: PLR2004 - a.b.c.d
    if odd.any():
        read &= np.diff(np.searchsorted(np.flatnonzero(odd), offsets)) == 0
    rows = np.flatnonzero(read)
    numbers, lengths = np.zeros(len(starts), np.int64), np.full(len(starts), -1, np.int64)
    if not len(rows):
        return numbers, lengths, read
    dot, end = first_dot[rows], ends[rows]
    has_length = np.diff(first_slash)[rows] == 1
    slash = end
    if len(slashes):
        slash = np.where(has_length, slashes[np.minimum(first_slash[rows], len(slashes) - 1)], end)
    number, good = np.zeros(len(rows), np.int64), np.ones(len(rows), bool)
    begin = starts[rows]
    for stop in (dots[dot], dots[dot + 1], dots[dot + 2], slash):
        value, is_number = _number(data, begin, stop, digits=3)
        number = number << 8 | value
        good &= is_number & (value <= _OCTETS)
        begin = stop + 1
    value, is_number = _number(data, begin, end, digits=2)
    good &= ~has_length | (is_number & (value <= _LONGEST))
    read[rows[~good]] = False
    numbers[rows] = number
    lengths[rows] = np.where(has_length & good, value, -1)
    return numbers, lengths, read


def _number(data: Any, begin: Any, end: Any, *, digits: int) -> tuple[Any, Any]:  # noqa: ANN401 - NumPy arrays
    """Numbers between two places, and which are one: of so many digits at most, without a leading zero."""
    length = end - begin
    value = np.zeros(len(begin), np.int64)
    for place in range(digits):
        digit = data[np.maximum(end - 1 - place, 0)].astype(np.int64) - _ZERO
        value += np.where(length > place, digit * 10**place, 0)
    leading = data[np.minimum(begin, len(data) - 1)] == _ZERO
    return value, (length >= 1) & (length <= digits) & ((length == 1) | ~leading)
