"""From facts to the place that boundaries look at."""

import pytest

from cmclient.model.boundary import Connection
from cmclient.model.facts import Adapter, InterfaceAddress, Membership, NetworkFacts
from cmclient.model.names import AdSiteName
from cmclient.rules.places import find_place

HOME = InterfaceAddress("10.1.2.3", 24)


def test_place__has_the_addresses_of_every_connection() -> None:
    other = InterfaceAddress("2001:db8::1", 64)
    facts = NetworkFacts(adapters=(Adapter("a", addresses=(HOME,)), Adapter("b", addresses=(other,))))
    assert find_place(facts).addresses == (HOME, other)


@pytest.mark.rule("CF-031")
@pytest.mark.parametrize(
    ("membership", "expected"),
    [(Membership.AZURE_AD, None), (Membership.DOMAIN, "Berlin"), (Membership.UNKNOWN, "Berlin")],
)
def test_ad_site__of_a_machine_joined_to_azure_ad_alone(membership: Membership, expected: str | None) -> None:
    assert find_place(NetworkFacts(membership=membership, ad_site=AdSiteName("Berlin"))).ad_site == expected


@pytest.mark.parametrize(
    ("if_type", "description", "expected"),
    [
        (23, "WAN Miniport (PPTP)", True),
        (None, "corp pptp", True),
        (23, "WAN Miniport (IKEv2)", None),
        (None, "", None),
        (6, "PPTP test card", False),
    ],
)
def test_connection__is_pptp_only_where_that_is_said(if_type: int | None, description: str, expected: object) -> None:
    facts = NetworkFacts(adapters=(Adapter("vpn", description, if_type=if_type),))
    assert find_place(facts).connections == (Connection("vpn", description, is_pptp=expected),)  # type: ignore[arg-type]
