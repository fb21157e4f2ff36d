"""What a doctor says of what it saw: each finding on one side of its border, none on the other."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from cmclient.model.certificates import CertificateEvaluation, CertificateSelection, HeldCertificate, ServerCertificate
from cmclient.model.checkup import (
    Area,
    Check,
    Checkup,
    ClockSample,
    ControllerProbe,
    Level,
    Lookup,
    Probe,
    StoreState,
    Sureness,
)
from cmclient.model.decision import (
    Candidate,
    Decision,
    Origin,
    Policy,
    Reason,
    SourceKind,
    SourceReport,
    Unreadable,
)
from cmclient.model.directory import PublishedSite
from cmclient.model.endpoints import Endpoint, ManagementPoint, Protocols, Scheme
from cmclient.model.facts import NetworkFacts, NetworkLocation
from cmclient.model.names import HostName, SiteCode
from cmclient.protocol.checkupjson import build_checkup
from cmclient.protocol.clocktexts import parse_directory_time, parse_http_date
from cmclient.rules.checkup_certificates import judge_client_certificate
from cmclient.rules.checkup_choice import judge_choice
from cmclient.rules.checkup_clock import judge_clocks
from cmclient.rules.checkup_directory import do_names_work, judge_controllers, judge_names, judge_published
from cmclient.rules.checkup_servers import judge_servers, sentence
from cmclient.rules.checkup_settings import SettingsSeen, judge_settings
from cmclient.rules.checkup_store import judge_store
from cmclient.rules.choose import SeededChooser
from cmclient.rules.select import select_management_point

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MP1 = Endpoint(Scheme.HTTPS, HostName("mp1.corp.test"), 443)
MP2 = Endpoint(Scheme.HTTP, HostName("mp2.corp.test"), 80)
DC1 = HostName("dc1.corp.test")
MIB = 1024 * 1024


def found(checks: Iterable[Check]) -> list[tuple[str, Level]]:
    return [(one.code, one.level) for one in checks if one.is_finding]


# --- clock ---


def sample(host: str, ahead: float, *, proven: bool = True) -> ClockSample:
    return ClockSample(HostName(host), ahead, proven)


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        ("check the clock", "Check the clock."),
        ("See IIS.", "See IIS."),
        ("Is it revoked?", "Is it revoked?"),
        ("", ""),
    ],
)
def test_what_to_do_is_a_whole_sentence(hint: str, said: str) -> None:
    assert sentence(hint) == said


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (0.0, []),
        (60.0, []),
        (61.0, [("clock-off", Level.WARN)]),
        (-300.0, [("clock-off", Level.WARN)]),
        (-301.0, [("clock-skew", Level.ERROR)]),
        (301.0, [("clock-skew", Level.ERROR)]),
    ],
)
def test_clock__five_minutes_are_the_border(ahead: float, expected: list[tuple[str, Level]]) -> None:
    assert found(judge_clocks([sample("a", ahead), sample("b", ahead)])) == expected


def test_clock__says_on_which_side_it_is_wrong() -> None:
    (late,) = judge_clocks([sample("a", 600)])
    (early,) = judge_clocks([sample("a", -600)])
    assert "10 min 0 s behind the right time" in late.what
    assert "10 min 0 s ahead of the right time" in early.what


def test_clock__one_server_alone_is_less_sure_than_two() -> None:
    assert next(judge_clocks([sample("a", 600)])).sure is Sureness.LIKELY
    assert next(judge_clocks([sample("a", 600), sample("b", 610)])).sure is Sureness.CERTAIN


def test_clock__a_server_that_is_far_from_the_others_is_wrong_itself() -> None:
    checks = list(judge_clocks([sample("a", 0), sample("b", 1), sample("c", 4000)]))
    assert [(one.code, one.about) for one in checks] == [("fine", ""), ("server-clock", "c")]


def test_clock__what_could_be_altered_does_not_count_beside_what_could_not() -> None:
    checks = judge_clocks([sample("a", 0), sample("b", 900, proven=False), sample("c", 900, proven=False)])
    assert next(checks).code == "fine"
    assert next(judge_clocks([])).level is Level.SKIPPED


# --- store ---

STORE = StoreState("/s", exists=True, writable=True, free=100 * MIB, version=5, newest=5)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (STORE, []),
        (STORE._replace(exists=False, version=None), []),
        (STORE._replace(version=6), [("store-newer", Level.ERROR)]),
        (STORE._replace(version=4), []),
        (STORE._replace(problem="no", damaged=True), [("store-damaged", Level.WARN)]),
        (STORE._replace(problem="no"), [("store-unreadable", Level.ERROR)]),
        (STORE._replace(writable=False), [("store-read-only", Level.WARN)]),
        (STORE._replace(free=50 * MIB), []),
        (STORE._replace(free=50 * MIB - 1), [("disk-full", Level.WARN)]),
        (STORE._replace(free=MIB - 1), [("disk-full", Level.ERROR)]),
        (STORE._replace(free=None), []),
    ],
)
def test_store(state: StoreState, expected: list[tuple[str, Level]]) -> None:
    assert found(judge_store(state)) == expected


# --- client certificate ---


def selection(*, days: float = 100, warnings: tuple[str, ...] = (), chosen: bool = True) -> CertificateSelection:
    held = HeldCertificate("pc1.pem", subject="CN=pc1", not_after=NOW + timedelta(days=days), warnings=warnings)
    one = CertificateEvaluation(held, chosen, (Reason("TR-001", "it has ended"),))
    why = Reason("TR-001", "it is the only one that fits")
    return CertificateSelection(held if chosen else None, (one,) if chosen else (), () if chosen else (one,), why)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (selection(), []),
        (selection(days=30.1), []),
        (selection(days=30), [("ends-soon", Level.WARN)]),
        (selection(chosen=False), [("none-fits", Level.ERROR)]),
        (selection(warnings=("anybody can read the key",)), [("exposed", Level.WARN)]),
        (None, [("no-certificate", Level.ERROR)]),
    ],
)
def test_client_certificate(seen: CertificateSelection | None, expected: list[tuple[str, Level]]) -> None:
    assert found(judge_client_certificate(seen, NOW, wanted=True)) == expected
    assert found(judge_client_certificate(seen, NOW, wanted=False)) == []


def test_client_certificate__that_cannot_be_shown() -> None:
    assert found(judge_client_certificate(selection(), NOW, wanted=True, problem="its key is elsewhere")) == [
        ("cannot-be-shown", Level.ERROR)
    ]


# --- servers ---


def test_server__that_fails_beside_one_that_answers_is_a_warning() -> None:
    good, bad = Probe(MP1, "a list"), Probe(MP2, "", "connect", f"{MP2}: no connection: refused")
    assert found(judge_servers(Area.MANAGEMENT_POINT, [good, bad], NOW)) == [("connect", Level.WARN)]
    (alone,) = judge_servers(Area.MANAGEMENT_POINT, [bad], NOW)
    assert (alone.level, alone.about, alone.what) == (Level.ERROR, str(MP2), "no connection: refused")


@pytest.mark.parametrize(("days", "expected"), [(31, []), (30, [("certificate-ends-soon", Level.WARN)])])
def test_server__certificate_that_is_about_to_end(days: int, expected: list[tuple[str, Level]]) -> None:
    ends = (NOW + timedelta(days=days)).isoformat()
    probe = Probe(MP1, "a list", certificate=ServerCertificate(not_after=ends))
    assert found(judge_servers(Area.MANAGEMENT_POINT, [probe], NOW)) == expected


@pytest.mark.parametrize("code", ["name-resolution", "timeout"])
def test_server__is_not_blamed_for_a_dns_that_is_silent(code: str) -> None:
    probe = Probe(MP1, "", code, "why")
    assert found(judge_servers(Area.MANAGEMENT_POINT, [probe], NOW, names_work=False)) == []
    assert found(judge_servers(Area.MANAGEMENT_POINT, [probe], NOW)) == [(code, Level.ERROR)]


def test_server__that_there_was_no_time_for_is_no_finding() -> None:
    (check,) = judge_servers(Area.MANAGEMENT_POINT, [Probe(MP1, "", "not-asked", "the time was up")], NOW)
    assert (check.level, check.what) == (Level.SKIPPED, "the time was up")


@pytest.mark.parametrize(
    ("probe", "sure"),
    [
        (Probe(MP1, "", "http-status", "", status=403), Sureness.LIKELY),
        (Probe(MP1, "", "http-status", "", status=503), Sureness.CERTAIN),
        (Probe(MP1, "", "server-certificate", "", reason="expired"), Sureness.CERTAIN),
        (Probe(MP1, "", "server-certificate", "", reason="crl-unreachable"), Sureness.CANNOT_TELL),
        (Probe(MP1, "", "one-that-nobody-knows", ""), Sureness.CANNOT_TELL),
    ],
)
def test_server__how_sure_the_cause_is(probe: Probe, sure: Sureness) -> None:
    (check,) = judge_servers(Area.MANAGEMENT_POINT, [probe], NOW)
    assert check.sure is sure


# --- names and directory ---


def test_names__a_silent_dns_is_said_once() -> None:
    silent = Lookup("_a", "a", code="dns-timeout", detail="nobody answered")
    assert not do_names_work([silent])
    assert found(judge_names([silent, silent])) == [("dns-timeout", Level.ERROR)]
    assert do_names_work([silent, Lookup("_b", "b", 1)])
    assert found(judge_names([silent, Lookup("_b", "b", 1)])) == [("dns-timeout", Level.WARN)]
    assert found(judge_names([Lookup("_b", "b", 0)])) == [("no-record", Level.ERROR)]
    assert do_names_work([])


GOOD = ControllerProbe(DC1, 389, ("10.0.0.1",))


@pytest.mark.parametrize(
    ("probes", "expected"),
    [
        ([GOOD], []),
        ([GOOD._replace(addresses=())], [("no-address", Level.ERROR)]),
        ([GOOD._replace(ping="silence")], [("no-ping", Level.ERROR)]),
        ([GOOD._replace(ping="silence", code="directory-timeout")], [("directory-timeout", Level.ERROR)]),
        ([GOOD, GOOD._replace(code="directory-trust")], [("directory-trust", Level.WARN)]),
        ([], []),
    ],
)
def test_controllers(probes: list[ControllerProbe], expected: list[tuple[str, Level]]) -> None:
    assert found(judge_controllers(probes)) == expected


P01 = SiteCode("P01")
READ = SourceReport(SourceKind.DIRECTORY, asked=True, found=2, rule="ML-006", detail="global catalog dc1")


@pytest.mark.parametrize(
    ("report", "sites", "works", "code"),
    [
        (READ, [PublishedSite(P01)], True, "fine"),
        (READ, [PublishedSite(SiteCode("X02"))], True, "site-not-published"),
        (READ._replace(found=0), [PublishedSite(P01)], True, "nothing-published"),
        (READ._replace(code="directory-refused"), None, True, "directory-refused"),
        (READ._replace(asked=False), None, True, "not-checked"),
        (READ._replace(code="directory-refused"), None, False, None),
        (None, None, True, None),
    ],
)
def test_published_site(
    report: SourceReport | None,
    sites: list[PublishedSite] | None,
    works: bool,  # noqa: FBT001 - a parameter of the test
    code: str | None,
) -> None:
    check = judge_published(report, sites, P01, works=works)
    assert (None if check is None else check.code) == code


# --- settings ---

SECURE = (ManagementPoint(HostName("mp1.corp.test"), protocols=Protocols.HTTPS),)


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (SettingsSeen(), None),
        (SettingsSeen(allow_http=False), "no-protocol"),
        (SettingsSeen(allow_http=False, use_pki_cert=True), None),
        (SettingsSeen(http_port=443), "same-port"),
        (SettingsSeen(always_internet=True), "no-internet-server"),
        (SettingsSeen(always_internet=True, has_internet_server=True), None),
        (
            SettingsSeen(always_internet=True, has_internet_server=True, network_location=NetworkLocation.INTRANET),
            "two-places",
        ),
        (SettingsSeen(management_points=SECURE), "https-left-out"),
        (SettingsSeen(management_points=SECURE, use_pki_cert=True), None),
        (SettingsSeen(management_points=SECURE, use_pki_cert=True, allowed_mps=(DC1,)), "none-allowed"),
        (SettingsSeen(management_points=SECURE, use_pki_cert=True, allowed_mps=(SECURE[0].host,)), None),
        (SettingsSeen(has_dns_suffix=True), "no-site-for-dns"),
        (SettingsSeen(has_dns_suffix=True, has_site_code=True), None),
        (SettingsSeen(fsp=DC1, report=False), "fsp-never-told"),
        (SettingsSeen(fsp=DC1), None),
        (SettingsSeen(connect_timeout=30), "no-time-left"),
        (SettingsSeen(connect_timeout=29), None),
    ],
)
def test_settings__that_contradict_each_other(seen: SettingsSeen, code: str | None) -> None:
    assert [one.code for one in judge_settings(seen)] == ["fine" if code is None else code]


# --- the rest ---


def test_document__counts_and_says_everything() -> None:
    bad = Check(Area.CLOCK, "", Level.ERROR, "clock-skew", "it is late", Sureness.LIKELY, "set it")
    document = build_checkup(Checkup(NOW, 1.23456, (bad,)))
    assert document == {
        "schema": "cmclient.doctor/1",
        "time": "2026-11-21T12:00:00+00:00",
        "seconds": 1.235,
        "healthy": False,
        "counts": {"ok": 0, "warn": 0, "error": 1, "skipped": 0},
        "checks": [
            {
                "area": "clock",
                "about": "",
                "level": "error",
                "code": "clock-skew",
                "what": "it is late",
                "sure": "likely",
                "do": "set it",
            }
        ],
    }


@pytest.mark.parametrize("text", ["", "yesterday", "Sat, 21 Nov 2026 12:00:00", "Sat, 99 Nov 2026 12:00:00 GMT"])
def test_http_date__that_is_none(text: str) -> None:
    assert parse_http_date(text) is None


def test_times_of_servers() -> None:
    assert parse_http_date("Sat, 21 Nov 2026 12:00:00 GMT") == NOW
    assert parse_directory_time(b"20261121120000.0Z") == NOW
    assert parse_directory_time(b"20261121120000Z") == NOW
    assert parse_directory_time(b"20261199120000Z") is None
    assert parse_directory_time(b"\xff" * 2000) is None


# --- the choice of management points ---


def choice(*mps: ManagementPoint, unreadable: tuple[Unreadable, ...] = ()) -> Decision:
    origin = Origin(SourceKind.INSTALLATION, "settings")
    facts, policy = NetworkFacts(host=HostName("pc1.corp.test")), Policy()
    candidates = [Candidate(mp, (origin,)) for mp in mps]
    return select_management_point(candidates, facts, policy, chooser=SeededChooser(1), unreadable=unreadable)


def test_choice__nobody_was_found__says_what_each_source_gave() -> None:
    nothing = SourceReport(SourceKind.DNS, asked=False, found=0, rule="CF-003", detail="its site is not known")
    (check,) = judge_choice(choice(), [nothing], sources_work=True)
    assert (check.code, check.level) == ("none-found", Level.ERROR)
    assert "dns: its site is not known" in check.what
    (skipped,) = judge_choice(choice(), [nothing], sources_work=False)
    assert skipped.level is Level.SKIPPED


def test_choice__nobody_is_eligible() -> None:
    secure = ManagementPoint(HostName("mp1.corp.test"), protocols=Protocols.HTTPS)
    assert found(judge_choice(choice(secure), [], sources_work=True)) == [("none-eligible", Level.ERROR)]
    plain = ManagementPoint(HostName("mp2.corp.test"), protocols=Protocols.HTTP)
    both = list(judge_choice(choice(secure, plain), [], sources_work=True))
    assert [(one.about, one.level) for one in both] == [("mp1.corp.test", Level.SKIPPED)]


@pytest.mark.parametrize(
    ("source", "told"), [(SourceKind.DIRECTORY, "may read the whole entry"), (SourceKind.DNS, "Correct the entry")]
)
def test_choice__an_entry_that_cannot_be_read__is_told_once(source: SourceKind, told: str) -> None:
    broken = Unreadable("SMS-MP-ABC-MP4", Origin(source, "where it stands"), "it has no name", "AD-010")
    plain = ManagementPoint(HostName("mp2.corp.test"), protocols=Protocols.HTTP)
    (check,) = judge_choice(choice(plain, unreadable=(broken,)), [], sources_work=True)
    assert (check.about, check.code, check.level) == ("SMS-MP-ABC-MP4", "unreadable-entry", Level.WARN)
    assert told in check.do
