"""``boundaries import``, and boundary data of every kind for the other actions."""

import json
from pathlib import Path
from typing import Any

import pytest

from cmclient.cli import codes
from cmclient.cli.main import main

BOUNDARIES = """\
#TYPE IResultObject#SMS_Boundary
"BoundaryID","BoundaryType","DisplayName","Value"
"1","3","desks","10.1.2.1-10.1.2.9"
"2","1","branch"," Berlin "
"""
WRONG = BOUNDARIES + '"3","3","turned round","10.1.2.9-10.1.2.1"\n"4","0","of another kind","2001:db8::"\n'
MEMBERS = '"GroupID","BoundaryID"\n"7","1"\n"7","3"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an export in which nothing is wrong, and one of the same in which something is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "boundaries.csv").write_text(BOUNDARIES)
    (tmp_path / "wrong.csv").write_text(WRONG)
    (tmp_path / "groups.json").write_text(
        json.dumps({"value": [{"GroupID": 7, "Name": "A", "DefaultSiteCode": "P01"}]})
    )
    (tmp_path / "members.csv").write_text(MEMBERS)
    return tmp_path


def imported(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    main(["boundaries", "import", *arguments, "--format", "json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def written(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"boundaries.csv", "wrong.csv", "groups.json", "members.csv"}


def test_export__is_written_as_data_that_match_takes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boundaries", "import", "boundaries.csv", "groups.json", "--output", "data.toml"]) == codes.DONE
    shown = capsys.readouterr()
    assert shown.out == "data.toml: 2 boundaries (1 ip-range, 1 ad-site), 1 boundary group, 0 servers, 0 sites\n"
    assert shown.err == "note: boundaries.csv: line 4, Value: ' Berlin ' is read as 'Berlin'\n"
    assert written(folder) == {"data.toml"}
    assert main(["boundaries", "match", "10.1.2.9", "--data", "data.toml"]) == codes.DONE
    assert "10.1.2.1-10.1.2.9" in capsys.readouterr().out


def test_faults__are_all_told_and_nothing_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["wrong.csv", "groups.json", "members.csv"]
    assert main(["boundaries", "import", *files, "--output", "data.toml"]) == codes.FINDINGS
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "wrong.csv: line 5, Value: '10.1.2.9-10.1.2.1' is not a range boundary" in shown.err
    assert "wrong.csv: line 6, Value: '2001:db8::' is not a subnet boundary" in shown.err
    assert "2 faults; nothing is written" in shown.err
    assert written(folder) == set()


def test_lenient__writes_the_rest_and_says_what_is_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["wrong.csv", "groups.json", "members.csv"]
    assert main(["boundaries", "import", *files, "--output", "data.toml", "--lenient"]) == codes.DONE
    told = capsys.readouterr().err
    assert "left out boundary '3': wrong.csv: line 5, Value:" in told
    assert "note: members.csv: line 3: boundary '3' in boundary group '7' is left out, as boundary '3' is" in told
    assert "2 faults left out; the rest is written" in told
    text = (folder / "data.toml").read_text()
    assert "10.1.2.1-10.1.2.9" in text
    assert "10.1.2.9-10.1.2.1" not in text
    assert 'boundaries = ["1"]' in text


def test_folder__stands_for_the_files_in_it_that_may_be_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = folder / "export"
    export.mkdir()
    for name in ("boundaries.csv", "groups.json"):
        (folder / name).rename(export / name.upper())
    (export / "notes.txt").write_text("no data")
    assert main(["boundaries", "import", "export", "--output", "-"]) == codes.DONE
    assert "10.1.2.1-10.1.2.9" in capsys.readouterr().out


def test_folder__without_data_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty").mkdir()
    assert main(["boundaries", "import", "empty", "--output", "-"]) == codes.USAGE
    assert "empty is a folder without any .csv, .json, .ldif, .toml file" in capsys.readouterr().err


def test_lenient__with_nothing_left_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "cut.json").write_text('{"value": [{"BoundaryID": 1,')
    assert main(["boundaries", "import", "cut.json", "--output", "data.toml", "--lenient"]) == codes.FINDINGS
    assert "one fault; nothing is left to write" in capsys.readouterr().err
    assert "cut.json" in written(folder)
    assert "data.toml" not in written(folder)


def test_json__says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    document = imported(capsys, "wrong.csv", "groups.json", "--output", "data.toml")
    assert (document["output"], document["boundaries"], document["groups"]) == (None, 2, 1)
    assert document["faults"][0] == {
        "file": "wrong.csv",
        "row": "line 5",
        "field": "Value",
        "problem": "'10.1.2.9-10.1.2.1' is not a range boundary: its first address is above its last",
        "left_out": "boundary '3'",
    }
    assert document["notes"] == ["wrong.csv: line 4, Value: ' Berlin ' is read as 'Berlin'"]
    assert imported(capsys, "boundaries.csv", "--output", "data.toml")["output"] == "data.toml"


def test_standard_output__gets_the_data_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boundaries", "import", "boundaries.csv", "--output", "-"]) == codes.DONE
    (folder / "again.toml").write_text(capsys.readouterr().out)
    assert main(["boundaries", "import", "again.toml", "--output", "-"]) == codes.DONE
    assert capsys.readouterr().out == (folder / "again.toml").read_text()
    assert main(["boundaries", "import", "boundaries.csv", "--output", "-", "--format", "json"]) == codes.USAGE


def test_file_that_is_there__is_replaced_only_when_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = folder / "data.toml"
    target.write_text("mine")
    command = ["boundaries", "import", "boundaries.csv", "--output", "data.toml"]
    assert main(command) == codes.USAGE
    assert "--force" in capsys.readouterr().err
    assert target.read_text() == "mine"
    assert main(["boundaries", "import", "wrong.csv", "--output", "data.toml", "--force"]) == codes.FINDINGS
    assert target.read_text() == "mine"
    assert main([*command, "--force"]) == codes.DONE
    assert "10.1.2.1" in target.read_text()
    assert written(folder) == {"data.toml"}


def test_link__stays_one_and_what_it_points_to_is_replaced(folder: Path) -> None:
    (folder / "real.toml").write_text("mine")
    (folder / "link.toml").symlink_to("real.toml")
    assert main(["boundaries", "import", "boundaries.csv", "--output", "link.toml", "--force"]) == codes.DONE
    assert (folder / "link.toml").is_symlink()
    assert "10.1.2.1" in (folder / "real.toml").read_text()


@pytest.mark.parametrize("output", [".", "gone/data.toml", "/dev/null"])
def test_output_that_cannot_be_a_file__is_a_usage_error(
    output: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["boundaries", "import", "boundaries.csv", "--output", output, "--force"]) == codes.USAGE
    assert capsys.readouterr().err.startswith("cmclient: --output")
    assert written(folder) == set()


def test_file_that_cannot_be_read__is_a_usage_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boundaries", "import", "gone.csv", "--output", "data.toml"]) == codes.USAGE
    assert "gone.csv cannot be read" in capsys.readouterr().err
    assert written(folder) == set()


def test_match__takes_an_export_as_it_is_in_several_files(capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", "boundaries.csv", "--data", "groups.json"]
    assert main(["boundaries", "match", "10.1.2.9", *data]) == codes.DONE
    assert "10.1.2.1-10.1.2.9" in capsys.readouterr().out


def test_match__refuses_wrong_data_unless_it_is_lenient(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boundaries", "match", "10.1.2.9", "--data", "wrong.csv"]) == codes.USAGE
    refused = capsys.readouterr()
    assert refused.out == ""
    assert "line 5" in refused.err
    assert "line 6" in refused.err
    assert main(["boundaries", "match", "10.1.2.9", "--data", "wrong.csv", "--lenient"]) == codes.DONE
    shown = capsys.readouterr()
    assert "10.1.2.1-10.1.2.9" in shown.out
    assert "left out boundary '3': wrong.csv: line 5" in shown.err


def test_match__does_not_tell_faults_without_end(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "\n".join(f'"{number}","9","","x"' for number in range(1000))
    (folder / "many.csv").write_text('"BoundaryID","BoundaryType","DisplayName","Value"\n' + rows)
    assert main(["boundaries", "match", "10.1.2.9", "--data", "many.csv"]) == codes.USAGE
    assert "and 980 more, which 'cmclient boundaries import' lists" in capsys.readouterr().err
