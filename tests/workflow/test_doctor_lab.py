"""A doctor in the lab: each thing that is put out of order gives the finding that names it, and no other."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cmclient.adapters.clock import monotonic
from cmclient.adapters.store_health import look_at_store
from cmclient.assemble import Run, open_ports, store_path
from cmclient.assemble_doctor import open_doctor
from cmclient.config import load_config
from cmclient.doctor import Doctor
from cmclient.doctor_probes import Instruments
from cmclient.lab import Lab, built_in_description, parse_fault
from cmclient.model.checkup import Area, Check, Checkup, Level, Sureness
from cmclient.model.content import ContentId, ContentReference
from cmclient.model.endpoints import Endpoint
from cmclient.model.facts import Membership
from cmclient.model.http import Deadline, HttpReply, HttpRequest
from cmclient.ports import Cancellation, Transport
from cmclient.protocol.checkupjson import build_checkup

MP, DP, FSP, AD, DNS = (
    Area.MANAGEMENT_POINT,
    Area.DISTRIBUTION_POINT,
    Area.FALLBACK_STATUS_POINT,
    Area.DIRECTORY,
    Area.NAMES,
)
ALL = {"mp1.corp.contoso.test", "mp2.corp.contoso.test", "mp3.corp.contoso.test", "mp4.outside.test"}
SECURE = {"mp2.corp.contoso.test", "mp5.partner.test"}
DC1, DP1, FSP1 = {"dc1.corp.contoso.test"}, {"dp1.corp.contoso.test"}, {"fsp1.corp.contoso.test"}
ERROR, WARN = Level.ERROR, Level.WARN
CERTAIN, LIKELY, CANNOT_TELL = Sureness.CERTAIN, Sureness.LIKELY, Sureness.CANNOT_TELL


class LateClock:
    """A clock that is wrong."""

    def __init__(self, behind: timedelta) -> None:
        self._behind = behind

    def now(self) -> datetime:
        return datetime.now(UTC) - self._behind

    def monotonic(self) -> float:
        return monotonic()


def lab_with(*faults: str) -> Lab:
    """The lab without the dead server that it comes with."""
    return Lab(built_in_description()._replace(faults=()), faults=[parse_fault(text) for text in faults])


def settings(lab: Lab, folder: Path, more: Mapping[str, object]) -> dict[str, object]:
    return lab.settings() | {"store": str(folder / "store.sqlite3"), "seed": 1, "dns_timeout": 0.3} | more


def examine(lab: Lab, folder: Path, content: str | None = None, **more: object) -> Checkup:
    config = load_config(overrides=settings(lab, folder, more))
    run = Run(facts=lab.client_facts(), data=lab.description.data)
    wanted = None if content is None else ContentReference(ContentId(content))
    with open_doctor(config, run, content=wanted) as doctor:
        return doctor.examine()


def host_of(check: Check) -> str:
    return check.about.rpartition("//")[2].partition(":")[0]


def test_nothing_is_wrong__no_finding_and_everything_was_looked_at(tmp_path: Path) -> None:
    with lab_with() as lab:
        checkup = examine(lab, tmp_path)
        posted = [entry for entry in lab.journal.entries() if "sms_fsp" in entry.what.lower() and "POST" in entry.what]
    assert checkup.findings == ()
    assert {one.area for one in checkup.checks if one.level is Level.OK} == set(Area)
    secure = [one for one in checkup.checks if one.area is MP and "https://" in one.about]
    assert {host_of(one) for one in secure} == SECURE
    assert all("certificate until 20" in one.what and "not revoked" in one.what for one in secure)
    assert (posted, lab.reports, list(tmp_path.iterdir())) == ([], (), [])  # nothing reported, nothing written


@pytest.mark.parametrize(("more", "found"), [({}, [("every-source-rejected", WARN)]), ({"http_user": "a@b.test"}, [])])
def test_package__on_servers_that_this_client_may_not_use__is_not_called_missing(
    tmp_path: Path, more: dict[str, object], found: list[tuple[str, Level]]
) -> None:
    with lab_with() as lab:
        facts = lab.client_facts()._replace(membership=Membership.WORKGROUP, domain=None, forest=None)
        config = load_config(overrides=settings(lab, tmp_path, more))
        with open_doctor(config, Run(facts=facts, data=lab.description.data)) as doctor:
            findings = doctor.examine().findings
    assert [(one.code, one.level) for one in findings if one.area is DP] == found
    assert all("names dp1.corp.contoso.test" in one.what and "CL-020" in one.do for one in findings if one.area is DP)


@pytest.mark.parametrize(
    ("fault", "area", "code", "hosts", "level", "sure"),
    [
        ("mp=refuse", MP, "connect", ALL, ERROR, LIKELY),
        ("mp:mp1=refuse", MP, "connect", {"mp1.corp.contoso.test"}, WARN, LIKELY),
        ("mp=expired-certificate", MP, "server-certificate", SECURE, WARN, CERTAIN),
        ("mp=wrong-certificate", MP, "server-certificate", SECURE, WARN, CERTAIN),
        ("mp=revoked-certificate", MP, "server-certificate", SECURE, WARN, CERTAIN),
        ("mp=403", MP, "http-status", ALL, ERROR, LIKELY),
        ("mp=503", MP, "http-status", ALL, ERROR, CERTAIN),
        ("mp=html", MP, "malformed-reply", ALL, ERROR, LIKELY),
        ("mp=redirect", MP, "redirect-refused", ALL, ERROR, LIKELY),
        ("mp=truncated", MP, "connection-lost", ALL, ERROR, CANNOT_TELL),
        ("dns=servfail", DNS, "dns", {""}, ERROR, CERTAIN),
        ("dns=refuse", DNS, "dns-timeout", {""}, ERROR, CANNOT_TELL),
        ("ad=refuse", AD, "directory-unreachable", DC1, ERROR, LIKELY),
        ("ad=wrong-certificate", AD, "directory-trust", DC1, ERROR, CERTAIN),
        ("ad=expired-certificate", AD, "directory-trust", DC1, ERROR, CERTAIN),
        ("dp=404", DP, "source-refused", DP1, ERROR, LIKELY),
        ("dp=refuse", DP, "connect", DP1, ERROR, LIKELY),
        ("dp=html", DP, "listing", DP1, ERROR, LIKELY),
        ("fsp=refuse", FSP, "connect", FSP1, WARN, LIKELY),
        ("fsp=404", FSP, "http-status", FSP1, WARN, LIKELY),
        ("fsp=html", FSP, "malformed-reply", FSP1, WARN, LIKELY),
    ],
)
def test_one_thing_out_of_order__is_found_and_nothing_else(
    fault: str, area: Area, code: str, hosts: set[str], level: Level, sure: Sureness, tmp_path: Path
) -> None:
    with lab_with(fault) as lab:
        checkup = examine(lab, tmp_path, deadline=8)
    found = {(one.area, one.code, one.level, one.sure) for one in checkup.findings}
    assert found == {(area, code, level, sure)}, list(checkup.findings)
    assert {host_of(one) for one in checkup.findings} == hosts
    assert all(one.what and one.do for one in checkup.findings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "area", "code"),
    [
        ("mp=silent", MP, "timeout"),
        ("ad=silent", AD, "directory-timeout"),
        ("ad=hang-after-bind", AD, "directory-timeout"),
        ("dp=silent", DP, "timeout"),
        ("fsp=silent", FSP, "timeout"),
    ],
)
def test_silence__is_waited_for_within_the_deadline_and_no_longer(
    fault: str, area: Area, code: str, tmp_path: Path
) -> None:
    with lab_with(fault) as lab:
        checkup = examine(lab, tmp_path, deadline=6, attempt_timeout=1, directory_timeout=1)
    assert {(one.area, one.code, one.sure) for one in checkup.findings} == {(area, code, CANNOT_TELL)}
    assert checkup.seconds < 7


def test_a_server_of_several_that_have_the_content__is_a_warning(tmp_path: Path) -> None:
    with lab_with("dp:dp1=404") as lab:
        alone = examine(lab, tmp_path, "P0100003")
        lab.skip_minutes(200)
        joined = examine(lab, tmp_path, "P0100003")
    assert [(host_of(one), one.level) for one in alone.findings] == [("dp1.corp.contoso.test", ERROR)]
    assert {(host_of(one), one.level) for one in joined.findings} == {("dp1.corp.contoso.test", WARN)}


def test_a_content_that_nobody_has__says_why(tmp_path: Path) -> None:
    with lab_with() as lab:
        checkup = examine(lab, tmp_path, "XYZ00009")
    assert [(one.area, one.level) for one in checkup.findings] == [(DP, ERROR)]
    assert checkup.findings[0].code not in {"", "fine"}


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (timedelta(seconds=30), None),
        (timedelta(minutes=3), ("clock-off", WARN)),
        (timedelta(minutes=10), ("clock-skew", ERROR)),
        (timedelta(minutes=-10), ("clock-skew", ERROR)),
    ],
)
def test_clock__is_held_against_what_servers_say(
    behind: timedelta, expected: tuple[str, Level] | None, tmp_path: Path
) -> None:
    with lab_with() as lab:
        config = load_config(overrides=settings(lab, tmp_path, {"use_pki_cert": False}))
        run = Run(facts=lab.client_facts(), writes=False)
        with open_ports(config, run) as opened:
            world = opened._replace(clock=LateClock(behind))
            checkup = Doctor(config, world, Instruments(lambda: look_at_store(store_path(config)))).examine()
    found = [(one.code, one.level) for one in checkup.findings if one.area is Area.CLOCK]
    assert found == ([] if expected is None else [expected])
    assert {one.area for one in checkup.findings} <= {Area.CLOCK}


def test_names_of_hosts__come_from_dns(tmp_path: Path) -> None:
    """A domain that DNS knows nothing of: the provider's DNS servers, or a wrong domain."""
    with lab_with() as lab:
        config = load_config(overrides=settings(lab, tmp_path, {"site_code": None, "dns_suffix": None}))
        facts = lab.client_facts()._replace(domain=type(lab.client_facts().domain)("elsewhere.test"))  # type: ignore[call-arg]
        with open_doctor(config, Run(facts=facts)) as doctor:
            found = {(one.area, one.code) for one in doctor.examine().findings}
    assert (DNS, "no-record") in found


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"client_certificate": None, "client_key": None}, "no-certificate"),
        ({"certificate_criterion": "Subject:nobody"}, "none-fits"),
    ],
)
def test_client_certificate__that_is_not_there(more: dict[str, object], code: str, tmp_path: Path) -> None:
    with lab_with() as lab:
        checkup = examine(lab, tmp_path, **more)
    assert [(one.area, one.code) for one in checkup.findings] == [(Area.CLIENT_CERTIFICATE, code)]


def test_damaged_store__is_told_and_left_as_it_is(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    store.write_bytes(b"no database at all" * 1000)
    with lab_with() as lab:
        checkup = examine(lab, tmp_path)
    assert [(one.area, one.code) for one in checkup.findings] == [(Area.STORE, "store-damaged")]
    assert store.read_bytes() == b"no database at all" * 1000
    assert list(tmp_path.iterdir()) == [store]


class Recorder:
    """A transport that keeps what is sent."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.sent: list[HttpRequest] = []

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        self.sent.append(request)
        return self._inner.send(request, deadline, cancellation)

    def seen(self, endpoint: Endpoint) -> None:
        """Know no certificate."""


def test_a_checkup__tells_no_secret_and_asks_as_a_client_does(tmp_path: Path) -> None:
    with lab_with("dp=401", "mp:mp1=401", "fsp=401") as lab:
        password = str(lab.running.login.password.reveal())
        config = load_config(overrides=settings(lab, tmp_path, {}))
        with open_ports(config, Run(facts=lab.client_facts(), writes=False)) as opened:
            recorder = Recorder(opened.transport)
            world = opened._replace(transport=recorder)
            checkup = Doctor(config, world, Instruments(lambda: look_at_store(store_path(config)))).examine()
    assert {one.method for one in recorder.sent} <= {"GET", "PROPFIND", "CCM_POST"}
    assert not any("authorization" in map(str.lower, one.headers) for one in recorder.sent)
    told = {(one.endpoint.host, one.endpoint.scheme.value) for one in recorder.sent if one.may_log_in}
    assert told == {(host, "https") for host in SECURE} | {("dp1.corp.contoso.test", "http")}
    assert password not in repr(build_checkup(checkup)) + repr([one.body for one in recorder.sent])
