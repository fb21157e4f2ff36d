"""Which rules the code decides and which tests show: the scan of the package, and the pytest plugin that writes it.

``pytest --write-rule-marks`` runs the complete suite and, when it passed, writes ``cmclient/rules/shown.jsonl``.
``tests/meta/test_rule_marks.py`` compares that file with what every run finds.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

__all__ = [
    "COLLECTED",
    "REGENERATE",
    "TARGET",
    "Collected",
    "MarkedTest",
    "catalogue_ids",
    "compact_ids",
    "find_drift",
    "find_places",
    "function_of",
    "marked_tests",
    "require_record",
    "scan_package",
]

REGENERATE = "pytest --write-rule-marks"
TARGET = Path("cmclient", "rules", "shown.jsonl")
_RULE_ID = re.compile(r"[A-Z0-9]{1,3}-\d{2,3}")
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_NOT_EVERYWHERE = ("integration", "slow", "skip", "skipif", "xfail")


class MarkedTest(NamedTuple):
    """A collected test that is marked with rules; ``everywhere`` when it is to pass in every run."""

    node_id: str
    rules: tuple[str, ...]
    everywhere: bool


class Collected(NamedTuple):
    """What a run collected, before anything was deselected by marks."""

    node_ids: frozenset[str]
    marked: tuple[MarkedTest, ...]
    complete: bool


COLLECTED = pytest.StashKey[Collected]()
_MARKED = "rule_marks"


# --- the code -------------------------------------------------------------------------------------------------------


def scan_package(package: Path, catalogue: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """For each rule that stands in the package's source, its places, sorted."""
    places: dict[str, set[str]] = defaultdict(set)
    for path in package.rglob("*.py"):
        module = path.relative_to(package.parent).as_posix()
        for rule, name in find_places(path.read_text("utf-8"), catalogue):
            places[rule].add(f"{module}:{name}" if name else module)
    return {rule: tuple(sorted(found)) for rule, found in places.items()}


def find_places(source: str, catalogue: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Rule ids that are whole string constants, each with the qualified name around it.

    A decorator belongs to what it decorates, a module's constant to its name; text that is no value (a docstring)
    does not count. The name is empty for what stands in a module without one.
    """
    return _walk(ast.parse(source), (), catalogue)


def _walk(node: ast.AST, scope: tuple[str, ...], catalogue: frozenset[str]) -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield from _walk(child, (*scope, child.name), catalogue)
            case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)) if not scope:
                yield from _walk(child, (name,), catalogue)
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Constant(value=str(text)) if _RULE_ID.fullmatch(text) and text in catalogue:
                yield text, ".".join(scope)
            case _:
                yield from _walk(child, scope, catalogue)


# --- the tests ------------------------------------------------------------------------------------------------------


def function_of(node_id: str) -> str:
    """The node id without its parameters."""
    return node_id.partition("[")[0]


def marked_tests(items: Iterable[pytest.Item], catalogue: frozenset[str]) -> tuple[MarkedTest, ...]:
    """The tests that are marked with rules.

    Raises:
        pytest.UsageError: A mark names no rule, or one that is not in the catalogue; all such marks at once.
    """
    marked, faults = [], []
    for item in items:
        rules: dict[str, None] = {}
        for mark in item.iter_markers("rule"):
            unknown = [repr(rule) for rule in mark.args if rule not in catalogue]
            if mark.kwargs or not mark.args:
                faults.append(f'{item.nodeid}: write @pytest.mark.rule("MP-003")')
            elif unknown:
                faults.append(f"{item.nodeid}: {', '.join(unknown)} is not in the catalogue of rules")
            else:
                rules.update(dict.fromkeys(mark.args))
        if rules:
            everywhere = not any(item.get_closest_marker(name) for name in _NOT_EVERYWHERE)
            marked.append(MarkedTest(item.nodeid, tuple(rules), everywhere))
    if faults:
        raise pytest.UsageError("\n".join(dict.fromkeys(faults)))
    return tuple(marked)


def compact_ids(marked: Iterable[MarkedTest], passed: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """For each rule the tests that passed; a function whose marked parameters all passed stands there once."""
    by_function: dict[tuple[str, str], list[str]] = defaultdict(list)
    for test in marked:
        for rule in test.rules:
            by_function[rule, function_of(test.node_id)].append(test.node_id)
    shown: dict[str, list[str]] = defaultdict(list)
    for (rule, function), node_ids in by_function.items():
        kept = [node_id for node_id in node_ids if node_id in passed]
        shown[rule] += [function] if len(kept) == len(node_ids) else kept
    return {rule: tuple(sorted(tests)) for rule, tests in shown.items() if tests}


def find_drift(recorded: Mapping[str, tuple[str, ...]], collected: Collected, root: Path) -> tuple[str, ...]:
    """What the recorded tests of the rules have against those of this run, a sentence each.

    Tests that need not pass in every run (slow ones, those for one system) may be missing from the record. A recorded
    test that was not collected only has to exist on disk; one that was collected has to be marked still.
    """
    found = []
    if collected.complete:
        found += [
            f"{test.node_id} shows {rule} and is not recorded"
            for test in collected.marked
            for rule in test.rules
            if test.everywhere and not {test.node_id, function_of(test.node_id)} & set(recorded.get(rule, ()))
        ]
    functions = frozenset(function_of(node_id) for node_id in collected.node_ids)
    marks = {(rule, name) for test in collected.marked for rule in test.rules for name in _names_of(test.node_id)}
    for rule, node_ids in recorded.items():
        for node_id in node_ids:
            problem = ""
            if function_of(node_id) not in functions:
                problem = "" if _exists(root, function_of(node_id)) else "does not exist any more"
            elif collected.complete:  # else the parameters and marks of the other tests were not seen
                if node_id not in collected.node_ids and node_id not in functions:
                    problem = "has no such parameters any more"
                elif (rule, node_id) not in marks:
                    problem = "is not marked with it any more"
            if problem:
                found.append(f"{node_id} is recorded for {rule} and {problem}")
    return tuple(found)


def _names_of(node_id: str) -> tuple[str, str]:
    return node_id, function_of(node_id)


def _exists(root: Path, function: str) -> bool:
    path, *names = function.split("::")
    if not names or not (root / path).is_file():
        return False
    node: ast.AST | None = ast.parse((root / path).read_text("utf-8"))
    for name in names:
        node = next((one for one in ast.walk(node) if isinstance(one, _NAMED) and one.name == name), None)
        if node is None:
            return False
    return True


# --- the plugin -----------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-rule-marks",
        action="store_true",
        help=f"run the complete suite and, when it passed, write {TARGET.as_posix()}",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("write_rule_marks"):
        if not _is_complete(config) or config.getoption("collectonly") or config.getoption("setuponly"):
            raise pytest.UsageError(f"{REGENERATE} runs the complete suite: no path, -k, --deselect or --ignore")
        if not hasattr(config, "workerinput"):  # with -n it is the process that gathers what the others did
            config.pluginmanager.register(_Writer(config))


@pytest.hookimpl(tryfirst=True)  # before -m takes tests out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[COLLECTED] = Collected(
        frozenset(item.nodeid for item in items), marked_tests(items, catalogue_ids()), _is_complete(config)
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With -n: hand the marks that were collected to the process that writes."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None and session.config.getoption("write_rule_marks"):
        output[_MARKED] = [
            (test.node_id, list(test.rules), test.everywhere) for test in session.config.stash[COLLECTED].marked
        ]


def catalogue_ids() -> frozenset[str]:
    """The ids of all rules, from the installed package."""
    from cmclient.adapters.packagedata import read_catalogue  # noqa: PLC0415 - a plugin is loaded before coverage
    from cmclient.rules.catalogue import parse_catalogue  # noqa: PLC0415

    return frozenset(rule.id for rule in parse_catalogue(read_catalogue()))


def require_record(config: pytest.Config) -> None:
    """Skip a test that reads which rules are shown, in the run at whose end that is written."""
    if config.getoption("write_rule_marks"):
        pytest.skip("shown.jsonl is written at the end of this run")


def _is_complete(config: pytest.Config) -> bool:
    """Whether every test is collected; ``-m`` takes them out only afterwards."""
    if any(config.getoption(name) for name in ("keyword", "deselect", "ignore", "ignore_glob")):
        return False
    given = [(config.invocation_params.dir / argument).resolve() for argument in config.args if "::" not in argument]
    wanted = [(config.rootpath / path).resolve() for path in config.getini("testpaths")]
    return all(any(path.is_relative_to(one) for one in given) for path in wanted)


class _Writer:
    """Remembers what passed, and writes it when everything did."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._passed: set[str] = set()
        self._marked: tuple[MarkedTest, ...] = ()
        self._said = f"{TARGET.as_posix()} is as it was, because the run did not pass"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)

    @pytest.hookimpl(optionalhook=True)  # of pytest-xdist
    def pytest_testnodedown(self, node: Any) -> None:
        told = getattr(node, "workeroutput", {}).get(_MARKED, ())
        self._marked = tuple(MarkedTest(node_id, tuple(rules), everywhere) for node_id, rules, everywhere in told)

    @pytest.hookimpl(trylast=True)  # with -n every process has told what it collected by then
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.OK:
            here = self._config.stash.get(COLLECTED, None)
            self._write(self._marked or (() if here is None else here.marked))

    def _write(self, marked: tuple[MarkedTest, ...]) -> None:
        from cmclient.rules.catalogue import Shown, build_shown  # noqa: PLC0415

        target = self._config.rootpath / TARGET
        code = scan_package(target.parents[1], catalogue_ids())
        tests = compact_ids(marked, frozenset(self._passed))
        shown = (Shown(rule, code.get(rule, ()), tests.get(rule, ())) for rule in {*code, *tests})
        target.write_text(build_shown(shown), "utf-8", newline="\n")
        left = sum(test.node_id not in self._passed for test in marked)
        self._said = f"{TARGET.as_posix()} written" + (
            f"; {left} marked tests did not run and do not count" if left else ""
        )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(self._said)
