"""``cmclient doctor`` as a person runs it."""

import json
from pathlib import Path

from ourcommand import run_command

from cmclient.lab import built_in_text


def run(*arguments: str, folder: Path) -> tuple[int, str, str]:
    done = run_command("doctor", *arguments, code=None, seconds=90, folder=folder)
    return done.returncode, done.stdout, done.stderr


def test_finding__what_how_sure_and_what_to_do(tmp_path: Path) -> None:
    code, out, _ = run("--lab", folder=tmp_path)  # the lab comes with a dead server
    assert code == 9
    assert out.startswith("1 warning; ")
    assert "WARN  management point http://mp3.corp.contoso.test" in out
    assert "how sure: likely" in out
    assert "what next: See that the machine is on" in out
    assert list(tmp_path.iterdir()) == []


def test_json_and_page__say_the_same(tmp_path: Path) -> None:
    code, out, _ = run("--lab", "--lab-fault", "dp=404", "--format", "json", "--html", "page.html", folder=tmp_path)
    document, page = json.loads(out), (tmp_path / "page.html").read_text(encoding="utf-8")
    findings = [one for one in document["checks"] if one["level"] in {"warn", "error"}]
    assert (code, document["schema"], document["healthy"]) == (9, "cmclient.doctor/1", False)
    assert {(one["area"], one["code"]) for one in findings} == {
        ("management point", "connect"),
        ("distribution point", "source-refused"),
    }
    assert all(one["what"] in page and one["do"] in page for one in findings)
    assert "<script" not in page
    assert "src=" not in page
    assert run("--lab", "--html", "page.html", folder=tmp_path)[0] == 2  # a file that is there stays


def test_text_of_a_server__is_text_in_the_page(tmp_path: Path) -> None:
    run("--lab", "--lab-fault", "mp=html", "--html", "page.html", folder=tmp_path)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<title>") == 1
    assert "Welcome to the guest network" in page


def test_nothing_wrong__code_0(tmp_path: Path) -> None:
    text = built_in_text().replace('faults = ["mp:mp3=refuse"]', "faults = []")
    (tmp_path / "lab.toml").write_text(text, encoding="utf-8")
    code, out, _ = run("--lab-file", "lab.toml", folder=tmp_path)
    assert (code, out.partition(";")[0]) == (0, "Nothing is wrong"), out


def test_a_what_if__is_about_that_machine(tmp_path: Path) -> None:
    code, out, _ = run("--lab", "--domain", "", "--format", "json", folder=tmp_path)
    checks = json.loads(out)["checks"]
    directory = [one for one in checks if one["area"] == "directory"]
    assert code == 9
    assert [(one["level"], "workgroup" in one["what"]) for one in directory[:1]] == [("skipped", True)]
