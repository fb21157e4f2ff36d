"""``cmclient log``."""

import argparse
import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cmclient.cli import codes
from cmclient.cli.main import main
from cmclient.cli.options import add_facts, add_settings, read_run
from cmclient.config import load_config

CASES = Path(__file__).parents[1] / "vectors" / "logs"


def case(number: int) -> str:
    return str(next(CASES.glob(f"{number:03}-*.log")))


def document(capsys: pytest.CaptureFixture[str]) -> dict:  # type: ignore[type-arg]
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_the_story_is_told_with_order_rules_and_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", case(1)]) == codes.DONE
    said = capsys.readouterr().out
    assert "- 3 sources listed, testclient.contoso.com first" in said
    assert "1. SUBNETPEER https://TestClient.Contoso.Com:8003/SCCM_BranchCache$/CAS00015" in said
    assert "CL-001, CL-046, CL-003, CL-004: The management point lists" in said
    assert "001-cb-peercache-subnetpeer-first.log:16: DTSJob" in said
    assert "Errors and warnings: none" in said


def test_json_has_events_decisions_errors_and_unread(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "--format", "json", case(19), case(85)]) == codes.DONE
    story = document(capsys)
    assert story["schema"] == "cmclient.log/1"
    assert {"events", "decisions", "checks", "errors", "unread", "notes", "facts"} <= story.keys()
    assert story["events"][0]["kind"] == "trust-error"
    assert [one["rules"][0] for one in story["decisions"][:2]] == ["TR-030", "MP-007"]
    assert story["errors"][0]["known"][0]["code"].startswith("0x")
    assert [file["damaged"] for file in story["unread"]] == [0, 2]
    assert story["decisions"][1]["quotes"][-1]["line"] == 5


def test_errors_alone_leave_decisions_and_timeline_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "--errors", case(79)]) == codes.DONE
    said = capsys.readouterr().out
    assert "0x87d00226: HTTP was asked for, and the client may use HTTPS only" in said
    assert "Decisions" not in said
    assert "Timeline" not in said


@pytest.mark.parametrize("code", ["0x87d00215", "-2016411115", "2278556181"])
def test_a_code_is_explained(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "--code", code]) == codes.DONE
    said = capsys.readouterr().out
    assert said.startswith("0x87d00215: an item was not found")
    assert (f"{code} is the same code" in said) is not code.startswith("0x")


@pytest.mark.parametrize(
    ("speaker", "shown", "missing"),
    [
        ("CheckAndLogOSInformation", "WMI of the client is broken", "no source"),
        ("elsewhere", "of elsewhere in particular nothing is known", "--by"),
    ],
)
def test_a_code_is_explained_by_who_says_it(
    speaker: str, shown: str, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["log", "--code", "0x87d00215", "--by", speaker]) == codes.DONE
    out = capsys.readouterr().out
    assert shown in out
    assert missing not in out


def test_a_code_is_explained_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "--code", "0x801901F4", "--format", "json"]) == codes.DONE
    assert [one["code"] for one in document(capsys)["known"]] == ["0x801901f4", "HTTP 500"]


def test_a_code_that_nobody_knows_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "--code", "-559038737"]) == codes.FAILED
    assert "0xdeadbeef" in capsys.readouterr().out


def test_a_folder_stands_for_its_logs_of_locating_the_oldest_part_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ClientLocation.log").write_text("Current AD site of machine is NEW\n", "utf-8")
    (tmp_path / "ClientLocation.lo_").write_text("Current AD site of machine is OLD\n", "utf-8")
    (tmp_path / "PolicyAgent.log").write_text("Current AD site of machine is NOT READ\n", "utf-8")
    assert main(["log", "--format", "json", str(tmp_path)]) == codes.DONE
    story = document(capsys)
    assert [event["said"]["ad_site"] for event in story["events"]] == ["OLD", "NEW"]
    assert story["facts"]["ad_site"] == "NEW"


def test_files_that_are_named_are_joined_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("CAS.log", "CAS.lo_"):
        (tmp_path / name).write_text(f"Current AD site of machine is {name}\n", "utf-8")
    assert main(["log", "--format", "json", str(tmp_path / "CAS.log"), str(tmp_path / "CAS.lo_")]) == codes.DONE
    assert [event["file"] for event in document(capsys)["events"]] == ["CAS.lo_", "CAS.log"]


def test_a_folder_without_logs_of_locating_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "PolicyAgent.log").touch()
    assert main(["log", str(tmp_path)]) == codes.USAGE
    assert "no log that tells of locating" in capsys.readouterr().err


def test_without_a_client_a_log_has_to_be_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SystemRoot", raising=False)
    assert main(["log"]) == codes.USAGE
    assert "CCM\\Logs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.log"], "missing.log cannot be read"),
        (["--code-page", "utf-16", "{case}"], "code page"),
        (["--by", "ccmsetup", "{case}"], "--by goes with --code"),
        (["--html", "{there}", "{case}"], "is there already"),
    ],
)
def test_mistakes_of_the_command_line_are_said(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "there.html"
    there.write_text("mine", "utf-8")
    assert main(["log", *(one.format(case=case(1), there=there) for one in arguments)]) == codes.USAGE
    assert said in capsys.readouterr().err
    assert there.read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("data", "problem"),
    [(bytes(range(256)) * 20, "it is no text"), (b"<html><body>x", "it is a web page"), (b"", "it is empty")],
)
def test_a_file_that_is_no_log_is_said_to_be_none(
    data: bytes, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.log").write_bytes(data)
    assert main(["log", str(tmp_path / "x.log")]) == codes.FAILED
    assert problem in capsys.readouterr().out


# --- the page -------------------------------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script><img src=http://evil.test/x onerror=y>\"'"


class Tags(HTMLParser):
    """Every tag of a page, with its attributes, and what is open at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(*files: str, to: Path) -> tuple[str, Tags]:
    assert main(["log", "--html", str(to), *files]) == codes.DONE
    page = to.read_text("utf-8")
    tags = Tags()
    tags.feed(page)
    return page, tags


def test_the_page_shows_the_order_of_the_sources_as_a_picture(tmp_path: Path) -> None:
    page, tags = page_of(case(1), to=tmp_path / "story.html")
    pictures = [ET.fromstring(f"<svg{part.partition('</svg>')[0]}</svg>") for part in page.split("<svg")[1:]]
    assert len(pictures) == 2
    boxes = list(pictures[0].iter("{http://www.w3.org/2000/svg}g"))
    assert [next(box.itertext()) for box in boxes] == [
        "https://TestClient.Contoso.Com:8003/SCCM_BranchCache$/CAS00015",
        "http://P01.Contoso.com/SMS_DP_SMSPKG$/CAS00015",
        "https://P01.Contoso.Com/CCMTOKENAUTH_SMS_DP_SMSPKG$/CAS00015",
    ]
    assert [box.get("class") for box in boxes] == ["used", None, None]
    assert "001-cb-peercache-subnetpeer-first.log:16" in tags.text


def test_the_page_needs_nothing_else_and_runs_nothing(tmp_path: Path) -> None:
    log = tmp_path / "hostile.log"
    log.write_text(
        f"Rotating internet management point, new management point [1] is: {HOSTILE.replace(' ', '_')} (0) with"
        f" capabilities: <a/>\nDistribution Point='http://a/{HOSTILE.split(maxsplit=1)[0]}', Locality='{HOSTILE[:9]}'\n"
        f"failed with 0x87d00215 {HOSTILE}\n",
        "utf-8",
    )
    page, tags = page_of(str(log), to=tmp_path / "story.html")
    names = {tag for tag, _ in tags.tags}
    assert not names & {"script", "img", "iframe", "object", "link", "base", "form", "a"}
    attributes = {name for _, given in tags.tags for name in given}
    assert not attributes & {"src", "href", "onerror", "onload", "style"}
    assert HOSTILE in tags.text
    policy = next(given["content"] for tag, given in tags.tags if "http-equiv" in given)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert page.count("<html") == page.count("</html>") == 1


def test_a_page_replaces_another_only_when_told(tmp_path: Path) -> None:
    target = tmp_path / "story.html"
    page_of(case(1), to=target)
    assert main(["log", "--html", str(target), "--force", case(3)]) == codes.DONE
    assert "P04" in target.read_text("utf-8")


# --- facts ----------------------------------------------------------------------------------------------------------


def test_facts_come_from_a_log_and_nothing_is_stored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "store.sqlite3"
    arguments = ["locate", "--offline", "--format", "json", "--store", str(store), "--facts-from", case(9)]
    assert main(arguments) == codes.NONE_FOUND
    facts = document(capsys)["facts"]
    assert (facts["domain"], facts["ad_site"], facts["assigned_site"]) == (
        "contoso.com",
        "Default-First-Site-Name",
        "MEH",
    )
    assert [one["address"] for one in facts["adapters"][0]["addresses"]] == ["10.10.25.130", "10.10.25.166"]
    assert facts["origins"]["domain"].endswith(".log, line 1")
    assert not store.exists()


def test_facts_of_a_log_make_a_what_if() -> None:
    parser = argparse.ArgumentParser()
    add_settings(parser)
    add_facts(parser)
    config = load_config()
    here, there = (read_run(parser.parse_args(given), config) for given in ([], ["--facts-from", case(9)]))
    assert (here.writes, here.remembers) == (True, True)
    assert (there.writes, there.remembers) == (False, False)


def test_a_single_fact_given_besides_replaces_the_one_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    besides = ["--domain", "", "--ad-site", "Berlin"]  # without a domain nobody is asked
    assert main(["facts", "--format", "json", "--facts-from", case(9), *besides]) == codes.DONE
    assert document(capsys)["ad_site"] == "Berlin"


def test_a_log_that_says_nothing_of_its_client_gives_no_facts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "--facts-from", case(5)]) == codes.USAGE
    assert "says nothing of the client" in capsys.readouterr().err
