"""Subnets that prove no nearness."""

import pytest

from cmclient.rules.subnets import is_excluded_subnet, shared_subnets

TEREDO = "2001:0:5ef5:79fb::"


@pytest.mark.rule("BG-057")
@pytest.mark.parametrize(
    ("network", "patterns", "excluded"),
    [
        pytest.param(TEREDO, None, True, id="Teredo, by default"),
        pytest.param("2001::", None, True, id="Teredo, all of it"),
        pytest.param("2001:1::", None, False, id="the next prefix"),
        pytest.param("2001:db8::", None, False, id="one that begins alike"),
        pytest.param("10.1.2.0", None, False, id="IPv4"),
        pytest.param("10.1.2.0", ["2001:0000:%", " 10.1.% "], True, id="one of several, with blanks around it"),
        pytest.param("110.1.2.0", ["10.1.%"], False, id="from the beginning on"),
        pytest.param("10.1.2.0", ["10.1.2"], False, id="to the end"),
        pytest.param("10x1.2.0", ["10.1.%"], False, id="no network id"),
        pytest.param("2001:db8::", ["%:0DB8:%"], True, id="anything on both sides, in capitals"),
        pytest.param(TEREDO, [], False, id="nothing is excluded"),
    ],
)
def test_subnet__is_excluded_by_patterns(network: str, patterns: list[str] | None, excluded: bool) -> None:  # noqa: FBT001
    given = () if patterns is None else (patterns,)
    assert is_excluded_subnet(network, *given) is excluded


@pytest.mark.rule("BG-057")
def test_subnets_in_common__are_those_that_are_not_excluded() -> None:
    mine, others = [TEREDO, "10.1.2.0", None, "10.9.9.0"], ["10.1.2.0", TEREDO, None]
    assert shared_subnets(mine, others) == {"10.1.2.0"}
    assert shared_subnets(mine, others, []) == {"10.1.2.0", TEREDO}
