"""Software update, state migration and fallback status points: who is used, and why each other one is not."""

import pytest

from cmclient.cli.locate import ROLES
from cmclient.model.boundary import Boundary, BoundaryKind
from cmclient.model.decision import Reason
from cmclient.model.facts import ClientKind, NetworkFacts, NetworkLocation
from cmclient.model.groups import BoundaryGroup, FallbackTimes, Relationship, Role, SiteData, SiteServer
from cmclient.model.names import HostName, SiteCode
from cmclient.model.roles import RoleDecision, RoleOrigin, RoleServer, SiteRole
from cmclient.model.scans import ScanHistory
from cmclient.rules.choose import SeededChooser
from cmclient.rules.fsp import FspNames, find_reporting
from cmclient.rules.migration_point_choice import judge_migration_points
from cmclient.rules.pools import PoolEntry
from cmclient.rules.software_update_points import update_point_pool
from cmclient.rules.status_point_choice import judge_status_points, named_status_points
from cmclient.rules.uncontacted import UNCONTACTED_ROLES, explain_uncontacted
from cmclient.rules.update_point_choice import judge_update_points

ABC = SiteCode("ABC")
A, B, C, GATEWAY = (HostName(f"{name}.corp.test") for name in ("a", "b", "c", "cmg"))
SUP, SMP, CMG = Role.SOFTWARE_UPDATE_POINT, Role.STATE_MIGRATION_POINT, Role.CLOUD_MANAGEMENT_GATEWAY
DATA = SiteData(
    boundaries=(Boundary("desks", BoundaryKind.IP_RANGE, "10.1.2.1-10.1.2.9"),),
    groups=(
        BoundaryGroup(
            "here",
            "here",
            boundaries=("desks",),
            servers=(A, GATEWAY),
            relationships=(Relationship("there", FallbackTimes(sup=30)),),
        ),
        BoundaryGroup("there", "there", servers=(B,)),
    ),
    servers=(
        SiteServer(A, frozenset({SUP, SMP})),
        SiteServer(B, frozenset({SUP, SMP})),
        SiteServer(C, frozenset({SUP})),
        SiteServer(GATEWAY, frozenset({CMG})),
    ),
)
HERE = DATA.groups[:1]
DATA_SAYS = (RoleOrigin.SITE_DATA,)
SERVERS = tuple(
    RoleServer(one.host, DATA_SAYS, is_gateway=CMG in one.roles) for one in DATA.servers if one.host != GATEWAY
)


def judge(
    *servers: RoleServer,
    in_use: HostName | None = None,
    history: ScanHistory | None = None,
    now: float = 0.0,
    location: NetworkLocation = NetworkLocation.INTRANET,
    prefer_cloud: bool = False,
    build: int = 9141,
    pool: tuple[PoolEntry, ...] | None = None,
) -> RoleDecision:
    decision, _ = judge_update_points(
        servers or SERVERS,
        update_point_pool(DATA, HERE, assigned_site=ABC, build=build) if pool is None else pool,
        history=history or ScanHistory(in_use),
        now=now,
        location=location,
        prefer_cloud=prefer_cloud,
        build=build,
        chooser=SeededChooser(1),
    )
    return decision


def told(decision: RoleDecision) -> dict[str, tuple[str, ...]]:
    """The rules of every verdict; those of the rejected behind a minus."""
    ranked = {one.name.partition(".")[0]: one.rules for one in decision.ranked}
    return ranked | {f"-{one.name.partition('.')[0]}": one.rules for one in decision.rejected}


# --- software update points ---------------------------------------------------------------------------------------


@pytest.mark.rule("SU-008", "SU-005", "BG-006")
def test_update_point__of_the_own_group_now__a_neighbours_later__any_other_never() -> None:
    decision = judge()
    assert told(decision) == {"a": ("BG-007",), "-b": ("SU-005",), "-c": ("BG-006",)}
    assert "joins 120 minutes" in decision.rejected[0].reasons[0].text


@pytest.mark.rule("SU-001")
@pytest.mark.parametrize(
    ("in_use", "said", "note"),
    [
        (A, {"a": ("BG-007", "SU-001"), "-b": ("SU-005",), "-c": ("BG-006",)}, ""),
        (C, {"c": ("SU-001",), "a": ("BG-007",), "-b": ("SU-005",)}, ""),
        (HostName("gone.corp.test"), {"a": ("BG-007",), "-b": ("SU-005",), "-c": ("BG-006",)}, "not named any more"),
    ],
    ids=["of the own group", "of no group", "that nobody names"],
)
def test_update_point_in_use__is_kept_while_it_is_named(
    in_use: HostName, said: dict[str, tuple[str, ...]], note: str
) -> None:
    decision = judge(in_use=in_use)
    assert told(decision) == said
    assert next(iter(told(decision))) == next(iter(said))
    assert note in " ".join(decision.notes)
    assert bool(decision.notes) is bool(note)


@pytest.mark.rule("SU-015", "SU-014")
@pytest.mark.parametrize(
    ("build", "prefer_cloud", "order"),
    [
        (9141, True, ["cmg", "a"]),
        (9040, True, None),
        (8968, True, ["a"]),
    ],
    ids=["2509: cloud first", "2010: in any order", "2002: no gateway"],
)
def test_gateway__is_a_way_to_scan(build: int, prefer_cloud: bool, order: list[str] | None) -> None:  # noqa: FBT001
    gateway = RoleServer(GATEWAY, DATA_SAYS, is_gateway=True)
    decision = judge(*SERVERS, gateway, build=build, prefer_cloud=prefer_cloud)
    ranked = [one.name.partition(".")[0] for one in decision.ranked]
    assert ranked == order if order else sorted(ranked) == ["a", "cmg"]
    assert bool(decision.notes) is ("cmg" in ranked)
    assert build != 8968 or told(decision)["-cmg"] == ("SU-015",)


@pytest.mark.rule("NET-024", "SU-001")
@pytest.mark.parametrize("in_use", [None, A], ids=["new", "uses another one at home"])
def test_on_the_internet__only_what_faces_it(in_use: HostName | None) -> None:
    gateway = RoleServer(GATEWAY, DATA_SAYS, is_gateway=True)
    decision = judge(*SERVERS, gateway, location=NetworkLocation.INTERNET, in_use=in_use)
    assert told(decision) == {"cmg": ("NET-024",), "-a": ("NET-024",), "-b": ("NET-024",), "-c": ("NET-024",)}
    without = judge(location=NetworkLocation.INTERNET, in_use=in_use)
    assert next(iter(told(without))) == "a"


# --- state migration points ---------------------------------------------------------------------------------------


@pytest.mark.rule("BG-023", "SU-020", "SU-021")
def test_migration_point__of_the_current_group_and_no_other() -> None:
    def judged(groups: tuple[BoundaryGroup, ...]) -> RoleDecision:
        return judge_migration_points(DATA, groups, assigned_site=ABC, chooser=SeededChooser(1))

    decision = judged(HERE)
    assert told(decision) == {"a": ("BG-007",), "-b": ("BG-023",)}
    assert told(judged(DATA.groups[1:])) == {"b": ("BG-007",), "-a": ("BG-023",)}
    assert told(judged(())) == {"-a": ("BG-023",), "-b": ("BG-023",)}
    assert "80 or 443, and on 445" in decision.notes[0]


# --- fallback status points ---------------------------------------------------------------------------------------

GIVEN, INSTALLED, PUBLISHED = (HostName(f"{name}.corp.test") for name in ("given", "installed", "published"))


@pytest.mark.rule("FS-007", "FS-008")
@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            FspNames(given=GIVEN, published=PUBLISHED),
            {"given": ("FS-007",), "-installed": ("FS-008",), "-published": ("FS-008",)},
        ),
        (FspNames(published=PUBLISHED), {"installed": ("FS-007",), "-published": ("FS-008",)}),
        (FspNames(given=INSTALLED), {"installed": ("FS-007",)}),
    ],
    ids=["a setting", "the installed client", "both name the same"],
)
def test_status_point__the_strongest_word_counts_and_there_is_one(
    names: FspNames, said: dict[str, tuple[str, ...]]
) -> None:
    facts = NetworkFacts(fsp=INSTALLED)
    reporting = find_reporting(facts, names, wish=True, what_if=False)
    decision = judge_status_points(reporting, named_status_points(facts, names), facts, chooser=SeededChooser(1))
    assert told(decision) == said
    assert str(decision.ranked[0].endpoint).startswith("http://")


@pytest.mark.rule("FS-002", "FS-006")
@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (NetworkFacts(client_kind=ClientKind.MAC), {"-given": ("FS-002",), "-published": ("FS-002",)}),
        (
            NetworkFacts(network_location=NetworkLocation.INTERNET),
            {"given": ("FS-006",), "-published": ("FS-006",)},
        ),
    ],
    ids=["a Mac has none", "on the internet"],
)
def test_status_point__by_client_and_place(facts: NetworkFacts, said: dict[str, tuple[str, ...]]) -> None:
    names = FspNames(given=GIVEN, published=PUBLISHED)
    reporting = find_reporting(facts, names, wish=True, what_if=False)
    decision = judge_status_points(reporting, named_status_points(facts, names), facts, chooser=SeededChooser(1))
    assert told(decision) == said


# --- roles that nobody contacts -----------------------------------------------------------------------------------


@pytest.mark.rule("RP-001", "RP-008", "RP-009")
def test_roles_that_no_client_contacts__are_explained_and_others_are_not() -> None:
    by_rule = {role: reason.rule for role, reason in UNCONTACTED_ROLES.items() if reason.rule}
    assert by_rule == {
        "rsp": "RP-001",
        "cmg-connection-point": "RP-008",
        "enrollment-point": "RP-009",
    }
    assert isinstance(explain_uncontacted("rsp"), Reason)
    assert explain_uncontacted("sup") is None


def test_every_role_of_the_command_line__is_located_or_explained() -> None:
    located = {"mp", *(role.value for role in SiteRole)}
    assert set(ROLES) == located | set(UNCONTACTED_ROLES)
    assert not located & set(UNCONTACTED_ROLES)
