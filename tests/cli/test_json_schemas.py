"""What commands print with ``--format json`` is what the schemas in docs/schema say: real output, held against them."""

import contextlib
import json
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import docpages
import pytest
import schemas
import trustme
from jsonschema import Draft202012Validator
from schematypes import Schema

import cmclient
from cmclient.cli.agent import _events
from cmclient.cli.fetchviews import watch_download
from cmclient.cli.main import main
from cmclient.lab import built_in_text
from cmclient.model.download import DownloadEvent, EventKind
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName
from cmclient.model.reason import Reason

CASES_FOLDER = Path(__file__).parent.parent / "vectors" / "logs"
ROOT = Path(__file__).parent.parent.parent


class Case(NamedTuple):
    """A command whose output is looked at.

    Attributes:
        name: The document.
        line: The command; ``SITE``, ``LOGS`` and the like are files of the folder that it runs in.
        code: How it ends.
        before: Commands that come before it.
        last: Another document, that the last line is.
    """

    name: str
    line: str
    code: int = 0
    before: tuple[str, ...] = ()
    last: str = ""


MESSAGE = "--topic 800 --state 308 --param http://mp1.corp.example/ccmsetup.cab"
QUEUED = f"report send --lab --store queue.sqlite3 {MESSAGE} --lab-fault fsp=refuse"
LOGS = " ".join(f"cases/{path.name}" for path in sorted(CASES_FOLDER.glob("*.log")))
CASES = (
    Case("location", "locate --lab --explain"),
    Case("location", "locate --lab --set profile=cm07"),
    Case("location", "locate --lab --set network_location=internet"),
    Case("location", "locate --lab --domain partner.test --ad-site Somewhere --address 10.9.9.9"),
    Case("location", "locate --offline --site-code P01", 3),
    Case("location", "locate --lab --lab-fault mp=refuse", 5),
    Case("location", "locate --lab --lab-fault mp=refuse --lab-fault fsp=refuse", 5),
    Case("location", "locate --lab --lab-fault ad=refuse --lab-fault dns=servfail", 5),
    Case("role-location", "locate --role sup --lab"),
    Case("role-location", "locate --role sup --data lab.toml --address 127.45.20.42/24"),
    Case("role-location", "locate --role smp --data lab.toml --address 127.45.10.42/24"),
    Case("role-location", "locate --role device-mp --lab --client-kind mac"),
    Case("role-location", "locate --role fsp --offline", 3),
    Case("role-location", "locate --role sup --lab --lab-fault mp=refuse", 5),
    Case("discovery", "discover --lab"),
    Case("discovery", "discover --lab --lab-fault mp=refuse"),
    Case("discovery", "discover --lab --client-kind mac", 3),
    Case("facts", "facts --offline"),
    Case("facts", "facts --lab"),
    Case("facts", "facts --facts-from client-logs --offline"),
    Case("replay", "replay saved.json"),
    Case("replay", "replay other.json", 9),
    Case("assignment", "assign --lab"),
    Case("assignment", "assign --data lab.toml --address 127.45.20.42/24"),
    Case("assignment", "assign --data lab.toml --address 10.9.9.9/24 --set site_code=ZZZ", 4),
    Case("assignment", "assign --lab --client-version 5.00.5000.1000"),
    Case("assignment", "assign --lab --lab-fault ad=refuse --lab-fault mp=refuse", 5),
    Case("content", "content P0100003 --lab --order task-sequence --allow remote-dp"),
    Case("content", "content P0109999 --lab", 7),
    Case("content", "content P0100001 --lab --lab-fault mp=refuse", 5),
    Case("download", "fetch P0100003 fetched --lab"),
    Case("download", "fetch P0109999 nowhere --lab", 7),
    Case("download", "fetch P0100001 waited --version 3 --lab --address 127.99.0.1/24 --deadline 3", 7),
    Case("download", "fetch P0100003 failed --lab --lab-fault dp=404 --no-wait --deadline 3", 7),
    Case("download", "fetch P0100003 lost --lab --lab-fault mp=refuse", 5),
    Case("download", "fetch --client-package setup --lab"),
    Case("download", "fetch --client-package setup-lost --lab --lab-fault mp=refuse --no-wait", 5),
    Case("boundaries", "boundaries match 127.45.10.42/24 --data lab.toml --role mp --role dp --role smp"),
    Case("boundaries", "boundaries match 10.9.9.9 --vpn-name home --data site --minute 130"),
    Case("boundary-findings", "boundaries check --data site", 9),
    Case("boundary-findings", "boundaries check --data lab.toml"),
    Case("boundary-groups", "boundaries show --data site --svg groups.svg --force"),
    Case("boundary-groups", "boundaries show --data lab.toml"),
    Case("boundaries-import", "boundaries import site --output imported.toml --force"),
    Case("boundaries-import", "boundaries import wrong.csv --output wrong.toml", 9),
    Case("plan", "boundaries plan machines.csv --data site"),
    Case("plan", "boundaries plan machines.csv --data site --compare later.toml"),
    Case("certificates", "cert list --certificate client.pem --set use_pki_cert=true"),
    Case("certificates", "cert list --certificate wrong.csv", 4),
    Case("certificates", "cert list", 3),
    Case("doctor", "doctor --lab --lab-fault dp=404", 9),
    Case("setup-line", "setup-line check '/mp:mp1.corp.example /UsePKICert /regtoken:abc SMSMP=mp1 SMSSITECODE=P01'"),
    Case("setup-line", "setup-line check '/nonsense SMSSITECODE=TOOLONG'", 9),
    Case("config", "config show --origins --site-code P01"),
    Case("config", "config show --changed"),
    Case("rules", "rules"),
    Case("rules", "rules MP-003"),
    Case("log", "log client-logs"),
    Case("log", f"log {LOGS}"),
    Case("log", "log machines.csv"),
    Case("log-code", "log --code 0x87d00215"),
    Case("log-code", "log --code 0x12345678", 1),
    Case("error", "locate --set site_code=TOOLONG", 2),
    Case("error", "log nowhere.log", 2),
    Case("error", "replay machines.csv", 2),
    Case("error", "report drop 7 --store none.sqlite3", 2),
    Case("error", "boundaries match 10.1.2.3 --data wrong.csv", 2),
    Case("agent-event", "agent --once --lab --store agent.sqlite3", last="agent-status"),
    Case("agent-event", "agent --once --lab --lab-fault mp=refuse", 5, last="agent-status"),
    Case("agent-status", "agent status --store none.sqlite3", 1),
    Case("agent-status", "agent status --store ran.sqlite3", 1, before=("agent --once --lab --store ran.sqlite3",)),
    Case("report-list", "report list --lab --store queue.sqlite3", before=(QUEUED,)),
    Case("report-list", "report list"),
    Case("report-send", f"report send --lab --store sent.sqlite3 {MESSAGE}"),
    Case("report-send", QUEUED),
    Case("report-send", f"report send {MESSAGE}", 1),
    Case("report-flush", "report flush --lab --store flushed.sqlite3"),
    Case("report-flush", "report flush --lab --store queue.sqlite3 --lab-fault fsp=refuse", 8, before=(QUEUED,)),
    Case("report-drop", "report drop --all --lab --store queue.sqlite3", before=(QUEUED,)),
    Case("report-states", "report states"),
    Case("report-states", "report states --topic 800"),
)


def schema_of(name: str) -> Schema:
    found: Schema = json.loads((docpages.DOCS / "schema" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def say_what_is_wrong(name: str, document: object) -> str:
    """The first thing in a document that its schema does not allow; empty for none."""
    errors = Draft202012Validator(schema_of(name)).iter_errors(document)
    return "; ".join(f"{error.json_path}: {error.message[:300]}" for error in errors)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with boundary data, logs, machines, a certificate, and a saved decision."""
    made = tmp_path_factory.mktemp("json")
    shutil.copytree(ROOT / "docs" / "example", made, dirs_exist_ok=True)
    shutil.copytree(CASES_FOLDER, made / "cases", ignore=shutil.ignore_patterns("*.yml"))
    (made / "lab.toml").write_text(built_in_text(), encoding="utf-8")
    (made / "wrong.csv").write_text('"BoundaryID","BoundaryType","Value"\n"3","3","10.1.2.9-10.1.2.1"\n')
    certificate = trustme.CA().issue_cert("pc042.corp.contoso.test", common_name="pc042.corp.contoso.test")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(made / "client.pem"))
    with contextlib.chdir(made), Path("saved.json").open("w") as file, contextlib.redirect_stdout(file):
        main(["locate", "--lab", "--format", "json"])
    saved = json.loads((made / "saved.json").read_text())
    (made / "other.json").write_text(json.dumps(saved | {"catalogue": "0", "rejected": []}))
    return made


def printed(line: str, code: int, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints."""
    capsys.readouterr()
    assert main([*shlex.split(line), "--format", "json"]) == code, capsys.readouterr().err
    return capsys.readouterr().out


def documents_of(case: Case, out: str) -> list[tuple[str, Any]]:
    """The documents that were printed, each with the name of its schema."""
    if not schemas.DOCUMENTS[case.name].is_line:
        return [(case.name, json.loads(out))]
    found = [(case.name, json.loads(line)) for line in out.splitlines()]
    return [*found[:-1], (case.last or case.name, found[-1][1])]


def renamed(document: object, where: str = "$") -> Iterator[tuple[str, object]]:
    """The document with one field renamed, for each field of each object in it; of a list the first item alone."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield f"{where}.{key}", {(f"{key}_" if one == key else one): document[one] for one in document}
            yield from ((at, {**document, key: other}) for at, other in renamed(value, f"{where}.{key}"))
    elif isinstance(document, list) and document:
        yield from ((at, [other, *document[1:]]) for at, other in renamed(document[0], f"{where}[0]"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}: {case.line}"[:70])
def test_output__is_what_the_schema_says(
    case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for line in case.before:
        printed(line, 0, capsys)
    documents = documents_of(case, printed(case.line, case.code, capsys))
    assert documents
    for name, document in documents:
        assert say_what_is_wrong(name, document) == ""


# A line that says how far it is may lack what is not known yet; those that are hard to bring about are made here.
EVENTS = (
    DownloadEvent(EventKind.RESUMED, 1.0, "http://dp1/a", "a.cab", 5, 10),
    DownloadEvent(EventKind.PROGRESS, 2.0, "http://dp1/a", "a.cab", 5),
    DownloadEvent(EventKind.PROGRESS, 4.0, "http://dp1/a", "a.cab", 5, 10, 1, 2.5, 2.0),
    DownloadEvent(EventKind.LISTED, 5.0, done=0, files=3),
    DownloadEvent(EventKind.FAILURE, 6.0, "http://dp1/a", detail="it said no", code="source-refused"),
    DownloadEvent(
        EventKind.FAILURE, 7.0, "http://dp1/a", "a.cab", detail="cut", code="connection-lost", seconds_left=0.0
    ),
    DownloadEvent(EventKind.WAITING, 8.0, seconds_left=3.0),
)


def test_line_of_a_download__is_what_the_schema_says(capsys: pytest.CaptureFixture[str]) -> None:
    with watch_download("json", "P0100001.3") as watch:
        assert watch is not None
        for event in EVENTS:
            watch(event)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == len(EVENTS)
    assert [say_what_is_wrong("download", line) for line in lines] == [""] * len(lines)


def test_line_of_an_agent__is_what_the_schema_says(capsys: pytest.CaptureFixture[str]) -> None:
    callbacks = _events("json")
    left, now = (Endpoint(Scheme.HTTP, HostName(name), 80) for name in ("mp1.test", "mp2.test"))
    callbacks.on_rotated(left, now, Reason("ST-002", "five failures"))
    callbacks.on_unmanaged(Reason("", "nobody answers"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["rotated", "unmanaged"]
    assert [say_what_is_wrong("agent-event", line) for line in lines] == ["", ""]


# Objects whose keys are data: a fact, an address. No name of them is wrong.
MAPS = (".origins.", ".by_address.", ".left_out.")


@pytest.mark.parametrize(
    "case",
    [
        Case("boundaries", "boundaries match 127.45.10.42/24 --data lab.toml --role mp --role dp"),
        Case("setup-line", "setup-line check '/mp:mp1.corp.example SMSMP=mp1'"),
        Case("config", "config show --changed --site-code P01"),
        Case("report-list", "report list --store queue.sqlite3 --lab", before=(QUEUED,)),
        Case("assignment", "assign --data lab.toml --address 127.45.20.42/24"),
    ],
    ids=lambda case: case.name,
)
def test_field_of_another_name__is_not_what_the_schema_says(
    case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for line in case.before:
        printed(line, 0, capsys)
    document = json.loads(printed(case.line, 0, capsys))
    validator = Draft202012Validator(schema_of(case.name))
    others = [(where, other) for where, other in renamed(document) if not any(name in where for name in MAPS)]
    assert len(others) > 1
    assert [where for where, other in others if validator.is_valid(other)] == []


# --- the schemas ----------------------------------------------------------------------------------------------------


def parts_of(schema: object, where: str = "") -> Iterator[tuple[str, Schema]]:
    """Every part of a schema that is a schema."""
    if not isinstance(schema, dict):
        return
    yield where, schema
    for word in ("properties", "$defs"):
        for name, part in schema.get(word, {}).items():
            yield from parts_of(part, f"{where}/{name}")
    for word in ("oneOf", "anyOf", "prefixItems"):
        for place, part in enumerate(schema.get(word, ())):
            yield from parts_of(part, f"{where}/{place}")
    for word in ("items", "additionalProperties"):
        yield from parts_of(schema.get(word), f"{where}/{word}")


# Fields that are not always there.
OPTIONAL = {
    ("boundary-groups", "picture"),  # without --svg
    *(("boundary-groups", name) for name in ("kind", "value", "description", "starts_with")),  # not in the data
    *(("boundary-findings", name) for name in ("boundaries", "groups", "servers", "sites")),  # what it is about
    *(("boundaries", role) for role in ("mp", "dp", "sup", "smp", "cmg")),  # not asked for
    *(("plan", name) for name in ("changed", "changes")),  # without --compare
    *(("log", name) for name in ("sources", "reply")),  # of an event that has none
    *(("download", name) for name in ("file", "total", "speed", "seconds_left")),  # not known
}


@pytest.mark.parametrize("name", schemas.DOCUMENTS)
def test_schema__is_one_says_each_field_and_lets_nothing_else_through(name: str) -> None:
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    assert (schema["$schema"], schema["$id"]) == (schemas.DRAFT, f"{name}.json")
    assert schema["title"]
    for where, part in parts_of(schema):
        if "properties" in part:
            assert part["additionalProperties"] is False, where
            missing = set(part["properties"]) - set(part["required"])
            assert {(name, field) for field in missing} <= OPTIONAL, where
            undescribed = [field for field, one in part["properties"].items() if not has_description(one, schema)]
            assert undescribed == [], where
        elif part.get("type") == "object":
            assert isinstance(part["additionalProperties"], dict), where


def has_description(part: Schema, whole: Schema) -> bool:
    """Whether a field is described, by itself or by what it refers to."""
    referred = part.get("$ref", "").removeprefix("#/$defs/")
    return bool(part.get("description") or (referred and whole["$defs"][referred].get("description")))


def test_every_command__has_a_schema() -> None:
    said = {command for document in schemas.DOCUMENTS.values() for command in document.commands}
    actions = {"config": "config show"}  # commands whose help does not name an action
    for words in docpages.commands():
        command = actions.get(" ".join(words), " ".join(words))
        group = any(other[: len(words)] == words and other != words for other in docpages.commands())
        assert group or command in said or command in schemas.NO_JSON, command


def test_every_schema__is_held_against_output_that_ends_well_and_otherwise() -> None:
    ends: dict[str, set[bool]] = {}
    for case in CASES:
        for name in {case.name, case.last or case.name}:
            ends.setdefault(name, set()).add(case.code == 0)
    assert set(ends) == set(schemas.DOCUMENTS) - {"log-record"}
    assert ends.pop("error") == {False}
    never_fail = {"facts", "boundary-groups", "plan", "config", "rules", "log", "report-list", "report-drop"}
    assert {name for name, codes in ends.items() if False not in codes} <= never_fail | {"report-states", "boundaries"}


def test_every_document__that_says_which_it_is_has_a_schema_of_that_name() -> None:
    code = Path(cmclient.__file__).parent.rglob("*.py")
    said = set(
        chain.from_iterable(re.findall(r'"cmclient\.([a-z-]+)/(\d+)"', path.read_text("utf-8")) for path in code)
    )
    kept = {("lease", "1")}  # kept in the store, never printed
    shown = set()
    for name in schemas.DOCUMENTS:
        found = re.findall(r'"cmclient\.([a-z-]+)/(\d+)"', json.dumps(schema_of(name)))
        shown |= {one for one in found if one[0] == name}
    assert said - kept == shown


def test_log_line__is_what_the_schema_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.chdir(folder):
        assert main(["locate", "--lab", "--log-level", "debug", "--log-format", "json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert len(lines) > 1
    assert [say_what_is_wrong("log-record", line) for line in lines] == [""] * len(lines)
