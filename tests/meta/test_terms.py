"""One word for one thing: in pages, help, messages and JSON; the page of words has those that are used."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import docpages
import pytest

import cmclient
from cmclient.cli.locate import ROLES
from cmclient.model.groups import Role
from cmclient.model.roles import SiteRole

PACKAGE = Path(cmclient.__file__).parent
ROOT = Path(__file__).parent.parent.parent
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


class Variant(NamedTuple):
    """Another way to say something.

    Attributes:
        pattern: What is not to be said.
        example: Where it is said.
        instead: What is said in its place.
    """

    pattern: str
    example: str
    instead: str


VARIANTS = (
    Variant(r"(?i)\bmgmt\b", "the mgmt point", "management point"),
    Variant(r"(?i)\b(?:management|MP|policy) servers?\b", "ask the MP server", "management point"),
    Variant(r"(?i)\b(?:distribution|DP) servers?\b", "a distribution server", "distribution point"),
    Variant(r"(?i)\b(?:fallback points?|FSP servers?|status servers?)\b", "the FSP server", "fallback status point"),
    Variant(r"(?i)\bfall-backs?\b", "the fall-back", "fallback"),
    Variant(r"(?i)\b(?:SUP|WSUS) servers?\b", "a WSUS server", "software update point"),
    Variant(r"(?i)\bstate ?msgs?\b|\bstatus messages?\b", "a statemsg", "state message"),
    Variant(r"(?<![-/_])\bsitecodes?\b|(?<![-/_])\b[Ss]ite-codes?\b", "the site-code", "site code"),
    Variant(r"\bboundarygroups?\b", "its boundarygroup", "boundary group"),
    Variant(r"\b[Nn]eighbor", "a neighbor group", "neighbour"),
    Variant(r"(?i)\bon[- ]premise\b", "on-premise servers", "on-premises, on the premises"),
    Variant(
        r"(?<!_)(?<![Gg]lobal )\bcatalogs?\b(?!\w*:)", "the catalog of rules", "catalogue (of rules), global catalog"
    ),
    Variant(
        r"\b(?:SCCM|MECM|ConfigMgr|ConfigManager)\b(?![_ ]?(?:Branch|Messaging))",
        "SCCM clients",
        "Configuration Manager",
    ),
    Variant(r"(?i)\bconfig(?:uration)?-manager\b|\bconfig manager\b", "config manager", "Configuration Manager"),
    Variant(r"Active Directory sites?\b", "an Active Directory site", "AD site"),
    Variant(r"(?i)\bLDAP servers?\b", "the LDAP server", "directory server, domain controller"),
    Variant(r"(?i)\bcloud gateways?\b", "a cloud gateway", "cloud management gateway, gateway"),
    Variant(r"\bhostnames?\b", "its hostname", "host name"),
    Variant(r"\bfilenames?\b", "a filename", "file name"),
    Variant(r"(?i)\blog(?:s|ging)? on to\b|\bto log on\b", "no way to log on", "log in"),
    Variant(r"(?i)\bccmsetup command lines?\b", "a ccmsetup command line", "setup line"),
    Variant(r"(?m)^\s*what to do:", "what to do: wait", "what next:"),
    Variant(r"\bNot used: |\"Not used\"", "Not used: none", "Rejected"),
    Variant(r"\bthe CAs?\b|\bCA certificates of\b", "issued by the CA", "authority"),
    Variant(r"(?i)\b(?:behavior|canceled|(?<!systemd-)analyze|favorite)", "its behavior", "British spelling"),
    Variant(
        r"(?i)\b(?:recogniz|organiz(?!ation)|initializ|normaliz|summariz|prioritiz)", "recognized", "British spelling"
    ),
)

# Who speaks there is somebody else: the vendor's product, other tools, the pages that the rules were taken from.
OTHERS = re.compile(r"SCCMSecrets|SCCM_BranchCache|ConfigMgr Messaging HTTP Sender|ConfigMgrEnroll|ConfigMgr\.")
MADE_FROM_ELSEWHERE = {"rules.md", "cli.md"}  # the help is looked at by itself


def texts() -> Iterator[tuple[str, str]]:
    """Where it stands, and the text: pages, help, schemas, messages and docstrings."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "docs").rglob("*.json"))]:
        if page.name not in MADE_FROM_ELSEWHERE:
            for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
                yield f"{page.relative_to(ROOT)}:{number}", line
    for words in docpages.commands():
        yield f"help of {' '.join(words)}", docpages.help_of(*words)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            # one word alone is for a program
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node.value


@cache
def all_texts() -> list[tuple[str, str]]:
    """The same, without what others say."""
    return [(where, OTHERS.sub("", text)) for where, text in texts()]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.example)
def test_variant__is_said_nowhere(variant: Variant) -> None:
    pattern = re.compile(variant.pattern)
    assert pattern.search(variant.example), "the pattern finds nothing"
    found = [
        f"{where}: {text[max(0, hit.start() - 30) : hit.end() + 30]!r}"
        for where, text in all_texts()
        for hit in pattern.finditer(text)
    ]
    assert found == [], f"say {variant.instead}"


def entries() -> dict[str, str]:
    """The words of the page, with their short forms."""
    rows = re.findall(r"^\| ([^|]+?) \| ([^|]*?) ?\| [^|]+ \|$", GLOSSARY, re.MULTILINE)
    return {word: short for word, short in rows if word not in {"Word", "---"}}


def test_words__each_stands_once_with_what_it_is() -> None:
    assert len(entries()) > 50
    words = re.findall(r"^\| ([^|]+?) \|", GLOSSARY, re.MULTILINE)
    plain = [word for word in words if word not in {"Word", "---"}]
    assert len(plain) == len(set(plain)) == len(entries())


def test_words__have_every_role_with_its_short_form() -> None:
    titles = {role.title: role.value for role in SiteRole} | {
        role.name.replace("_", " ").lower(): role.value for role in Role
    }
    shown = entries()
    for title, short in titles.items():
        assert f"`{short}`" in shown[title], title
    located = set(ROLES[: ROLES.index("rsp")])
    assert located <= {short for shorts in shown.values() for short in re.findall(r"`([^`]+)`", shorts)}
