"""What every store does, whatever it is kept in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from cmclient.adapters.memory_store import ANSWERED_KEPT, MemoryStore, ReadOnlyStore
from cmclient.adapters.store import SqliteStore
from cmclient.model.agent import AgentStatus, Errand, NextErrand, PurposeServer
from cmclient.model.content import BoundaryGroupReference, ClientBoundaryGroups
from cmclient.model.decision import Candidate, Origin, Purpose, SourceKind, StoredAssignment
from cmclient.model.endpoints import Audience, Endpoint, Locality, ManagementPoint, Protocols, Scheme, SiteKind
from cmclient.model.facts import NetworkLocation
from cmclient.model.lease import Cycle, Lease, LeaseCandidate, LeasePhase, Period, Run
from cmclient.model.names import DnsDomain, GatewayPath, HostName, SiteCode
from cmclient.model.rootkey import KeySource, StoredRootKey
from cmclient.model.scans import ScanHistory
from cmclient.model.stored import StoredBoundaryGroups, StoredLease, StoredUpdatePoint
from cmclient.ports import Store
from cmclient.protocol.rootkeyblob import build_root_key

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    else:
        with SqliteStore(tmp_path / "state" / "store.sqlite3") as made:
            yield made


def candidate(host: str, **fields: object) -> Candidate:
    return Candidate(ManagementPoint(HostName(host))._replace(**fields), (Origin(SourceKind.MP_LIST, "mp1"),))


A, B, C = (candidate(f"{name}.corp.example") for name in "abc")
FULL = Candidate(
    ManagementPoint(
        host=HostName("mp.corp.example"),
        site_code=SiteCode("ABC"),
        site_kind=SiteKind.SECONDARY,
        parent_site=SiteCode("P01"),
        protocols=Protocols.BOTH,
        http_port=8080,
        https_port=8443,
        audience=Audience.INTRANET,
        locality=Locality.CURRENT_GROUP,
        in_current_group=True,
        forest=DnsDomain("corp.example"),
        build=9106,
        is_default=False,
        supports_devices=True,
        ssl_state=63,
        https_only_site=False,
        gateway=GatewayPath("/CCM_Proxy_MutualAuth/72057594037937937"),
    ),
    (Origin(SourceKind.DIRECTORY, "CN=SMS-MP-ABC \u00e9\ud800"), Origin(SourceKind.DNS)),
)


AT_A, AT_B = (Endpoint(Scheme.HTTPS, one.mp.host, 8443) for one in (A, B))
LEASE = Lease(
    as_of=7.125,
    phase=LeasePhase.HELD,
    candidates=(LeaseCandidate(AT_A, 0), LeaseCandidate(AT_B, 1, in_current_group=False)),
    endpoint=AT_A,
    assigned=HostName("mp.corp.example"),
    failures=(1.5, 7.0),
    spent=(AT_B,),
    network_failed=True,
    rotations=3,
    relocating=True,
    location=Period(1.0, 2.0, pending=True),
    refresh=Period(0.1, 0.1),
    cycle=Cycle((AT_B,), widened=True, errors=(1.5,)),
    run=Run(4, (AT_B,)),
)
STATUS = AgentStatus(
    pid=77,
    process_start="boot/1",
    started="2026-11-21T12:00:00+00:00",
    updated="2026-11-21T12:00:01+00:00",
    doing=Errand.PROBE,
    stopped=True,
    phase=LeasePhase.HELD,
    endpoint=AT_A,
    held_since="2026-11-21T12:00:00+00:00",
    failures=2,
    left=(AT_B,),
    assigned_site=SiteCode("ABC"),
    network_location=NetworkLocation.INTRANET,
    located_at="2026-11-21T12:00:00+00:00",
    answered_at="2026-11-21T12:00:00+00:00",
    last_error="\u00e9\ud800",
    last_error_at="2026-11-21T12:00:00+00:00",
    upcoming=NextErrand(Errand.LOCATE, "2026-11-22T13:00:00+00:00", "location"),
    servers=(PurposeServer(Purpose.REGISTRATION, HostName("mp.corp.example")), PurposeServer(Purpose.POLICY)),
)
SCANS = ScanHistory(HostName("x"), 1.5, (1.5, 2.25), 2.25, (HostName("sup0"),))
GROUPS = ClientBoundaryGroups(
    "2026-11-21T12:00:00Z", (BoundaryGroupReference("7", "guid", "1"),), on_vpn=False, connected_caches=("dp1",)
)


def test_a_new_store_is_empty(store: Store) -> None:
    assert store.load_mp_list() == ()
    assert store.load_answered() == ()
    assert store.load_assignment() is None
    assert store.load_lease() is None
    assert store.load_agent_status() is None
    assert store.load_boundary_groups() is None


def test_lease_status_and_boundary_groups_come_back_as_they_were(store: Store) -> None:
    lease, groups = StoredLease(LEASE, NOON), StoredBoundaryGroups(GROUPS, NOON)
    store.save_lease(lease)
    store.save_agent_status(STATUS)
    store.save_boundary_groups(groups)
    assert store.load_lease() == lease
    assert store.load_agent_status() == STATUS
    assert store.load_boundary_groups() == groups
    for value in (LEASE, STATUS, GROUPS):
        defaults = type(value)._field_defaults
        assert not [name for name in defaults if getattr(value, name) == defaults[name]], "such a field says nothing"


def test_of_lease_status_and_boundary_groups_the_last_one_is_kept(store: Store) -> None:
    earlier = NOON - timedelta(days=366)
    for lease, pid, groups, when in ((LEASE, 77, GROUPS, NOON), (Lease(1.0), 78, ClientBoundaryGroups(), earlier)):
        store.save_lease(StoredLease(lease, when))
        store.save_agent_status(STATUS._replace(pid=pid))
        store.save_boundary_groups(StoredBoundaryGroups(groups, when))
    assert store.load_lease() == StoredLease(Lease(1.0), earlier)
    assert store.load_agent_status() == STATUS._replace(pid=78)
    assert store.load_boundary_groups() == StoredBoundaryGroups(ClientBoundaryGroups(), earlier)


def test_a_time_of_another_zone_is_the_same_moment(store: Store) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5)))
    store.save_lease(StoredLease(LEASE, there))
    loaded = store.load_lease()
    assert loaded is not None
    assert loaded.saved_at == NOON


def test_the_list_comes_back_in_its_order(store: Store) -> None:
    store.replace_mp_list([C, A, B])
    assert store.load_mp_list() == (C, A, B)


def test_every_field_comes_back_as_it_was(store: Store) -> None:
    store.replace_mp_list([FULL])
    store.record_answer(FULL, NOON)
    (listed,), (answered,) = store.load_mp_list(), store.load_answered()
    assert listed == answered == FULL
    assert isinstance(listed.mp.host, HostName)
    assert isinstance(listed.mp.locality, Locality)
    assert None not in FULL.mp  # else the test says nothing about that field


def test_a_new_list_replaces_the_whole_old_one(store: Store) -> None:
    store.replace_mp_list([A, B, C])
    store.replace_mp_list([B])
    assert store.load_mp_list() == (B,)
    store.replace_mp_list([])
    assert store.load_mp_list() == ()


def test_a_list_may_be_given_piece_by_piece(store: Store) -> None:
    store.replace_mp_list(one for one in (A, B))
    assert store.load_mp_list() == (A, B)


def test_a_list_that_cannot_be_made_leaves_the_old_one(store: Store) -> None:
    def breaks() -> Iterator[Candidate]:
        yield B
        raise KeyError("the network broke")

    store.replace_mp_list([A])
    with pytest.raises(KeyError, match="the network broke"):
        store.replace_mp_list(breaks())
    assert store.load_mp_list() == (A,)


def test_who_answered_last_comes_first(store: Store) -> None:
    store.record_answer(A, NOON)
    store.record_answer(B, NOON + timedelta(hours=2))
    store.record_answer(C, NOON + timedelta(hours=1))
    assert store.load_answered() == (B, C, A)


def test_of_two_that_answered_at_once_the_one_recorded_last_comes_first(store: Store) -> None:
    store.record_answer(B, NOON)
    store.record_answer(A, NOON)
    assert store.load_answered() == (A, B)
    store.record_answer(B, NOON)
    assert store.load_answered() == (B, A)


def test_answers_are_ordered_by_time_not_by_its_text(store: Store) -> None:
    store.record_answer(A, NOON)
    store.record_answer(B, NOON + timedelta(microseconds=1))
    store.record_answer(C, (NOON - timedelta(hours=1)).astimezone(timezone(timedelta(hours=5))))
    assert store.load_answered() == (B, A, C)


def test_a_host_is_remembered_once_as_it_answered_last(store: Store) -> None:
    store.record_answer(A, NOON)
    store.record_answer(B, NOON + timedelta(hours=1))
    again = candidate(A.mp.host, build=9106)
    store.record_answer(again, NOON + timedelta(hours=2))
    assert store.load_answered() == (again, B)


def test_who_answered_and_who_is_listed_are_apart(store: Store) -> None:
    store.record_answer(A, NOON)
    store.replace_mp_list([B])
    assert store.load_answered() == (A,)
    assert store.load_mp_list() == (B,)


def test_only_so_many_answers_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ANSWERED_KEPT >= 1000
    for module in ("memory_store", "store"):
        monkeypatch.setattr(f"cmclient.adapters.{module}.ANSWERED_KEPT", 2)
    for hours, one in enumerate((C, A, B)):
        store.record_answer(one, NOON + timedelta(hours=hours))
    assert store.load_answered() == (B, A)


@pytest.mark.rule("CF-008")
def test_there_is_no_assignment_or_one(store: Store) -> None:
    assert store.load_assignment() is None
    store.save_assignment(StoredAssignment(SiteCode("ABC")))
    assert store.load_assignment() == StoredAssignment(SiteCode("ABC"))
    full = StoredAssignment(
        SiteCode("XYZ"), HostName("mp.corp.example"), (DnsDomain("b.example"), DnsDomain("a.example"))
    )
    store.save_assignment(full)
    assert store.load_assignment() == full


def test_a_read_only_store_reads_and_never_writes(store: Store) -> None:
    store.replace_mp_list([A])
    store.record_answer(A, NOON)
    store.save_assignment(StoredAssignment(SiteCode("ABC")))
    store.save_lease(StoredLease(LEASE, NOON))
    store.save_agent_status(STATUS)
    store.save_boundary_groups(StoredBoundaryGroups(GROUPS, NOON))
    guarded: Store = ReadOnlyStore(store)
    guarded.replace_mp_list([B])
    guarded.record_answer(B, NOON)
    guarded.save_assignment(StoredAssignment(SiteCode("XYZ")))
    guarded.save_lease(StoredLease(Lease(1.0), NOON))
    guarded.save_agent_status(STATUS._replace(pid=78))
    guarded.save_boundary_groups(StoredBoundaryGroups(ClientBoundaryGroups(), NOON))
    for one in (store, guarded):
        assert one.load_mp_list() == (A,)
        assert one.load_answered() == (A,)
        assert one.load_assignment() == StoredAssignment(SiteCode("ABC"))
        assert one.load_lease() == StoredLease(LEASE, NOON)
        assert one.load_agent_status() == STATUS
        assert one.load_boundary_groups() == StoredBoundaryGroups(GROUPS, NOON)


def test_the_update_point_in_use_is_kept_and_a_read_only_store_leaves_it(store: Store) -> None:
    assert store.load_update_point() is None
    for host in (HostName("sup1.corp.example"), HostName("sup2.corp.example")):
        store.save_update_point(StoredUpdatePoint(host))
        assert store.load_update_point() == StoredUpdatePoint(host)
    guarded: Store = ReadOnlyStore(store)
    full = StoredUpdatePoint(HostName("sup2.corp.example"), SCANS, 7.5, "2026-11-21T12:00:00+00:00")
    store.save_update_point(full)
    assert store.load_update_point() == full
    store.save_update_point(StoredUpdatePoint(HostName("sup2.corp.example")))
    guarded.save_update_point(StoredUpdatePoint(HostName("sup3.corp.example")))
    assert guarded.load_update_point() == store.load_update_point() == StoredUpdatePoint(HostName("sup2.corp.example"))


FIRST, SECOND = (
    StoredRootKey(build_root_key((1 << 2047) | odd).text, KeySource.MANAGEMENT_POINT, "mp1", NOON) for odd in (1, 3)
)


@pytest.mark.rule("TR-054")
def test_root_key__the_first_one_stays_unless_the_next_is_to_replace_it(store: Store) -> None:
    assert store.load_root_key() is None
    store.keep_root_key(FIRST, replaces=False)
    store.keep_root_key(SECOND, replaces=False)
    assert store.load_root_key() == FIRST
    store.keep_root_key(SECOND, replaces=True)
    assert store.load_root_key() == SECOND


@pytest.mark.rule("CF-011")
def test_root_key__is_kept_apart_from_all_else_and_for_the_next_run(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "store.sqlite3") as store:
        store.keep_root_key(FIRST, replaces=False)
        store.replace_mp_list(())
    with SqliteStore(tmp_path / "store.sqlite3") as store:
        assert store.load_root_key() == FIRST
    with SqliteStore(tmp_path / "other.sqlite3") as store:
        assert store.load_root_key() is None


@pytest.mark.rule("CF-040")
def test_mp_list__holds_what_a_local_mp_record_has(store: Store) -> None:
    """Capabilities, index, master site code, name, protocol, site code, version."""
    store.replace_mp_list([B, FULL, A])
    kept = store.load_mp_list()
    mp = kept[1].mp
    assert (mp.ssl_state, mp.parent_site, mp.host, mp.protocols, mp.site_code, mp.build) == (
        63,
        "P01",
        "mp.corp.example",
        Protocols.BOTH,
        "ABC",
        9106,
    )
    assert [one.mp.host for one in kept] == [B.mp.host, FULL.mp.host, A.mp.host]


@pytest.mark.rule("TR-055")
def test_root_key__can_be_forgotten(store: Store) -> None:
    store.drop_root_key()
    store.keep_root_key(FIRST, replaces=False)
    store.drop_root_key()
    assert store.load_root_key() is None


def test_root_key__a_store_for_reading_keeps_none(store: Store) -> None:
    store.keep_root_key(FIRST, replaces=False)
    reading = ReadOnlyStore(store)
    reading.keep_root_key(SECOND, replaces=True)
    reading.drop_root_key()
    assert reading.load_root_key() == store.load_root_key() == FIRST
