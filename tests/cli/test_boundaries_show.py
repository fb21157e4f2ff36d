"""``boundaries show``: the tree, the document and the picture."""

import json
import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from cmclient.cli import codes
from cmclient.cli.boundaries.layout import WIDTH, arrange, rank_connected
from cmclient.cli.main import main

DATA = """
[[boundaries]]
name = "b1"
type = "ad-site"
value = "Berlin"

[[boundaries]]
name = "b2"
type = "ad-site"
value = "Bern"

[[boundaries]]
name = "b3"
type = "ad-site"
value = "Basel"

[[boundaries]]
name = "b4"
type = "ad-site"
value = "Brest"

[[boundaries]]
name = "spare"
type = "ad-site"
value = "Bonn"

[[boundary_groups]]
name = "A <b>&amp; \\u001b[31m]]>"
boundaries = ["b1", "b2", "b3", "b4"]
servers = ["dp1.corp.test", "dp2.corp.test", "nobody.corp.test"]
assigned_site = "P01"

  [[boundary_groups.neighbours]]
  group = "B"
  dp = 15
  never = ["sup"]

  [[boundary_groups.neighbours]]
  group = "C"
  never = ["dp", "sup", "mp"]

[[boundary_groups]]
name = "B"

[[boundary_groups]]
name = "C"

  [[boundary_groups.neighbours]]
  group = "D"
  dp = 5

[[boundary_groups]]
name = "D"
default_of = "P01"
dp = 60

[[servers]]
host = "dp1.corp.test"
roles = ["dp", "sup"]

[[servers]]
host = "dp2.corp.test"
roles = ["dp"]
maintenance = true

[[servers]]
host = "dp9.corp.test"
roles = ["dp"]
"""

HOSTILE = "A <b>&amp; \x1b[31m]]>"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "data.toml"
    path.write_text(DATA)
    return str(path)


def show(*arguments: str) -> None:
    assert main(["boundaries", "show", *arguments]) == codes.DONE


def test_tree__has_groups_with_all_that_belongs_to_them(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    show("--data", data)
    lines = capsys.readouterr().out.splitlines()
    place = lines.index("  A <b>&amp; ?[31m]]>  [assigns site P01]")
    assert lines[place + 1 : place + 16] == [
        "    boundaries (4)",
        "      b1  ad-site Berlin",
        "      b2  ad-site Bern",
        "      b3  ad-site Basel",
        "      and 1 more; --all names them",
        "    servers",
        "      dp: dp1.corp.test, dp2.corp.test (in maintenance)",
        "      sup: dp1.corp.test",
        "      no role known: nobody.corp.test",
        "    falls back to",
        "      B: dp after 15 min, sup never, mp at once",
        "      C: never",
        "      D: dp after 60 min, sup after 120 min, mp at once (implied)",
        "  B",
        "    boundaries none",
    ]
    assert lines[-4:] == [
        "  boundaries in no group (1)",
        "    spare  ad-site Bonn",
        "  servers in no group (1)",
        "    dp9.corp.test",
    ]


def test_tree__an_explicit_link_stands_in_place_of_the_implied_one(
    data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show("--data", data)
    shown = capsys.readouterr().out
    assert shown[shown.index("\n  C\n") :].count("D: dp after") == 1
    assert "D: dp after 5 min, sup after 120 min, mp at once\n" in shown


def test_tree__names_every_boundary_when_asked(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    show("--data", data, "--all")
    shown = capsys.readouterr().out
    assert "b4  ad-site Brest" in shown
    assert "--all" not in shown


def test_json__has_links_with_minutes(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    show("--data", data, "--format", "json")
    document = json.loads(capsys.readouterr().out)
    groups = {group["name"]: group for group in document["groups"]}
    first = groups[HOSTILE]
    assert first["relationships"] == [
        {"neighbour": "B", "implied": False, "minutes": {"dp": 15, "sup": None, "mp": 0}},
        {"neighbour": "C", "implied": False, "minutes": {"dp": None, "sup": None, "mp": None}},
        {"neighbour": "D", "implied": True, "minutes": {"dp": 60, "sup": 120, "mp": 0}},
    ]
    assert [link["implied"] for link in groups["C"]["relationships"]] == [False]
    assert groups["D"]["relationships"] == []
    assert first["servers"][1] == {"host": "dp2.corp.test", "roles": ["dp"], "in_maintenance": True}
    assert [one["id"] for one in first["boundaries"]] == ["b1", "b2", "b3", "b4"]
    assert (document["boundaries_in_no_group"], document["servers_in_no_group"]) == (["spare"], ["dp9.corp.test"])


# --- the picture ----------------------------------------------------------------------------------------------------


def picture(data: str, tmp_path: Path, *more: str) -> ET.Element:
    show("--data", data, "--svg", str(tmp_path / "groups.svg"), *more)
    return ET.fromstring((tmp_path / "groups.svg").read_bytes())


def texts(root: ET.Element) -> list[str]:
    return ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]


def links(root: ET.Element) -> dict[str, tuple[str, str]]:
    """For each arrow its class and text, by its hint."""
    groups = [one for one in root.iter(f"{SVG}g") if one.get("class", "").startswith("link")]
    hinted = [(one.findtext(f"{SVG}title"), one) for one in groups]
    return {hint: (one.get("class", ""), one.findtext(f"{SVG}text") or "") for hint, one in hinted if hint}


def test_picture__has_boxes_arrows_with_minutes_and_never_dashed(data: str, tmp_path: Path) -> None:
    root = picture(data, tmp_path)
    name = HOSTILE.replace("\x1b", "?")
    assert links(root) == {
        f"{name} to B: dp 15 · sup never · mp 0": ("link", "dp 15 · sup never · mp 0"),
        f"{name} to C: never": ("link never", "never"),
        "C to D: dp 5 · sup 120 · mp 0": ("link", "dp 5 · sup 120 · mp 0"),
    }
    assert {name, "dp: dp1.corp.test +1", "sup: dp1.corp.test", "implied: dp 60 · sup 120 · mp 0"} <= set(texts(root))
    style = root.findtext(f"{SVG}style") or ""
    assert re.search(r"\.never path {[^}]*stroke-dasharray", style)
    boxes = [one.get("class") for one in root.iter(f"{SVG}g") if one.get("class") in {"group", "default"}]
    assert sorted(map(str, boxes)) == ["default", "group", "group", "group"]


def test_picture__needs_nothing_besides_itself_and_runs_nothing(data: str, tmp_path: Path) -> None:
    root = picture(data, tmp_path)
    kinds = {one.tag.removeprefix(SVG) for one in root.iter()}
    assert kinds == {"svg", "title", "style", "defs", "marker", "path", "rect", "text", "g"}
    raw = (tmp_path / "groups.svg").read_text()
    assert "<b>" not in raw
    assert "\x1b" not in raw
    assert not re.search(r"href|@import|url\((?!#)|\son\w+=", raw)


def test_picture__is_the_same_each_time(data: str, tmp_path: Path) -> None:
    picture(data, tmp_path)
    first = (tmp_path / "groups.svg").read_bytes()
    picture(data, tmp_path, "--force")
    assert (tmp_path / "groups.svg").read_bytes() == first


def test_picture__replaces_no_file_unless_told_to(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "groups.svg"
    path.write_text("mine")
    assert main(["boundaries", "show", "--data", data, "--svg", str(path)]) == codes.USAGE
    assert "is there already" in capsys.readouterr().err
    assert path.read_text() == "mine"
    picture(data, tmp_path, "--force")
    assert path.read_text().startswith("<svg ")


@pytest.mark.parametrize("named", ["file", "folder", "link"])
def test_picture__never_replaces_the_data(named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "data.toml").write_text(DATA)
    target = folder / "data.toml"
    if named == "link":
        target = tmp_path / "link.svg"
        target.symlink_to(folder / "data.toml")
    data = folder if named == "folder" else folder / "data.toml"
    assert main(["boundaries", "show", "--data", str(data), "--svg", str(target), "--force"]) == codes.USAGE
    assert "is the boundary data itself" in capsys.readouterr().err
    assert (folder / "data.toml").read_text() == DATA


def test_picture__that_cannot_be_written_is_a_usage_error(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["boundaries", "show", "--data", data, "--svg", str(tmp_path / "no" / "x.svg")]) == codes.USAGE
    shown = capsys.readouterr().err
    assert "cannot be written" in shown
    assert "config show" not in shown


def write_star(tmp_path: Path, count: int) -> str:
    link = '[[boundary_groups.neighbours]]\ngroup = "hub"'
    others = [f'[[boundary_groups]]\nname = "g{place}"\n{link}' for place in range(count - 1)]
    path = tmp_path / "star.toml"
    path.write_text("\n".join(['[[boundary_groups]]\nname = "hub"', *others]))
    return str(path)


@pytest.mark.parametrize(("count", "drawn"), [(200, 200), (201, 200)])
def test_picture__of_too_many_groups_has_the_best_connected_and_says_so(
    count: int, drawn: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = picture(write_star(tmp_path, count), tmp_path, "--format", "json")
    told = json.loads(capsys.readouterr().out)["picture"]
    assert (told["drawn"], told["left_out"]) == (drawn, count - drawn)
    title = next(text for text in texts(root) if text.startswith("Boundary groups:"))
    assert ("best connected of" in title) is (drawn < count)
    assert "hub" in texts(root)
    assert len(links(root)) == drawn - 1


@pytest.mark.parametrize(("count", "left_out"), [(25, 0), (26, 50), (60, 2940)])
def test_picture__of_too_many_arrows_has_some_of_each_group_and_says_so(
    count: int, left_out: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"g{place}" for place in range(count)]
    path = tmp_path / "dense.toml"
    path.write_text(
        "\n".join(
            f'[[boundary_groups]]\nname = "{name}"\n'
            + "\n".join(f'[[boundary_groups.neighbours]]\ngroup = "{other}"' for other in names if other != name)
            for name in names
        )
    )
    root = picture(str(path), tmp_path)
    shown = capsys.readouterr().out
    drawn = links(root)
    assert len(drawn) == count * (count - 1) - left_out
    assert {hint.partition(" to ")[0] for hint in drawn} == set(names)
    assert (f"; {left_out:,} of the arrows between them likewise" in shown) is bool(left_out)
    assert any(f"without {left_out:,} of the arrows" in text for text in texts(root)) is bool(left_out)
    assert float(root.get("height", "0")) < 16_000


def shapes() -> list[tuple[str, list[str], list[tuple[str, str]]]]:
    names = [f"n{place}" for place in range(60)]
    return [
        ("star", names, [(name, "n0") for name in names[1:]]),
        ("there and back", names, [(name, names[place ^ 1]) for place, name in enumerate(names)]),
        ("ring", names, list(zip(names, [*names[1:], names[0]], strict=True))),
        ("each to each", names[:12], [(a, b) for a in names[:12] for b in names[:12] if a != b]),
        ("none", names, []),
    ]


@pytest.mark.parametrize(("names", "links"), [one[1:] for one in shapes()], ids=[one[0] for one in shapes()])
def test_layout__boxes_do_not_overlap_and_arrows_have_places_of_their_own(
    names: list[str], links: list[tuple[str, str]]
) -> None:
    laid = arrange(dict.fromkeys(names, 60.0), links, top=100.0)
    assert {box.name for box in laid.boxes} == set(names)
    for one, other in combinations(laid.boxes, 2):
        apart = abs(one.x - other.x) >= WIDTH
        assert apart or one.y + one.height <= other.y or other.y + other.height <= one.y
    assert all(box.x + WIDTH <= laid.width and box.y >= 100 for box in laid.boxes)
    assert all(box.y + box.height <= 100 + laid.height for box in laid.boxes)
    boxes = {box.name: box for box in laid.boxes}
    starts: dict[tuple[str, bool], list[float]] = {}
    for arrow in laid.arrows:
        for name, y in ((arrow.start, arrow.y1), (arrow.end, arrow.y2)):
            assert boxes[name].y <= y <= boxes[name].y + boxes[name].height
        starts.setdefault((arrow.start, arrow.from_right), []).append(arrow.y1)
    for places in starts.values():
        ordered = sorted(places)
        assert all(after - before >= 10 for before, after in pairwise(ordered))


def test_best_connected__come_first_and_equals_stay() -> None:
    pairs: list[Any] = [("b", "c"), ("d", "c"), ("c", "elsewhere")]
    assert rank_connected("abcd", pairs) == ["c", "b", "d", "a"]
