"""``shown.jsonl`` says what is so: the code that decides each rule, and the tests that show it."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from rulemarks import (
    COLLECTED,
    REGENERATE,
    Collected,
    MarkedTest,
    catalogue_ids,
    compact_ids,
    find_drift,
    find_places,
    require_record,
    scan_package,
)

import cmclient.errors
from cmclient.adapters.packagedata import read_shown
from cmclient.rules.catalogue import parse_shown

PACKAGE = Path(cmclient.errors.__file__).parent
IDS = frozenset({"MP-001", "MP-002", "MP-003"})


def test_places_in_code_are_those_on_record(request: pytest.FixtureRequest) -> None:
    require_record(request.config)
    recorded = {(rule, place) for rule, one in parse_shown(read_shown()).items() for place in one.code}
    present = {(rule, place) for rule, places in scan_package(PACKAGE, catalogue_ids()).items() for place in places}
    drift = [f"{rule} stands in {place} and is not recorded" for rule, place in sorted(present - recorded)]
    drift += [f"{rule} is recorded for {place} and does not stand there" for rule, place in sorted(recorded - present)]
    assert not drift, "\n".join([*drift, f"'{REGENERATE}' brings cmclient/rules/shown.jsonl up to date"])


def test_tests_of_rules_are_those_on_record(request: pytest.FixtureRequest) -> None:
    require_record(request.config)
    recorded = {rule: one.tests for rule, one in parse_shown(read_shown()).items()}
    drift = find_drift(recorded, request.config.stash[COLLECTED], request.config.rootpath)
    assert not drift, "\n".join([*drift, f"'{REGENERATE}' brings cmclient/rules/shown.jsonl up to date"])


SOURCE = '''
"""MP-001"""
TABLE = ("MP-001", "MP-900", "see MP-001")
print("MP-002")

@decides("MP-002")
class Outer:
    """MP-003"""

    value: str = "MP-003"

    def inner(self, rule="MP-001"):
        """MP-003"""
        def innermost():
            return Reason("MP-003", "text")

async def last():
    count = {"MP-002": 1}
'''


def test_rule_ids_are_found_where_they_are_values() -> None:
    assert sorted(find_places(SOURCE, IDS)) == [
        ("MP-001", "Outer.inner"),
        ("MP-001", "TABLE"),
        ("MP-002", ""),
        ("MP-002", "Outer"),
        ("MP-002", "last"),
        ("MP-003", "Outer"),
        ("MP-003", "Outer.inner.innermost"),
    ]


def test_places_name_the_module_from_the_package_on(tmp_path: Path) -> None:
    module = tmp_path / "made" / "rules" / "select.py"
    module.parent.mkdir(parents=True)
    module.write_text('"MP-001"\nprint("MP-002")\ndef judge(): return "MP-002"\n', "utf-8")
    assert scan_package(tmp_path / "made", IDS) == {"MP-002": ("made/rules/select.py", "made/rules/select.py:judge")}


def test_parameters_are_left_out_when_all_marked_ones_passed() -> None:
    marked = [
        MarkedTest("t.py::whole[a]", ("MP-001",), everywhere=True),
        MarkedTest("t.py::whole[b]", ("MP-001", "MP-002"), everywhere=True),
        MarkedTest("t.py::part[a]", ("MP-001",), everywhere=True),
        MarkedTest("t.py::part[b]", ("MP-001",), everywhere=True),
        MarkedTest("t.py::failed", ("MP-003",), everywhere=True),
    ]
    passed = frozenset({"t.py::whole[a]", "t.py::whole[b]", "t.py::part[b]"})
    assert compact_ids(marked, passed) == {"MP-001": ("t.py::part[b]", "t.py::whole"), "MP-002": ("t.py::whole",)}


MARKED = (
    MarkedTest("t.py::plain", ("MP-001",), everywhere=True),
    MarkedTest("t.py::cases[a]", ("MP-002",), everywhere=True),
    MarkedTest("t.py::real_server", ("MP-003",), everywhere=False),
)
NODE_IDS = frozenset({"t.py::plain", "t.py::cases[a]", "t.py::cases[b]", "t.py::real_server", "t.py::unmarked"})
WHOLE = Collected(NODE_IDS, MARKED, complete=True)
PART = Collected(frozenset({"t.py::cases[b]"}), (), complete=False)
ON_RECORD = {"MP-001": ("t.py::plain",), "MP-002": ("t.py::cases[a]",)}


@pytest.mark.parametrize(
    "recorded",
    [
        ON_RECORD,
        {**ON_RECORD, "MP-002": ("t.py::cases",)},
        {**ON_RECORD, "MP-003": ("t.py::real_server",)},
        {**ON_RECORD, "MP-003": ("there.py::test_deselected", "there.py::TestIn::test_class")},
    ],
)
def test_a_true_record_has_no_drift(recorded: dict[str, tuple[str, ...]], tmp_path: Path) -> None:
    (tmp_path / "there.py").write_text(
        "def test_deselected(): ...\nclass TestIn:\n    def test_class(self): ...\n", "utf-8"
    )
    assert find_drift(recorded, WHOLE, tmp_path) == ()


@pytest.mark.parametrize(
    ("recorded", "drift"),
    [
        ({"MP-001": ("t.py::plain",)}, "t.py::cases[a] shows MP-002 and is not recorded"),
        ({"MP-001": ("t.py::plain",), "MP-003": ("t.py::cases",)}, "t.py::cases[a] shows MP-002 and is not recorded"),
        ({**ON_RECORD, "MP-003": ("gone.py::t",)}, "gone.py::t is recorded for MP-003 and does not exist any more"),
        ({**ON_RECORD, "MP-003": ("there.py::t",)}, "there.py::t is recorded for MP-003 and does not exist any more"),
        (
            {**ON_RECORD, "MP-002": ("t.py::cases[a]", "t.py::cases[c]")},
            "t.py::cases[c] is recorded for MP-002 and has no such parameters any more",
        ),
        (
            {**ON_RECORD, "MP-001": ("t.py::plain", "t.py::unmarked")},
            "t.py::unmarked is recorded for MP-001 and is not marked with it any more",
        ),
        (
            {**ON_RECORD, "MP-002": ("t.py::cases[a]", "t.py::cases[b]")},
            "t.py::cases[b] is recorded for MP-002 and is not marked with it any more",
        ),
    ],
)
def test_drift_of_the_record_is_told(recorded: dict[str, tuple[str, ...]], drift: str, tmp_path: Path) -> None:
    (tmp_path / "there.py").write_text("def test_other(): ...\n", "utf-8")
    assert drift in find_drift(recorded, WHOLE, tmp_path)


def test_a_part_of_the_suite_tells_only_what_is_gone(tmp_path: Path) -> None:
    (tmp_path / "t.py").write_text("def plain(): ...\ndef cases(): ...\n", "utf-8")
    assert find_drift(ON_RECORD, PART, tmp_path) == ()
    (tmp_path / "t.py").write_text("def cases(): ...\n", "utf-8")
    assert find_drift(ON_RECORD, PART, tmp_path) == ("t.py::plain is recorded for MP-001 and does not exist any more",)


# --- the plugin, in a project of its own -----------------------------------------------------------------------------

PROJECT = {
    "pyproject.toml": """
        [tool.pytest.ini_options]
        addopts = ["--import-mode=importlib", "--strict-markers", "-p", "no:cacheprovider"]
        testpaths = ["tests"]
        markers = ["rule(*ids): shows rules", "slow: slow"]
        """,
    "tests/conftest.py": """
        pytest_plugins = ["rulemarks"]
        """,
    "cmclient/rules/order.py": """
        def rank_of():
            return "MP-003"
        """,
    "cmclient/rules/shown.jsonl": "",
    "tests/test_made.py": """
        import pytest

        @pytest.mark.rule("MP-003", "MP-004")
        @pytest.mark.parametrize("case", [1, pytest.param(2, marks=pytest.mark.rule("MP-005"))])
        def test_cases(case):
            pass

        @pytest.mark.slow
        @pytest.mark.rule("MP-007")
        def test_slow():
            pass

        @pytest.mark.rule("MP-008")
        def test_skipped():
            pytest.skip("not here")
        """,
}


def make_project(root: Path, **changed: str) -> Path:
    for name, text in {**PROJECT, **changed}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), "utf-8")
    return root


def run_pytest(root: Path, *options: str) -> tuple[int, str]:
    """Run the project's tests; -P keeps its package from hiding the real one."""
    folders = (str(Path(__file__).parents[1]), str(PACKAGE.parent))
    done = subprocess.run(  # noqa: S603 - this interpreter, our arguments
        [sys.executable, "-P", "-m", "pytest", *options],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_passing_run_writes_what_passed(tmp_path: Path) -> None:
    code, said = run_pytest(make_project(tmp_path), "--write-rule-marks", "-m", "not slow")
    assert code == 0, said
    assert "shown.jsonl written; 2 marked tests did not run and do not count" in said
    assert (tmp_path / "cmclient/rules/shown.jsonl").read_text("utf-8") == (
        '{"rule": "MP-003", "code": ["cmclient/rules/order.py:rank_of"], "tests": ["tests/test_made.py::test_cases"]}\n'
        '{"rule": "MP-004", "code": [], "tests": ["tests/test_made.py::test_cases"]}\n'
        '{"rule": "MP-005", "code": [], "tests": ["tests/test_made.py::test_cases"]}\n'
    )


def test_a_slow_test_that_passed_counts(tmp_path: Path) -> None:
    code, said = run_pytest(make_project(tmp_path), "--write-rule-marks")
    assert code == 0, said
    assert "tests/test_made.py::test_slow" in (tmp_path / "cmclient/rules/shown.jsonl").read_text("utf-8")


def test_a_failing_run_writes_nothing(tmp_path: Path) -> None:
    failing = {"tests/test_failing.py": "def test_failing():\n    assert False\n"}
    code, said = run_pytest(make_project(tmp_path, **failing), "--write-rule-marks")
    assert code == 1
    assert "shown.jsonl is as it was, because the run did not pass" in said
    assert (tmp_path / "cmclient/rules/shown.jsonl").read_text("utf-8") == ""


@pytest.mark.parametrize(
    "options",
    [("tests/test_made.py",), ("-k", "cases"), ("--ignore=tests/x",), ("--deselect=x",), ("--collect-only",)],
)
def test_a_part_of_the_suite_is_never_written(options: tuple[str, ...], tmp_path: Path) -> None:
    code, said = run_pytest(make_project(tmp_path), "--write-rule-marks", *options)
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "runs the complete suite" in said
    assert (tmp_path / "cmclient/rules/shown.jsonl").read_text("utf-8") == ""


def test_marks_that_name_no_rule_stop_the_run(tmp_path: Path) -> None:
    marks = {
        'rule("MP-900")': "test_0: 'MP-900' is not in the catalogue of rules",
        'rule("MP-003", "mp-003")': "test_1: 'mp-003' is not in the catalogue of rules",
        "rule(7)": "test_2: 7 is not in the catalogue of rules",
        "rule()": "test_3: write @pytest.mark.rule",
        'rule(id="MP-003")': "test_4: write @pytest.mark.rule",
    }
    tests = [f"@pytest.mark.{mark}\ndef test_{number}(): ...\n" for number, mark in enumerate(marks)]
    code, said = run_pytest(make_project(tmp_path, **{"tests/test_wrong.py": "import pytest\n" + "".join(tests)}))
    assert code == pytest.ExitCode.USAGE_ERROR
    assert [fault for fault in marks.values() if fault not in said] == []
