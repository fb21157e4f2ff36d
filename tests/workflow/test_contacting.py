"""What settings and messages have to do with how management points are contacted, wherever they are."""

import pytest
from messageserver import written
from world import CORP, WORKGROUP, FixedClock, World

from cmclient.contacting import client_of
from cmclient.errors import ConnectError, NoReachableManagementPointError, NotAskedError
from cmclient.messaging import LocationMessenger, fresh_message_id
from cmclient.model.decision import Candidate, Origin, SourceKind
from cmclient.model.directory import SrvRecord
from cmclient.model.endpoints import Endpoint, ManagementPoint, Protocols, Scheme
from cmclient.model.http import Deadline, HttpReply, HttpRequest
from cmclient.model.names import HostName, SiteCode
from cmclient.mpclient import ManagementPointClient
from cmclient.ports import Cancellation
from cmclient.protocol.directory_entries import management_point_entry
from cmclient.protocol.envelope import parse_message
from cmclient.protocol.mplist import build_mp_list
from cmclient.protocol.multipart import CONTENT_TYPE
from cmclient.rules.choose import SeededChooser

ABC = SiteCode("ABC")
MP1 = ManagementPoint(HostName("mp1.corp.test"), ABC, protocols=Protocols.HTTP, build=9106)


def serve_on(world: World, port: int) -> None:
    """Let the management point answer on one port, and on no other."""
    world.answers.clear()
    for query, own in (("MPLIST", False), ("MPLIST1&ABC", True)):
        url = f"http://mp1.corp.test:{port}/SMS_MP/.sms_aut?{query}".replace(":80/", "/")
        world.answers[url] = build_mp_list([MP1], with_site_code=own)


# --- ports --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("CF-017", "CF-018")
def test_ports__the_usual_ones__else_the_second_of_the_site() -> None:
    for port, settings in ((80, {}), (8080, {"http_port_alternative": 8080})):
        world = World()
        serve_on(world, port)
        location = world.locator(site_code="ABC", management_points="mp1.corp.test", **settings).locate()  # type: ignore[arg-type]
        assert str(location.endpoint) == "http://mp1.corp.test"
    assert world.contacted()[:2] == [
        "http://mp1.corp.test/SMS_MP/.sms_aut?MPLIST",
        "http://mp1.corp.test:8080/SMS_MP/.sms_aut?MPLIST",
    ]


@pytest.mark.rule("CF-018")
def test_ports__the_second_one_is_known_to_assignment_too() -> None:
    world = World(WORKGROUP)
    world.records["_mssms_mp_abc._tcp.corp.test"] = [SrvRecord(MP1.host, 80)]
    serve_on(world, 8080)
    assert world.assigner(site_code="ABC", http_port_alternative=8080).assign().decision.site == ABC
    serve_on(world, 8080)
    assert world.assigner(site_code="ABC").assign().decision.site is None


@pytest.mark.rule("AD-022")
def test_ports__changed_in_the_directory__new_and_existing_clients_follow() -> None:
    world = World()
    for port in (80, 8080, 8081):  # the first client is new, and the same one later on exists
        world.entries["mssmsmanagementpoint"] = [management_point_entry(MP1._replace(http_port=port), domain=CORP)]
        serve_on(world, port)
        location = world.locator(site_code="ABC").locate()
        assert location.endpoint == Endpoint(Scheme.HTTP, MP1.host, port)
    workgroup = World(WORKGROUP)
    before = Candidate(MP1._replace(http_port=8080), (Origin(SourceKind.STORED_LIST, "before"),))
    workgroup.store.replace_mp_list([before])
    serve_on(workgroup, 8081)
    with pytest.raises(NoReachableManagementPointError):  # who cannot read the directory does not learn of it
        workgroup.locator(site_code="ABC").locate()


# --- chance -------------------------------------------------------------------------------------------------------


def test_machines_with_the_same_seed__do_not_come_back_together() -> None:
    clock = FixedClock()
    waits = set()
    for host in ("pc1.corp.test", "pc2.corp.test"):
        client = ManagementPointClient(World(), clock)
        messenger = LocationMessenger(client, clock, host=HostName(host), chooser=SeededChooser(7))
        endpoint = Endpoint(Scheme.HTTP, MP1.host, 80)
        deadline = Deadline.after(60, clock.monotonic)
        for _ in range(2):  # the wait after the first failure is short
            with pytest.raises((ConnectError, NotAskedError)) as caught:
                messenger.fetch_site_information(endpoint, ABC, deadline)
        waits.add(str(caught.value))
    assert len(waits) == 2


def test_message_ids__are_other_ones_each_time() -> None:
    assert len({fresh_message_id() for _ in range(100)}) == 100


def test_client__is_as_patient_as_the_settings() -> None:
    world = World()
    client = client_of(world.locator(connect_timeout=1.5, contact="sequential")._config, world, world.clock)
    assert (client.limits.connect_timeout, client.limits.width) == (1.5, 1)


# --- versions -----------------------------------------------------------------------------------------------------


class Describing(World):
    """A world in which a management point gives lists without versions, and describes its site."""

    def __init__(self, document: str) -> None:
        super().__init__(WORKGROUP)
        self.document = document
        self.records["_mssms_mp_abc._tcp.corp.test"] = [SrvRecord(MP1.host, 80)]
        self.serve(MP1._replace(build=None), [MP1._replace(build=None)], {"ABC": [MP1._replace(build=None)]})

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        if request.method == "GET":
            return super().send(request, deadline, cancellation)
        asked = parse_message(request.body, request.headers["Content-Type"])
        self.asked.append((asked.document or b"").decode())
        return HttpReply(200, written(self.document, asked.header.id), {"content-type": CONTENT_TYPE})


@pytest.mark.rule("SA-016")
@pytest.mark.parametrize(
    ("site", "build", "assigned"),
    [("ABC", "9106", True), ("ABC", "", False), ("XYZ", "9106", False)],
    ids=["it says it", "it does not", "of another site"],
)
def test_version__that_no_list_says__is_what_the_site_says_of_itself(site: str, build: str, assigned: bool) -> None:  # noqa: FBT001
    inside = f"<SiteCode>{site}</SiteCode>" + (f"<BuildNumber>{build}</BuildNumber>" if build else "")
    world = Describing(f"<SiteInfoReply><Sites><Site>{inside}</Site></Sites></SiteInfoReply>")
    report = world.assigner(site_code="ABC").assign()
    assert (report.decision.site == ABC) is assigned
    assert (
        world.asked[-1]
        == '<SiteInformationRequest SchemaVersion="1.00"><SiteCode Name="ABC"/></SiteInformationRequest>'
    )
