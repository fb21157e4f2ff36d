"""Subnets that prove no nearness: clients far from each other share them."""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from ..model.rule import decides

__all__ = ["EXCLUDED_SUBNETS", "is_excluded_subnet", "shared_subnets"]

EXCLUDED_SUBNETS = ("2001:0000:%",)
"""What a site excludes unless it was told otherwise: Teredo tunnels (BG-057)."""


@decides("BG-057")
def is_excluded_subnet(network: str, patterns: Iterable[str] = EXCLUDED_SUBNETS) -> bool:
    """Whether a network id is left out where two machines are compared by their subnets.

    Args:
        network: The network id, such as ``10.1.2.0`` or ``2001:0:5ef5::``.
        patterns: Network ids in which ``%`` stands for anything; IPv6 in four digits a group, any case.

    Returns:
        False for what is no network id, too.
    """
    try:
        address = ip_address(network)
    except ValueError:
        return False
    text = address.exploded if isinstance(address, IPv6Address) else str(address)
    return any(_fits(pattern, text) for pattern in patterns)


def shared_subnets(
    mine: Iterable[str | None], others: Iterable[str | None], patterns: Iterable[str] = EXCLUDED_SUBNETS
) -> set[str]:
    """The network ids that both have, without those that are excluded; None counts for nothing."""
    excluded = tuple(patterns)
    both = {one for one in mine if one is not None}.intersection(others)
    return {one for one in both if not is_excluded_subnet(one, excluded)}


def _fits(pattern: str, text: str) -> bool:
    parts = (re.escape(part) for part in pattern.strip().split("%"))
    return re.fullmatch(".*".join(parts), text, re.IGNORECASE) is not None
