"""Proxies near the client, learned by messages: only when wanted, and only where they could be of use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from messageserver import written
from world import World

import cmclient
from cmclient.assemble import Run, open_locator
from cmclient.config import load_config
from cmclient.lab import Lab, built_in_description
from cmclient.model.decision import Category, Origin, Phase, Policy, Purpose, SourceKind
from cmclient.model.endpoints import Locality, ManagementPoint, Protocols, SiteKind
from cmclient.model.facts import NetworkFacts, NetworkLocation, parse_address
from cmclient.model.http import Deadline, HttpReply, HttpRequest
from cmclient.model.messages import EnumeratedMp, EnumeratedMps, LocalMps, MpCategory, MpSite, SiteLocality
from cmclient.model.names import HostName, SiteCode
from cmclient.model.questions import QuestionKind
from cmclient.ports import Cancellation
from cmclient.protocol.envelope import parse_message
from cmclient.protocol.location_answers import build_enumerate_mps_reply, build_local_mp_reply
from cmclient.protocol.location_questions import parse_location_question
from cmclient.protocol.multipart import CONTENT_TYPE
from cmclient.rules.nearby import asks_for_nearby, proxies_of, secondary_sites

P01, S01, S02 = SiteCode("P01"), SiteCode("S01"), SiteCode("S02")
PROXY = HostName("mp-s01.corp.contoso.test")


@pytest.fixture(scope="module")
def branch() -> Iterator[Lab]:
    """A client in the branch office that its site does not know yet, so that no list is sorted for it."""
    described = built_in_description()
    client = described.client._replace(address=parse_address("127.45.20.42/24"), registered=False)
    with Lab(described._replace(client=client)) as lab:
        yield lab


def locate(lab: Lab, store: Path, **settings: object) -> cmclient.Location:
    lab.journal.clear()
    config = load_config(overrides={**lab.settings(), "store": str(store), **settings})
    with open_locator(config, Run(facts=lab.client_facts())) as locator:
        return locator.locate()


@pytest.mark.rule("ML-039", "ML-040")
def test_wanted__the_proxy_of_the_branch_is_found_and_used(branch: Lab, tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    location = locate(branch, store, nearby_mps=True)
    assert location.management_point.host == PROXY
    assert location.chosen is not None
    assert (location.chosen.category, location.management_point.locality) == (Category.PROXY, Locality.CURRENT_GROUP)
    asked = [entry.what for entry in branch.journal.entries("LocationRequest")]
    assert asked == ["LocalMPLocationRequest", "EnumerateMPLocationRequest"]
    again = locate(branch, store)
    assert again.management_point.host == PROXY, "what was learned is in the stored list"


def test_not_wanted__no_message_is_sent_and_the_proxy_is_not_used(branch: Lab, tmp_path: Path) -> None:
    location = locate(branch, tmp_path / "store.sqlite3")
    assert location.management_point.host != PROXY
    assert not branch.journal.entries("CCM_POST")


def test_wanted__nobody_answers_messages__changes_nothing() -> None:
    world = World()
    mp = ManagementPoint(HostName("mp1.corp.test"), P01, protocols=Protocols.HTTP)
    world.serve(mp, [mp], {"P01": [mp]})
    location = world.locator(site_code="P01", management_points="mp1.corp.test", nearby_mps=True).locate()
    assert location.management_point.host == mp.host
    assert [attempt.purpose for attempt in location.attempts if attempt.code] == ["LocalMPLocationRequest"]
    assert {(one.rule, one.found) for one in location.sources if one.rule == "ML-039"} == {("ML-039", 0)}


class Telling(World):
    """A world in which a management point tells by message of a proxy that no list names."""

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        if request.method == "GET":
            return super().send(request, deadline, cancellation)
        received = parse_message(request.body, request.headers["Content-Type"])
        assert received.document is not None
        asked = parse_location_question(received.document)
        document = build_local_mp_reply(LocalMps((MpSite(S01, P01, SiteLocality.LOCAL),)))
        if asked.kind is QuestionKind.ENUMERATE_MPS:
            assert (asked.site, asked.category) == (S01, MpCategory.PROXY)
            proxy = ManagementPoint(PROXY, S01, protocols=Protocols.HTTP)
            document = build_enumerate_mps_reply(EnumeratedMps((EnumeratedMp(proxy),)))
        return HttpReply(200, written(document, received.header.id), {"content-type": CONTENT_TYPE})


def test_proxy_that_no_list_names__is_stored_with_the_list() -> None:
    world = Telling()
    mp = ManagementPoint(HostName("mp1.corp.test"), P01, protocols=Protocols.HTTP)
    world.serve(mp, [mp], {"P01": [mp]})
    location = world.locator(site_code="P01", management_points="mp1.corp.test", nearby_mps=True).locate()
    assert location.management_point.host == mp.host, "the proxy is not there"
    assert [one.name for one in location.decision.ranked] == [PROXY, mp.host]
    assert {candidate.mp.host for candidate in world.store.load_mp_list()} == {PROXY, mp.host}


@pytest.mark.parametrize(
    ("facts", "policy", "asks"),
    [
        (NetworkFacts(network_location=NetworkLocation.INTRANET), Policy(), True),
        (NetworkFacts(), Policy(purpose=Purpose.LOCATION), True),
        (NetworkFacts(network_location=NetworkLocation.INTERNET), Policy(), False),
        (NetworkFacts(), Policy(phase=Phase.INSTALLING), False),
        (NetworkFacts(), Policy(phase=Phase.TASK_SEQUENCE), False),
        (NetworkFacts(), Policy(purpose=Purpose.REGISTRATION), False),
    ],
)
def test_who_asks(facts: NetworkFacts, policy: Policy, asks: bool) -> None:  # noqa: FBT001
    assert asks_for_nearby(facts, policy, wish=True) is asks
    assert not asks_for_nearby(facts, policy, wish=False)


@pytest.mark.rule("ML-039", "ML-040")
def test_sites_that_are_asked_about__are_secondary_and_near__the_local_ones_first() -> None:
    def site(code: SiteCode, locality: SiteLocality, master: SiteCode | None = P01) -> MpSite:
        return MpSite(code, master, locality)

    local, remote = site(S01, SiteLocality.LOCAL), site(S02, SiteLocality.REMOTE)
    others = (
        site(P01, SiteLocality.LOCAL),
        site(SiteCode("S03"), SiteLocality.FALLBACK),
        site(SiteCode("S04"), SiteLocality.UNKNOWN),
        site(SiteCode("S05"), SiteLocality.LOCAL, None),
    )
    assert secondary_sites(LocalMps((remote, *others, local))) == ((local, S01), (remote, S02))
    many = LocalMps(tuple(site(SiteCode(f"S{n:02}"), SiteLocality.LOCAL) for n in range(20)))
    assert len(secondary_sites(many)) == 8


@pytest.mark.rule("ML-040", "MP-034")
@pytest.mark.parametrize(
    ("word", "locality"),
    [(SiteLocality.LOCAL, Locality.CURRENT_GROUP), (SiteLocality.REMOTE, Locality.NEIGHBOUR_GROUP)],
)
def test_proxies__have_the_locality_and_the_ports_that_the_site_was_given(
    word: SiteLocality, locality: Locality
) -> None:
    site = MpSite(S01, P01, word, "", 8080, 8443)
    own = ManagementPoint(PROXY, protocols=Protocols.HTTP, https_port=9443)
    found = EnumeratedMps((EnumeratedMp(own), EnumeratedMp(own._replace(site_code=S02))))
    (proxy,) = proxies_of(site, found, Origin(SourceKind.MP_LIST, "told"))
    mp = proxy.mp
    assert (mp.site_code, mp.site_kind, mp.parent_site) == (S01, SiteKind.SECONDARY, P01)
    assert (mp.locality, mp.http_port, mp.https_port) == (locality, 8080, 9443)
