"""Content and software update points of a described lab: what is read, and every fault with its place."""

import pytest

from cmclient.errors import LabError
from cmclient.lab import Lab, built_in_description, parse_description
from cmclient.lab.offers import Content, UpdatePoint, UpdateSource
from cmclient.model.content import ContentId
from cmclient.model.endpoints import Audience, Protocols
from cmclient.model.names import HostName

SMALL = """
[client]
host = "pc.a.test"
domain = "a.test"
address = "127.46.1.9/24"
[dns]
host = "dns.a.test"
[[forests]]
name = "a.test"
controller = "dc.a.test"
[[sites]]
code = "ABC"
kind = "primary"
forest = "a.test"
[[management_points]]
host = "mp.a.test"
site = "ABC"
[[distribution_points]]
host = "dp.a.test"
site = "ABC"
"""


def test_offers__what_is_said_and_what_is_usual() -> None:
    lab = parse_description(
        f"""{SMALL}
        [update_source]
        id = "{{SOURCE}}"
        [[software_update_points]]
        host = "sup.a.test"
        [[software_update_points]]
        host = "sup2.a.test"
        protocols = "https"
        port = 80
        audience = "both"
        [[content]]
        id = "ABC00001"
        [[content]]
        id = "ABC00002"
        version = 7
        size = 12
        servers = ["dp.a.test"]
        client_package = true
        """
    )
    assert lab.update_source == UpdateSource(ContentId("{SOURCE}"), 1)
    assert lab.update_points == (
        UpdatePoint(HostName("sup.a.test")),
        UpdatePoint(HostName("sup2.a.test"), Protocols.HTTPS, 80, Audience.BOTH),
    )
    assert lab.contents == (
        Content(ContentId("ABC00001")),
        Content(ContentId("ABC00002"), 7, (HostName("dp.a.test"),), 12, is_client_package=True),
    )
    bare = parse_description(SMALL)
    assert (bare.contents, bare.update_points, bare.update_source) == ((), (), None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[content]]\nversion = 1", "content[0].id is missing"),
        ('[[content]]\nid = "a b"', "content[0].id is wrong"),
        ('[[content]]\nid = "A"\nservers = ["mp.a.test"]', "names the unknown distribution point 'mp.a.test'"),
        ('[[content]]\nid = "A"\nserver = "x"', "content[0].server is not known here; did you mean 'servers'?"),
        ('[[content]]\nid = "A"\n[[content]]\nid = "a"', "content[1].id a is there already in version 1"),
        (
            '[[content]]\nid = "A"\nclient_package = true\n[[content]]\nid = "B"\nclient_package = true',
            "content[1].client_package is true of another content already",
        ),
        ("[update_source]\nversion = 1", "update_source.id is missing"),
        ('[[software_update_points]]\nhost = "s.a.test"\nports = 1', "software_update_points[0].ports is not known"),
    ],
)
def test_offers__a_fault_is_told_with_its_place(text: str, fault: str) -> None:
    with pytest.raises(LabError) as caught:
        parse_description(f"{SMALL}\n{text}\n")
    assert fault in str(caught.value)


def test_offers__are_shown_to_a_person() -> None:
    shown = Lab(built_in_description()).describe()
    for line in (
        "content   P0100001 version 3, 25165824 bytes, on dp1.corp.contoso.test, dp2.corp.contoso.test",
        "content   P0100002 version 1, the client package, on dp1.corp.contoso.test",
        "also      dp1.corp.contoso.test, smp",
        "not run   sup1.corp.contoso.test, sup",
    ):
        assert line in shown.splitlines()
