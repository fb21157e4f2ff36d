"""``boundaries plan``: files in, files out, with either engine."""

import json
import os
import signal
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from ourcommand import start_command

from cmclient.cli import codes
from cmclient.cli.main import main

DATA = """
fallback_site = "P09"

[[boundaries]]
name = "desks"
type = "ip-range"
value = "10.1.2.1-10.1.2.9"

[[boundaries]]
name = "floor"
type = "ip-subnet"
value = "10.1.3.0"

[[boundaries]]
name = "berlin"
type = "ad-site"
value = "Berlin"

[[boundary_groups]]
name = "A"
boundaries = ["desks"]
servers = ["dp1.corp.test"]
assigned_site = "P01"

[[boundary_groups]]
name = "B"
boundaries = ["floor", "berlin"]
servers = ["dp2.corp.test"]

[[servers]]
host = "dp1.corp.test"
roles = ["dp"]

[[servers]]
host = "dp2.corp.test"
roles = ["dp"]
"""
MACHINES = "name,addresses,ad_site\nPC1,10.1.2.9/24,\nPC2,10.1.2.10/24;10.1.3.4/24,\nPC3,,Berlin\n"
ANSWERS = """\
name,boundaries,groups,mp,dp,sup,smp,cmg,timeline,site,site_from,notes
PC1,desks,A,,dp1.corp.test,,,,dp 0:dp1.corp.test,P01,boundary,
PC2,floor,B,,dp2.corp.test,,,,dp 0:dp2.corp.test,P09,fallback,
PC3,berlin,B,,dp2.corp.test,,,,dp 0:dp2.corp.test,P09,fallback,no-address
"""
HAS_FLEET = bool(find_spec("numpy") and find_spec("pyarrow"))
needs_fleet = pytest.mark.skipif(not HAS_FLEET, reason="the extra 'fleet' is not installed")
ENGINES = ["pure", pytest.param("fleet", marks=needs_fleet)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("data.toml").write_text(DATA)
    Path("other.toml").write_text(DATA.replace("10.1.2.9", "10.1.2.8"))
    Path("machines.csv").write_text(MACHINES)
    return tmp_path


@pytest.fixture
def plan(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["boundaries", "plan", "--data", "data.toml", *arguments])
        captured = capfdbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode()

    return run


Plan = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("engine", ENGINES)
def test_csv__is_printed_and_the_count_told(engine: str, plan: Plan) -> None:
    assert plan("machines.csv", "--engine", engine) == (codes.DONE, ANSWERS, "3 machines\n")


@pytest.mark.parametrize("engine", ENGINES)
def test_json_lines__in_and_out_with_the_result_last(engine: str, plan: Plan) -> None:
    rows = [{"name": "PC1", "addresses": ["10.1.2.9/24", "fe80::1/64"]}, {"name": "PC2", "addresses": None}]
    Path("machines.jsonl").write_text("\n".join(map(json.dumps, rows)))
    code, out, _ = plan("machines.jsonl", "--engine", engine, "--format", "json")
    first, second, result = map(json.loads, out.splitlines())
    assert (code, first["boundaries"], second["notes"]) == (codes.DONE, ["desks"], ["no-address"])
    assert first["timeline"] == [{"role": "dp", "minute": 0, "host": "dp1.corp.test"}]
    assert result == {"schema": "cmclient.plan/1", "machines": 2, "left_out": 0}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_output__is_a_file_by_its_extension_and_nothing_else_is_left(
    engine: str, name: str, plan: Plan, folder: Path
) -> None:
    assert plan("machines.csv", "--engine", engine, "--output", name) == (codes.DONE, "", "3 machines\n")
    rows = Path(name).read_text().splitlines()
    assert rows == ANSWERS.splitlines() if name == "out.csv" else [json.loads(row)["name"] for row in rows][2] == "PC3"
    assert {path.name for path in folder.iterdir() if "out" in path.name} == {name}


@needs_fleet
def test_parquet__in_and_out(plan: Plan) -> None:
    import pyarrow as pa  # noqa: PLC0415 - only where it is installed
    import pyarrow.parquet as pq  # noqa: PLC0415

    lists = pa.array([["10.1.2.9/24"], None, ["10.1.3.4/24", "10.1.2.1"]], pa.list_(pa.string()))
    pq.write_table(pa.table({"name": ["PC1", "PC2", "PC3"], "addresses": lists, "os": [1, 2, 3]}), "machines.parquet")
    code, _, said = plan("machines.parquet", "--output", "out.parquet")
    assert code == codes.DONE
    assert "machines.parquet: the column 'os' is not known, and passed over\n" in said
    found = pq.read_table("out.parquet").to_pydict()
    assert found["boundaries"] == [["desks"], [], ["desks", "floor"]]
    assert found["timeline"][0] == [{"role": "dp", "minute": 0, "host": "dp1.corp.test"}]
    assert (found["notes"][2], found["site"][2], found["groups"][2]) == (["subnet-unknown"], "P01", ["A", "B"])
    code, _, _ = plan("machines.parquet", "--compare", "other.toml", "--output", "changes.parquet")
    changes = pq.read_table("changes.parquet").to_pydict()
    assert (changes["name"], changes["groups_removed"]) == (["PC1"], [["A"]])


@pytest.mark.parametrize("engine", ENGINES)
def test_compare__only_who_changes_with_what_and_the_counts(engine: str, plan: Plan) -> None:
    code, out, said = plan("machines.csv", "--compare", "other.toml", "--engine", engine)
    assert code == codes.DONE
    header, *rows = out.splitlines()
    assert header.startswith("name,changes,groups_added,groups_removed,servers_added,")
    assert rows == ["PC1,groups;dp;site,,A,,dp 0:dp1.corp.test,,P01,P09"]
    assert said == "3 machines\n1 of them change: dp of 1, groups of 1, site of 1\n"


def test_compare__as_json_has_the_counts_in_the_result(plan: Plan) -> None:
    _, out, _ = plan("machines.csv", "--compare", "other.toml", "--format", "json")
    assert json.loads(out.splitlines()[-1]) == {
        "schema": "cmclient.plan/1",
        "machines": 3,
        "left_out": 0,
        "changed": 1,
        "changes": {"groups": 1, "dp": 1, "site": 1},
    }


BAD = "name,addresses,ad_site\nPC1,10.1.2.9/24,\n,10.1.2.9/24,\nPC3,10.1.2.9/99,\n\nPC4\nPC5,10.1.3.9/24,\n"


@pytest.mark.parametrize("engine", ENGINES)
def test_bad_rows__are_an_error_with_line_and_field_and_leave_no_file(engine: str, plan: Plan, folder: Path) -> None:
    Path("machines.csv").write_text(BAD)
    code, _, said = plan("machines.csv", "--engine", engine, "--output", "out.csv")
    assert code == codes.USAGE
    assert "machines.csv: line 3, name: is empty" in said
    assert "machines.csv: line 4, addresses: '10.1.2.9/99' is not a network address" in said
    assert "machines.csv: line 6: has 1 fields, and the header 3" in said
    assert [path.name for path in folder.iterdir() if "out" in path.name] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_bad_rows__are_left_out_and_counted_when_asked(engine: str, plan: Plan) -> None:
    Path("machines.csv").write_text(BAD)
    code, out, said = plan("machines.csv", "--engine", engine, "--lenient")
    assert (code, [row.partition(",")[0] for row in out.splitlines()]) == (codes.DONE, ["name", "PC1", "PC5"])
    assert said.count("left out: machines.csv: line ") == 3
    assert said.endswith("2 machines, 3 rows left out\n")


def test_byte_order_mark_type_line_and_semicolons__of_powershell_and_excel(plan: Plan) -> None:
    Path("machines.csv").write_bytes(
        b'\xef\xbb\xbf#TYPE Selected.Object\r\n"Name";"addresses";"OS"\r\n"PC1";"10.1.2.9/24";"x"\r\n'
    )
    code, out, said = plan("machines.csv")
    assert code == codes.DONE
    assert out.splitlines()[1].startswith("PC1,desks,A,")
    assert said.count("the column 'OS' is not known, and passed over") == 1
    assert "there is no column 'ad_site': ad-site boundaries hold none of these" in said


def test_standard_input__needs_to_be_told_its_kind(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, said = plan("-")
    assert code == codes.USAGE
    assert "--from csv, json or parquet" in said
    with Path("machines.csv").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert plan("-", "--from", "csv")[:2] == (codes.DONE, ANSWERS)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("gone.csv",), "gone.csv cannot be read"),
        (("machines.xlsx",), "its extension does not say"),
        (("machines.csv", "--output", "out.xlsx"), "its extension does not say"),
        (("empty.csv",), "empty.csv: it is empty"),
        (("data.csv",), "addresses: the column is missing"),
        (("machines.csv", "--compare", "gone.toml"), "gone.toml cannot be read"),
    ],
)
def test_what_cannot_be_read__is_told(arguments: tuple[str, ...], text: str, plan: Plan) -> None:
    Path("empty.csv").write_text("")
    Path("data.csv").write_text("name;ip\n")
    code, out, said = plan(*arguments)
    assert (code, out) == (codes.USAGE, "")
    assert text in said


def test_output__where_nothing_can_be_written(plan: Plan) -> None:
    code, _, said = plan("machines.csv", "--output", "no-such-folder/out.csv")
    assert code == codes.FAILED
    assert "no-such-folder/out.csv cannot be written" in said


def test_output__to_a_device_is_written_as_it_is(plan: Plan) -> None:
    assert plan("machines.csv", "--engine", "pure", "--output", "/dev/null")[0] == codes.USAGE
    Path("null.csv").symlink_to("/dev/null")
    assert plan("machines.csv", "--output", "null.csv")[0] == codes.DONE
    assert Path("null.csv").is_symlink()


def test_without_the_extra__parquet_says_what_to_install(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmclient.adapters.fleet._MISSING", "No module named 'numpy'")
    for arguments in (("x.parquet",), ("machines.csv", "--output", "x.parquet"), ("machines.csv", "--engine", "fleet")):
        code, _, said = plan(*arguments)
        assert code == codes.FAILED
        assert "pip install cmclient[fleet]" in said


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_interrupted__nothing_is_left_under_the_final_name(folder: Path) -> None:
    read_end, write_end = os.pipe()
    arguments = ("boundaries", "plan", "--data", "data.toml", "-", "--from", "csv", "--output", "out.csv")
    with start_command(*arguments, stdin=read_end) as running:
        os.close(read_end)
        try:
            os.write(write_end, MACHINES.encode())
            while not any(path.suffix == ".part" for path in folder.iterdir()):
                assert running.poll() is None
            running.send_signal(signal.SIGINT)
            assert running.wait(timeout=60) == codes.INTERRUPTED
        finally:
            os.close(write_end)  # else one that does not end would be waited for without end
    assert not any("out.csv" in path.name for path in folder.iterdir())
