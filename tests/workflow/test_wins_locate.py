"""A locate with a look-up in WINS that a program brings: when it is its turn, and whom it leads to."""

from collections.abc import Sequence

import pytest
from world import CERTIFICATE, ROOT_KEY, World, config

from cmclient.assemble import Run, open_ports
from cmclient.errors import CmClientError, LocateError, NameServiceTimeoutError
from cmclient.locator import Locator
from cmclient.model.decision import Location, SourceKind, SourceReport
from cmclient.model.endpoints import ManagementPoint, Protocols
from cmclient.model.http import Deadline
from cmclient.model.names import HostName, SiteCode
from cmclient.model.netbios import NetbiosName

ABC = SiteCode("ABC")
THERE = ManagementPoint(HostName("10.0.0.1"), ABC, protocols=Protocols.HTTP)
SRV = "_mssms_mp_abc._tcp.corp.test"


class Wins:
    """A look-up in WINS, scripted."""

    def __init__(self, answer: Sequence[str] | CmClientError) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def resolve(self, name: NetbiosName, deadline: Deadline) -> Sequence[str]:
        self.asked.append(str(name))
        if isinstance(self.answer, CmClientError):
            raise self.answer
        return self.answer


def locator(world: World, wins: Wins | None, **settings: object) -> Locator:
    known = {"site_code": "ABC", "trusted_root_key": ROOT_KEY.text}
    certificate = CERTIFICATE if settings.get("use_pki_cert") else None
    ports = world.ports(certificate=certificate)._replace(wins=wins)
    return Locator(config(**known | settings), **ports._asdict())


def report(sources: Sequence[SourceReport]) -> SourceReport | None:
    return next((one for one in sources if one.source is SourceKind.WINS), None)


def failed(world: World, wins: Wins | None, **settings: object) -> Location:
    with pytest.raises(LocateError) as caught:
        locator(world, wins, **settings).locate()
    return caught.value.location


@pytest.mark.rule("ML-012", "WL-002", "WL-003")
def test_wins__is_asked_after_all_else_and_its_management_point_is_used_over_http() -> None:
    world, wins = World(), Wins(["10.0.0.1"])
    world.serve(THERE, [THERE], {})
    location = locator(world, wins).locate()
    assert str(location.endpoint) == "http://10.0.0.1"
    assert wins.asked == ["MP_ABC#1A"]
    asked = [one.source for one in location.sources if one.source is not SourceKind.MP_LIST]
    assert asked[-2:] == [SourceKind.DNS, SourceKind.WINS]


@pytest.mark.rule("WL-001", "WL-002")
def test_wins__is_not_asked_where_somebody_was_found_before_nor_without_a_look_up() -> None:
    world, wins = World(), Wins(["10.0.0.9"])
    world.serve(THERE, [THERE], {})
    location = locator(world, wins, management_points=["10.0.0.1"]).locate()
    assert wins.asked == []
    passed = report(location.sources)
    assert passed is not None
    assert not passed.asked
    assert report(failed(World(), None).sources) is None


@pytest.mark.rule("WL-003")
@pytest.mark.parametrize("allowed", [True, False])
def test_wins__leads_a_client_with_pki_to_http_where_that_is_allowed_alone(allowed: bool) -> None:  # noqa: FBT001
    world, wins = World(), Wins(["10.0.0.1"])
    world.serve(THERE, [THERE], {})
    settings = {"use_pki_cert": True, "allow_http": allowed}
    if allowed:
        assert str(locator(world, wins, **settings).locate().endpoint) == "http://10.0.0.1"
    else:
        barred = report(failed(world, wins, **settings).sources)
        assert barred is not None
        assert (barred.asked, barred.rule) == (False, "WL-003")


@pytest.mark.rule("WL-004", "WL-005")
@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        pytest.param({"setup_line": "ccmsetup.exe SMSDIRECTORYLOOKUP=NOWINS"}, "WL-004", id="NOWINS"),
        pytest.param({"trusted_root_key": None}, "WL-005", id="no trusted root key"),
    ],
)
def test_wins__is_not_asked_against_the_settings_nor_without_a_root_key(settings: dict[str, object], rule: str) -> None:
    wins = Wins(["10.0.0.1"])
    barred = report(failed(World(), wins, **settings).sources)
    assert barred is not None
    assert (barred.asked, barred.rule, wins.asked) == (False, rule, [])


@pytest.mark.rule("WL-005")
def test_wins__whom_it_names_has_to_show_the_root_key_first() -> None:
    world, wins = World(), Wins(["10.0.0.1"])
    world.serve(THERE, [THERE], {})
    locator(world, wins).locate()
    assert world.contacted()[0] == "http://10.0.0.1/SMS_MP/.sms_aut?MPKEYINFORMATION"


def test_wins__that_fails_is_reported_like_any_source() -> None:
    told = report(failed(World(), Wins(NameServiceTimeoutError("no WINS server answered"))).sources)
    assert told is not None
    assert (told.asked, told.found, told.code) == (True, 0, "dns-timeout")


def test_wins__is_the_fourth_method_of_cm_2007_and_names_the_default_management_point() -> None:
    world, wins = World(), Wins(["10.0.0.1"])
    world.serve(THERE, [THERE], {})
    settings = {"profile": "cm07", "cm07_locator_point": "slp.corp.test"}
    location = locator(world, wins, **settings).locate()
    assert str(location.endpoint) == "http://10.0.0.1"
    assert location.chosen is not None
    assert location.chosen.rank == 4


def test_wins__is_handed_in_by_the_program_that_has_it() -> None:
    wins = Wins([])
    with open_ports(config(), Run(offline=True, remembers=False, wins=wins)) as ports:
        assert ports.wins is wins
    with open_ports(config(), Run(offline=True, remembers=False)) as ports:
        assert ports.wins is None
