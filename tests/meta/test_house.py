"""The house: layers, exports, sizes, start-up, one tree of errors."""

import ast
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tokenize import generate_tokens

import pytest

import cmclient
from cmclient import errors

PACKAGE = Path(cmclient.__file__).parent
PROJECT = Path(__file__).parent.parent.parent
LINES = 420  # about 400, as the design says
EXCEPTION = re.compile(r"# *(noqa|type: *ignore)")
# Ruff wants a dash before what is no code, mypy a comment of its own.
EXCEPTION_WITH_REASON = re.compile(r"# noqa: [A-Z0-9, ]+ - \S|# type: ignore\[[a-z-]+\] # \S")
HEAVY = {"requests", "urllib3", "ldap3", "dns", "cryptography", "dataclasses", "rich"}


def modules() -> list[str]:
    found = [name for _, name, _ in pkgutil.walk_packages([str(PACKAGE)], "cmclient.")]
    return [name for name in found if not name.endswith("__main__")]


def all_loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    return set(done.stdout.splitlines()[-1].split())


def loaded_after(code: str) -> set[str]:
    return {name.partition(".")[0] for name in all_loaded_after(code)}


def test_wheel__is_what_is_tested_when_it_should_be() -> None:
    if os.environ.get("CMCLIENT_EXPECT_WHEEL"):
        assert "site-packages" in str(PACKAGE)


def test_exports__are_those_of_all_and_each_can_be_loaded() -> None:
    assert list(cmclient.__all__) == sorted(cmclient.__all__)
    assert set(cmclient._HOMES) | {"__version__"} == set(cmclient.__all__)
    for name in cmclient.__all__:
        assert getattr(cmclient, name) is not None
    with pytest.raises(AttributeError):
        _ = cmclient.nonsense


def test_exports__none_has_the_name_of_a_module_which_would_take_its_place() -> None:
    assert not {module.name for module in pkgutil.iter_modules([str(PACKAGE)])} & set(cmclient.__all__)


def test_exports__are_what_type_checkers_are_told() -> None:
    block = next(
        one for one in ast.parse(Path(cmclient.__file__).read_text("utf-8")).body if isinstance(one, ast.If)
    ).body
    told = {name.name: one.module for one in block if isinstance(one, ast.ImportFrom) for name in one.names}
    assert told == cmclient._HOMES


def test_import__loads_nothing_heavy() -> None:
    assert not loaded_after("import cmclient") & (HEAVY | {"argparse", "json", "socket", "logging", "sqlite3"})


def test_help_and_version__load_nothing_heavy() -> None:
    code = "from cmclient.cli.main import main; main(['--help']); main(['--version'])"
    assert not loaded_after(code) & (HEAVY | {"argparse", "logging"})


@pytest.mark.parametrize("command", ["locate", "facts", "replay", "rules", "config"])
def test_parser_of_a_command__loads_nothing_heavy(command: str) -> None:
    code = f"from cmclient.cli.main import main\ntry:\n    main(['{command}', '--help'])\nexcept SystemExit:\n    pass"
    assert not loaded_after(code) & HEAVY


def all_loaded_by(*arguments: str) -> set[str]:
    return all_loaded_after(f"from cmclient.cli.main import main\nmain({list(arguments)!r})")


# What takes long to load, and what is there to ask somebody: each was once loaded by a run that asks nobody.
FOR_ASKING = {"ifaddr", "ssl", "http.client", "urllib.request", "xml.etree.ElementTree", "ctypes", "uuid", "subprocess"}
OWN_FOR_ASKING = {"cmclient.messaging", "cmclient.mpclient", "cmclient.protocol.mplist", "cmclient.report"}
# What most runs do not use: many kinds of values, and tables of many rows.
OWN_SELDOM_USED = {
    *("cmclient.protocol.setupline", "cmclient.protocol.setupnames", "cmclient.protocol.certificate_criteria"),
    *("cmclient.model.certificates", "cmclient.model.groups", "cmclient.model.lease", "cmclient.model.trust"),
    "cmclient.rules.catalogue",
}


def test_locate_offline__loads_nothing_that_is_there_to_ask_somebody(tmp_path: Path) -> None:
    loaded = all_loaded_by("locate", "--offline", "--store", str(tmp_path / "store.sqlite3"), "--site-code", "P01")
    allowed = set() if sys.platform == "linux" else {"ifaddr", "ctypes", "subprocess"}  # only Linux tells its addresses
    assert not {name.partition(".")[0] for name in loaded} & HEAVY
    assert sorted(loaded & ((FOR_ASKING - allowed) | OWN_FOR_ASKING | OWN_SELDOM_USED)) == []


def test_transport__without_tls__loads_no_cryptography() -> None:
    assert "cryptography" not in loaded_after("import cmclient.adapters.http")


def test_transport_and_directory__before_anybody_asks_who_we_are__load_no_logins() -> None:
    loaded = all_loaded_after("import cmclient.adapters.http, cmclient.adapters.ldap")
    assert not loaded & {"cmclient.adapters.http_login", "cmclient.adapters.ldap_sealed", "cmclient.adapters.negotiate"}


# What a library does when it is imported is not ours; only adapters import them.
OWN = [name for name in modules() if not name.startswith("cmclient.adapters.")]


@pytest.mark.slow
def test_module__does_nothing_when_it_is_imported() -> None:
    code = (
        "import importlib, sys\n"
        "seen = []\n"
        "def hook(event, args):\n"
        "    if event in ('socket.connect', 'subprocess.Popen', 'os.putenv', 'os.mkdir', 'socket.bind'):\n"
        "        seen.append(event)\n"
        "    if event == 'open' and isinstance(args[1], str) and set(args[1]) & set('wax+'):\n"
        "        seen.append(f'{event} {args[0]}')\n"
        "sys.dont_write_bytecode = True\n"
        "sys.addaudithook(hook)\n"
        "for name in sys.argv[1:]:\n"
        "    for loaded in [one for one in sys.modules if one.partition('.')[0] == 'cmclient']:\n"
        "        del sys.modules[loaded]\n"  # each is once the first of ours: a circle shows
        "    importlib.import_module(name)\n"
        "    assert not seen, (name, seen)\n"
    )
    command = [sys.executable, "-c", code, *OWN]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module__is_one_thought(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES


def contracts() -> dict[str, dict[str, list[str]]]:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    return {one["name"]: one for one in settings["tool"]["importlinter"]["contracts"]}


TOP = {f"cmclient.{one.stem}" for one in PACKAGE.glob("[!_]*.py")}
TOP_PACKAGES = {f"cmclient.{one.parent.name}" for one in PACKAGE.glob("*/__init__.py")}


def test_layers__each_module_has_one() -> None:
    layers = [name.strip() for layer in contracts()["arrows point down"]["layers"] for name in layer.split("|")]
    assert sorted(layers) == sorted(TOP | TOP_PACKAGES)


def test_contracts__each_module_is_in_one_of_them() -> None:
    core = set(contracts()["the core opens, reads and draws nothing"]["source_modules"])
    workflows = set(contracts()["workflows use ports, not libraries"]["source_modules"])
    assembling = {name for name in TOP if name.startswith("cmclient.assemble")}
    late = {"cmclient.deferred", "cmclient.loading"}  # how things are loaded, whatever they are
    assert workflows | (core & TOP) | assembling | late == TOP
    assert not workflows & core


def imported_of_ours(path: Path) -> Iterator[tuple[str, str]]:
    """Module and name of each import of ours in a file; without what is there on another system only."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    here = ["cmclient", *path.relative_to(PACKAGE).with_suffix("").parts]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.ImportFrom) and node.level and node.module:
                yield from ((".".join([*here[: -node.level], node.module]), one.name) for one in node.names)
            elif not (isinstance(node, ast.If) and "sys.platform" in ast.unparse(node.test)):
                waiting.append(node)


def test_names__that_another_module_uses_are_in_all() -> None:
    strays = [
        f"{path.relative_to(PACKAGE)}: {module}.{name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for module, name in imported_of_ours(path)
        if name not in getattr(importlib.import_module(module), "__all__", (name,))
    ]
    assert strays == []


def test_errors__are_one_tree_with_codes_of_their_own() -> None:
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, BaseException)]
    assert all(issubclass(kind, errors.CmClientError) for kind in classes)
    codes = [kind.code for kind in classes]
    assert len(codes) == len(set(codes))
    assert {kind.__name__ for kind in classes} <= set(errors.__all__)


def test_errors__are_nowhere_else() -> None:
    strays = []
    for name in modules():
        for _, kind in inspect.getmembers(importlib.import_module(name), inspect.isclass):
            is_ours = kind.__module__ == name and issubclass(kind, BaseException)
            # A private one is control flow inside its module; the property tests would see it leave.
            if is_ours and not issubclass(kind, errors.CmClientError) and not kind.__name__.startswith("_"):
                strays.append(f"{name}.{kind.__name__}")
    assert strays == []


def test_errors__the_tree_in_the_docstring_names_each() -> None:
    for name in errors.__all__:
        if name != "Disposition":
            assert f" {name}" in (errors.__doc__ or "")


def comments_of(path: Path) -> list[tuple[int, str]]:
    with tokenize.open(path) as file:
        return [(one.start[0], one.string) for one in generate_tokens(file.readline) if one.type == tokenize.COMMENT]


def test_exceptions_from_the_checks__have_their_reasons_beside_them() -> None:
    bare = [
        f"{path.relative_to(PACKAGE)}:{line}: {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, text in comments_of(path)
        if EXCEPTION.match(text) and not EXCEPTION_WITH_REASON.match(text)
    ]
    assert bare == []
