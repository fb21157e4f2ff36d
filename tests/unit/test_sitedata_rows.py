"""Rows of the site's own classes: JSON of the administration service and CSV of the console's cmdlets."""

import codecs
import json

import pytest

from cmclient.model.boundary import Boundary, BoundaryKind
from cmclient.model.groups import FallbackTimes, Relationship, Role, SiteServer
from cmclient.model.names import HostName, SiteCode
from cmclient.protocol.sitedata import SiteDataRead, SourceFile, read_site_data
from cmclient.rules.boundaries import check_boundary

CONTEXT = "https://cm.corp.test/AdminService/wmi/$metadata#"
BOUNDARIES = [
    {"BoundaryID": 1, "BoundaryType": 3, "DisplayName": "desks", "Value": "10.1.2.1-10.1.2.9", "DefaultSiteCode": []},
    {"BoundaryID": 2, "BoundaryType": 1, "DisplayName": "", "Value": "Berlin", "CreatedOn": None},
]
GROUPS = [
    {"GroupID": 10, "Name": "A", "DefaultSiteCode": "P01", "Shared": False},
    {"GroupID": 11, "Name": "Default-Site-Boundary-Group<P01>", "DefaultSiteCode": ""},
    {"GroupID": 12, "Name": "C", "DefaultSiteCode": None},
]
NAL = r'["Display=\\{0}\"]MSWNET:["SMS_SITE=S01"]\\{0}' + "\\"


def read(*files: tuple[str, object]) -> SiteDataRead:
    """Read files; what is no text is written as JSON."""
    sources = [
        SourceFile(name, (value if isinstance(value, str) else json.dumps(value)).encode()) for name, value in files
    ]
    return read_site_data(sources, check=check_boundary)


def faults(*files: tuple[str, object]) -> list[tuple[str, str, str]]:
    return [(fault.row, fault.field, fault.problem) for fault in read(*files).faults]


def test_answers_of_the_administration_service__are_one_hierarchy() -> None:
    found = read(
        ("members.json", [{"GroupID": 10, "BoundaryID": 1}, {"GroupID": 10, "BoundaryID": 2}]),
        ("b.json", {"@odata.context": CONTEXT + "SMS_Boundary", "value": BOUNDARIES}),
        ("g.json", {"@odata.context": CONTEXT + "SMS_BoundaryGroup(GroupID,Name)", "value": GROUPS}),
        (
            "systems.json",
            {"value": [{"GroupID": 10, "ServerNALPath": NAL.format("DP1.corp.test"), "SiteCode": "P01", "Flags": 1},
                       {"GroupID": 11, "ServerNALPath": NAL.format("dp2.corp.test"), "Flags": 0}]},
        ),
        (
            "roles.json",
            [{"RoleName": "SMS Distribution Point", "ServerName": "DP1", "ServerRemoteName": "dp1.corp.test",
              "SiteCode": "P01"},
             {"RoleName": "SMS Management Point", "NALPath": NAL.format("dp2.corp.test")},
             {"RoleName": "SMS SQL Server", "NetworkOSPath": r"\\sql.corp.test"}],
        ),
        (
            "links.json",
            [{"SourceGroupID": 10, "DestinationGroupID": 12, "FallbackDP": 15, "FallbackSUP": -1, "FallbackMP": -1},
             {"SourceGroupID": 11, "DestinationGroupID": 11, "FallbackDP": -1, "FallbackSUP": 7, "FallbackMP": 0}],
        ),
    )  # fmt: skip
    assert not found.faults
    data = found.data
    assert data.boundaries == (
        Boundary("1", BoundaryKind.IP_RANGE, "10.1.2.1-10.1.2.9", "desks"),
        Boundary("2", BoundaryKind.AD_SITE, "Berlin"),
    )
    first, default, third = data.groups
    assert (first.id, first.name, first.boundaries, first.servers) == ("10", "A", ("1", "2"), ("dp1.corp.test",))
    assert (first.assigned_site, default.assigned_site, third.assigned_site) == ("P01", None, None)
    assert first.relationships == (Relationship("12", FallbackTimes(dp=15, sup=None, mp=None)),)
    assert (default.default_of, default.default_times) == ("P01", FallbackTimes(dp=None, sup=7))
    assert (first.default_of, default.relationships) == (None, ())
    assert data.servers == (
        SiteServer(HostName("dp1.corp.test"), frozenset({Role.DISTRIBUTION_POINT}), site=SiteCode("P01")),
        SiteServer(HostName("dp2.corp.test"), frozenset({Role.MANAGEMENT_POINT}), site=SiteCode("S01")),
    )


@pytest.mark.rule("BD-001")
@pytest.mark.parametrize(
    ("number", "name", "value", "kind"),
    [
        (0, "IPSubnet", "10.1.2.0", BoundaryKind.IP_SUBNET),
        (1, "ADSite", "Berlin", BoundaryKind.AD_SITE),
        (2, "IPV6Prefix", "2001:db8:1:2", BoundaryKind.IPV6_PREFIX),
        (3, "IPRange", "10.1.2.1-10.1.2.9", BoundaryKind.IP_RANGE),
        (4, "Vpn", "Auto:On", BoundaryKind.VPN),
    ],
)
def test_kind__by_number_and_by_name(number: int, name: str, value: str, kind: BoundaryKind) -> None:
    for written in (number, str(number), name):
        found = read(("b.json", {"BoundaryID": 1, "BoundaryType": written, "Value": value}))
        assert [one.kind for one in found.data.boundaries] == [kind]


@pytest.mark.rule("BD-001")
@pytest.mark.parametrize("kind", [5, -1, "", "Subnet", None])
def test_kind__there_are_five(kind: object) -> None:
    found = read(("b.json", {"BoundaryID": 1, "BoundaryType": kind, "Value": "10.1.2.0"}))
    assert [(fault.field, fault.left_out) for fault in found.faults] == [("BoundaryType", "boundary '1'")]
    assert not found.data.boundaries


@pytest.mark.parametrize(
    ("row", "field", "told"),
    [
        ({"BoundaryID": 1, "BoundaryType": 3, "Value": "10.1.2.9-10.1.2.1"}, "Value", "first address is above"),
        ({"BoundaryID": 1, "BoundaryType": 0, "Value": "10.1.2.9/24"}, "Value", "network id is 10.1.2.0"),
        ({"BoundaryID": 1, "BoundaryType": 0, "Value": "2001:db8::"}, "Value", "is not a subnet boundary"),
        ({"BoundaryID": 1, "BoundaryType": 2, "Value": "10.1.2.0"}, "Value", "is not an IPv6 prefix boundary"),
        ({"BoundaryID": 1, "BoundaryType": 3, "Value": ""}, "Value", "is empty"),
        ({"BoundaryID": 1, "BoundaryType": 3, "Value": [1]}, "Value", "is a list, and should be text"),
        ({"BoundaryID": 1, "BoundaryType": 1, "Value": "x" * 1_000_000}, "Value", "1000000 characters"),
        ({"BoundaryID": 1, "BoundaryType": 1, "Value": "\ud800"}, "Value", "half of a character pair"),
        ({"BoundaryID": "x", "BoundaryType": 3, "Value": "10.1.2.1-10.1.2.9"}, "BoundaryID", "should be a number"),
        (
            {"BoundaryID": True, "BoundaryType": 3, "Value": "10.1.2.1-10.1.2.9"},
            "BoundaryID",
            "is true, and should be a",
        ),
        ({"BoundaryID": 1.0, "BoundaryType": 1, "Value": "Berlin"}, "BoundaryID", "is 1.0, and should be a whole"),
        ({"BoundaryID": float("nan"), "BoundaryType": 1, "Value": "Berlin"}, "BoundaryID", "is nan, and should be a"),
        ({"BoundaryID": {}, "BoundaryType": 1, "Value": "Berlin"}, "BoundaryID", "is an object, and should be a"),
        ({"GroupID": 1, "Name": "A", "DefaultSiteCode": "ABCD"}, "DefaultSiteCode", "three letters or digits"),
        ({"GroupID": 1, "ServerNALPath": "no server"}, "ServerNALPath", "names no server"),
        ({"SourceGroupID": 1, "DestinationGroupID": 2, "FallbackDP": -2}, "FallbackDP", "or -1 for never"),
        ({"SourceGroupID": 1, "DestinationGroupID": 2, "FallbackSUP": "9" * 11}, "FallbackSUP", "minutes from 0"),
        ({"RoleName": "SMS Distribution Point", "ServerName": ""}, "", "names no server"),
        ({"RoleName": "SMS Distribution Point", "ServerName": "a b"}, "ServerName", "names no server"),
    ],
)
def test_cell_that_cannot_be__is_told_with_its_field(row: object, field: str, told: str) -> None:
    ((where, found, problem),) = faults(("rows.json", [row]))
    assert (where, found) == ("[0]", field)
    assert told in problem


def test_number_of_many_digits__is_a_fault() -> None:
    assert [fault[:2] for fault in faults(("b.json", '[{"GroupID": 1, "BoundaryID": 11111111111}]'))] == [
        ("[0]", "BoundaryID")
    ]
    (fault,) = faults(("b.json", '{"GroupID": ' + "1" * 5000 + "}"))
    assert "is no JSON that can be read" in fault[2]


def test_group_and_site_that_are_not_there__are_told() -> None:
    found = read(
        ("g.json", GROUPS),
        ("m.json", [{"GroupID": 10, "BoundaryID": 1}, {"GroupID": 99, "BoundaryID": 1}]),
        ("s.json", [{"GroupID": 99, "ServerNALPath": r"\\dp1.corp.test"}]),
        (
            "r.json",
            [
                {"SourceGroupID": 10, "DestinationGroupID": 10},
                {"SourceGroupID": 10, "DestinationGroupID": 99},
                {"SourceGroupID": 10, "DestinationGroupID": 12},
                {"SourceGroupID": 10, "DestinationGroupID": 12, "FallbackDP": 1},
            ],
        ),
    )
    assert [(fault.file, fault.row, fault.problem) for fault in found.faults] == [
        ("m.json", "[0]", "names the unknown boundary '1'"),
        ("m.json", "[1]", "names the unknown boundary '1'"),
        ("s.json", "[0]", "names the unknown boundary group '99'"),
        ("r.json", "[0]", "boundary group '10' is its own neighbour"),
        ("r.json", "[1]", "names the unknown boundary group '99'"),
        ("r.json", "[3]", "is the second relationship of boundary group '10' to '12'"),
    ]
    assert found.data.groups[0].relationships == (Relationship("12", FallbackTimes()),)


def test_what_refers_to_something_left_out__is_noted_and_no_fault_of_its_own() -> None:
    found = read(
        ("b.json", [{"BoundaryID": 1, "BoundaryType": 9, "Value": "x"}]),
        ("g.json", [{"GroupID": 10, "Name": "A"}, {"GroupID": 11, "Name": "B", "DefaultSiteCode": "?"}]),
        ("m.json", [{"GroupID": 10, "BoundaryID": 1}]),
        ("r.json", [{"SourceGroupID": 10, "DestinationGroupID": 11}]),
    )
    assert [fault.file for fault in found.faults] == ["b.json", "g.json"]
    assert [note.partition(":")[0] for note in found.notes] == ["m.json", "r.json"]


def test_identifiers_given_twice__are_faults_but_for_default_groups_in_both_lists() -> None:
    default = GROUPS[1]
    assert not faults(
        ("g.json", GROUPS), ("d.json", {"@odata.context": CONTEXT + "SMS_DefaultBoundaryGroup", "value": [default]})
    )
    assert [fault[2] for fault in faults(("b.json", BOUNDARIES * 2), ("g.json", [GROUPS[0]] * 2))] == [
        "is the second boundary '1'", "is the second boundary '2'", "is the second boundary group '10'",
    ]  # fmt: skip
    assert [fault[:2] for fault in faults(("defaults.json", {"__CLASS": "SMS_DefaultBoundaryGroup", **GROUPS[0]}))] == [
        ("", "Name")
    ]


@pytest.mark.parametrize(
    ("name", "document", "boundaries"),
    [
        ("x.json", BOUNDARIES, 2),
        ("x.json", BOUNDARIES[0], 1),
        ("x", {"value": BOUNDARIES}, 2),
        ("x.json", {"value": [{"@odata.type": "#AdminService.SMS_Boundary", **BOUNDARIES[0]}]}, 1),
        ("x.json", {"value": [{"__CLASS": "SMS_Boundary", **BOUNDARIES[0]}, {"GroupID": 1, "Name": "A"}]}, 1),
        ("x.json", {"value": []}, 0),
    ],
)
def test_json__in_every_shape(name: str, document: object, boundaries: int) -> None:
    found = read((name, document))
    assert len(found.data.boundaries) == boundaries
    assert not found.faults


@pytest.mark.parametrize(
    ("name", "text", "row", "told"),
    [
        ("x.json", json.dumps({"value": BOUNDARIES}, indent=1)[:-40], "line 14, column 12", "it may be cut off"),
        ("x.json", "nonsense", "line 1, column 1", "is no JSON"),
        ("x.json", "[" * 100_000, "", "is no JSON that can be read"),
        ("x.json", "[1]", "[0]", "is no object"),
        ("x.json", '[{"Answer": 42}]', "[0]", "cannot be told to be of any class"),
        ("boundaries.json", '[{"BoundaryID": 1, "Value": "x"}]', "[0]", "is missing, and every boundary has one"),
        ("x.json", '{"@odata.nextLink": "https://x", "value": []}', "@odata.nextLink", "is one page of several"),
    ],
)
def test_json_that_cannot_be_used__is_told(name: str, text: str, row: str, told: str) -> None:
    (fault,) = read((name, text)).faults
    assert fault.row == row
    assert told in fault.problem


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("sms-boundarygroup-members.json", ("GroupID", "BoundaryID")),
        ("C:\\export\\Boundary Groups.json", ("GroupID", "Name")),
        ("default_boundary_groups.json", ("GroupID", "Name")),
        ("SMS_BoundaryGroupRelationships.json", ("SourceGroupID", "DestinationGroupID")),
        ("out/boundary-group-site-systems.json", ("GroupID", "ServerNALPath")),
    ],
)
def test_name_of_the_file__tells_what_rows_should_have(name: str, fields: tuple[str, ...]) -> None:
    first = faults((name, "[{}]"))[0]
    assert first[1] == fields[0]
    assert first[2].startswith("is missing")


def test_flags_of_a_group__are_not_read_and_that_is_said() -> None:
    found = read(("g.json", [{"GroupID": 1, "Name": "A", "Flags": 4}, {"GroupID": 2, "Name": "B", "Flags": 0}]))
    assert [note.partition(":")[2][:11] for note in found.notes] == [" [0], Flags"]


# CSV


HEADER = '"BoundaryFlags","BoundaryID","BoundaryType","DisplayName","Value"'
ROW = '"0","1","3","desks, first floor","10.1.2.1-10.1.2.9"'


@pytest.mark.parametrize(
    ("text", "noted"),
    [
        (f"{HEADER}\n{ROW}\n", 0),
        (f"#TYPE IResultObject#SMS_Boundary\r\n{HEADER}\r\n{ROW}\r\n", 0),
        (f"{HEADER}\n{ROW}".replace('","', '";"'), 1),
        (f"{HEADER}\n{ROW}".replace('","', '"\t"'), 1),
        (f"{HEADER.lower()}\n\n{ROW}\n\n", 0),
        ("Value,BoundaryType,BoundaryID\n10.1.2.1-10.1.2.9,IPRange,1", 0),
    ],
)
def test_csv__in_every_shape(text: str, noted: int) -> None:
    for name in ("x.csv", "x"):
        found = read((name, text))
        assert [(one.id, one.value) for one in found.data.boundaries] == [("1", "10.1.2.1-10.1.2.9")]
        assert len(found.notes) == noted
        assert not found.faults


@pytest.mark.parametrize(
    ("bom", "encoding", "noted"),
    [
        (b"", "utf-8", False),
        (codecs.BOM_UTF8, "utf-8", True),
        (codecs.BOM_UTF16_LE, "utf-16-le", True),
        (codecs.BOM_UTF16_BE, "utf-16-be", True),
    ],
)
def test_encodings_of_powershell__are_read(bom: bytes, encoding: str, noted: bool) -> None:  # noqa: FBT001 - a fact
    text = f"{HEADER}\r\n{ROW.replace('desks', 'Büro')}\r\n"
    found = read_site_data([SourceFile("b.csv", bom + text.encode(encoding))])
    assert [one.description for one in found.data.boundaries] == ["Büro, first floor"]
    assert bool(found.notes) is noted


def test_other_encodings__are_told() -> None:
    (fault,) = read_site_data(
        [SourceFile("b.csv", f"{HEADER}\n{ROW}".replace("desks", "Büro").encode("cp1252"))]
    ).faults
    assert "is no UTF-8" in fault.problem
    assert fault.left_out == "the whole file"


def test_rows_that_are_no_rows__are_told_by_their_line_and_the_rest_is_read() -> None:
    text = "\n".join(
        [
            "#TYPE x",
            HEADER,
            '"0","1","3"',
            '"0","2","3","two\nlines","10.1.2.1-10.1.2.9"',
            '"0","3","1","long","' + "x" * 1_000_000 + '"',
            '"0","4","1","last","Berlin"',
        ]
    )
    found = read(("b.csv", text))
    assert [one.id for one in found.data.boundaries] == ["2", "4"]
    assert [(fault.row, fault.field, fault.problem[:30], fault.left_out) for fault in found.faults] == [
        ("line 3", "", "has 3 cells, and there are 5 c", "the row"),
        ("line 6", "Value", "is no CSV: field larger than f", "the row"),
    ]


def test_text_inside_a_cell_that_cannot_be_read__is_never_a_row() -> None:
    hidden = "x" * 200_000 + "\r\n0,66,3,hidden,10.6.6.1-10.6.6.9\r\nmore"
    text = f'{HEADER}\n"0","1","1","a","Bonn"\n"0","2","1","{hidden}","x"\n"0","3","1","c",""""\n"0","4","9","d","x"\n'
    found = read(("b.csv", text))
    assert [one.id for one in found.data.boundaries] == ["1", "3"]
    assert [(fault.row, fault.field, fault.left_out) for fault in found.faults] == [
        ("line 3", "DisplayName", "the row"),
        ("line 7", "BoundaryType", "boundary '4'"),
    ]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ('"0","2","1","wrong"quote",66', "DisplayName"),
        ('"0","2","1","never closed', "DisplayName"),
        ('"0","2"x,"1","b","c"', "BoundaryID"),
    ],
)
def test_row_whose_end_is_not_certain__ends_the_file(row: str, field: str) -> None:
    found = read(("b.csv", f'{HEADER}\n"0","1","1","a","Bonn"\n{row}\n"0","3","1","c","Berlin"\n'))
    assert [one.id for one in found.data.boundaries] == ["1"]
    assert [(fault.row, fault.field, fault.left_out) for fault in found.faults] == [
        ("line 3", field, "everything from line 3 on")
    ]


def test_every_cell_that_cannot_be__is_told() -> None:
    found = read(
        (
            "x.json",
            [
                {"BoundaryID": 1, "BoundaryType": 9, "Value": "", "DisplayName": []},
                {"GroupID": "x", "Name": "A", "DefaultSiteCode": "?"},
                {"GroupID": "x", "BoundaryID": "y"},
                {"GroupID": "x", "ServerNALPath": "no server", "SiteCode": "?"},
                {"SourceGroupID": "x", "DestinationGroupID": "y", "FallbackDP": -2, "FallbackSUP": "z"},
                {"RoleName": "SMS Distribution Point", "ServerName": "a b", "SiteCode": "?"},
            ],
        )
    )
    assert [(fault.row, fault.field) for fault in found.faults] == [
        *(("[0]", field) for field in ("BoundaryType", "DisplayName", "Value")),
        *(("[1]", field) for field in ("GroupID", "DefaultSiteCode")),
        *(("[2]", field) for field in ("GroupID", "BoundaryID")),
        *(("[3]", field) for field in ("GroupID", "ServerNALPath", "SiteCode")),
        *(("[4]", field) for field in ("SourceGroupID", "DestinationGroupID", "FallbackDP", "FallbackSUP")),
        *(("[5]", field) for field in ("SiteCode", "ServerName")),
    ]
    assert not found.data.boundaries
    assert not found.data.groups


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("b.csv", 'BoundaryID,BoundaryType,Value,value\n1,1,"Bonn","Berlin"', ("line 1", "value", "the whole file")),
        ("b.json", '[{"BoundaryID":1,"BoundaryType":1,"Value":"Bonn","value":"Berlin"}]', ("[0]", "value", "the row")),
        ("b.json", '{"BoundaryID":1,"BoundaryType":1,"Value":"Bonn","Value":"Berlin"}', ("", "value", "the row")),
        ("b.json", '{"value":[{"BoundaryID":1,"BoundaryType":1,"Value":"Bonn"}],"Value":[]}', ("", "value", "the row")),
    ],
)
def test_property_that_is_there_twice__is_not_read_as_either(name: str, text: str, place: tuple[str, ...]) -> None:
    found = read((name, text))
    assert [(fault.row, fault.field, fault.left_out) for fault in found.faults] == [place]
    assert not found.data.boundaries


def test_columns_without_names__may_be_several() -> None:
    assert not read(("b.csv", "BoundaryID,BoundaryType,Value,,\n1,1,Bonn,,")).faults


@pytest.mark.parametrize(
    ("name", "text", "field", "told"),
    [
        ("x.csv", "", "", "has no line of column names"),
        ("x.csv", "#TYPE SMS_Boundary\nBoundaryID,BoundaryType\n1,3", "Value", "is missing"),
        ("x.csv", "A,B\n1,2\n3,4", "", "cannot be told"),
    ],
)
def test_csv_without_the_columns__is_one_fault(name: str, text: str, field: str, told: str) -> None:
    (fault,) = read((name, text)).faults
    assert (fault.field, fault.left_out) == (field, "the whole file")
    assert told in fault.problem


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.json", "[" + "{}," * 4_000_000 + "{}]", "more than 4000000 objects and lists"),
        ("x.json", "[" + "1," * 1_000_000 + "1]", "has 1000001 rows"),
        ("x.csv", HEADER + "\n" * 1_000_001, "more than 1000000 lines"),
        ("x.toml", "[[boundaries]]\n" * 1_000_001, "more than 1000000 tables"),
        ("x.toml", "\n" * 5_000_001, "or 5000000 lines"),
        ("x.ldif", "\n" * 5_000_001, "more than 5000000 lines"),
    ],
    ids=["json objects", "json rows", "csv lines", "toml tables", "toml lines", "ldif lines"],
)
def test_more_than_any_hierarchy_has__is_left_out_as_a_whole(name: str, text: str, told: str) -> None:
    (fault,) = read((name, text)).faults
    assert told in fault.problem
    assert fault.left_out == "the whole file"


def test_row_of_more_cells_than_any_class_has__is_not_taken_apart() -> None:
    found = read(("x.csv", f"{HEADER}\n{ROW}\n{',' * 10_001}\n{ROW.replace('1', '2', 1)}\nshort"))
    assert [(fault.row, fault.left_out) for fault in found.faults] == [("line 3", "the row"), ("line 5", "the row")]
    assert "more than 10000 cells" in found.faults[0].problem
    assert [one.id for one in found.data.boundaries] == ["1", "2"]


def test_line_of_column_names_that_cannot_be_read__lets_no_other_stand_in_for_it() -> None:
    found = read(("x.csv", f'"{"x" * 200_000}","y"\n{HEADER}\n{ROW}'))
    assert [(fault.row, fault.left_out) for fault in found.faults] == [("line 1", "everything from line 1 on")]
    assert not found.data.boundaries
