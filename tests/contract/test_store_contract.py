"""What every store does, whatever it is kept in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from cmclient.adapters.memory_store import ANSWERED_KEPT, MemoryStore, ReadOnlyStore
from cmclient.adapters.store import SqliteStore
from cmclient.model.decision import Candidate, Origin, SourceKind, StoredAssignment
from cmclient.model.endpoints import Audience, Locality, ManagementPoint, Protocols, SiteKind
from cmclient.model.names import DnsDomain, HostName, SiteCode
from cmclient.ports import Store

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
    ),
    (Origin(SourceKind.DIRECTORY, "CN=SMS-MP-ABC \u00e9\ud800"), Origin(SourceKind.DNS)),
)


def test_a_new_store_is_empty(store: Store) -> None:
    assert store.load_mp_list() == ()
    assert store.load_answered() == ()
    assert store.load_assignment() is None


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
    guarded: Store = ReadOnlyStore(store)
    guarded.replace_mp_list([B])
    guarded.record_answer(B, NOON)
    guarded.save_assignment(StoredAssignment(SiteCode("XYZ")))
    for one in (store, guarded):
        assert one.load_mp_list() == (A,)
        assert one.load_answered() == (A,)
        assert one.load_assignment() == StoredAssignment(SiteCode("ABC"))
