"""Log cases: excerpts of real logs, each with what the client saw and decided, in a small part of YAML."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Case", "leaves", "read_cases", "read_yaml"]

_ITEM = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)')\s*""")


class Case(NamedTuple):
    """A case: its name, the bytes of its log, and what was written down of it."""

    name: str
    log: bytes
    notes: dict[str, Any]

    @property
    def number(self) -> int:
        return int(self.name[:3])


def read_cases(folder: Path, *evidence: str) -> list[Case]:
    """Every case of these kinds of evidence, by number."""
    cases = [
        Case(path.stem, path.with_suffix(".log").read_bytes(), read_yaml(path.read_text("utf-8")))
        for path in sorted(folder.glob("*.yml"))
    ]
    return [case for case in cases if case.notes["evidence"] in evidence]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every single value of a mapping, with its path."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from leaves(part, f"{path}[{place}]")
    else:
        yield path, value


def read_yaml(text: str) -> dict[str, Any]:
    """Read what the cases use of YAML: mappings by indentation, lists of one-line items, scalars."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    value, rest = _block(lines, 0)
    assert not rest, rest
    assert isinstance(value, dict)
    return value


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _block(lines: list[str], indent: int) -> tuple[Any, list[str]]:
    if lines and lines[0].lstrip().startswith("- "):
        items = []
        while lines and _indent(lines[0]) == indent and lines[0].lstrip().startswith("- "):
            items.append(_flow(lines[0].strip()[2:]))
            lines = lines[1:]
        return items, lines
    found: dict[str, Any] = {}
    while lines and _indent(lines[0]) == indent:
        key, _, said = lines[0].strip().partition(":")
        lines = lines[1:]
        if said.strip():
            found[key] = _flow(said.strip())
        else:
            found[key], lines = (
                _block(lines, _indent(lines[0])) if lines and _indent(lines[0]) > indent else ("", lines)
            )
    return found, lines


def _flow(text: str) -> Any:
    value, rest = _value(text.strip(), "")
    assert not rest.strip(), (text, rest)
    return value


def _value(text: str, stop: str) -> tuple[Any, str]:
    text = text.lstrip()
    if text[:1] in {"[", "{"}:
        return _several(text)
    quoted = _ITEM.match(text)
    if quoted is not None:
        plain = quoted[1].replace('\\"', '"').replace("\\\\", "\\") if quoted[1] is not None else quoted[2]
        return plain, text[quoted.end() :]
    end = min((place for place in (text.find(mark) for mark in stop) if place >= 0), default=len(text))
    return text[:end].strip(), text[end:]


def _several(text: str) -> tuple[Any, str]:
    is_list, close = text[0] == "[", "]" if text[0] == "[" else "}"
    items: list[Any] = []
    pairs: dict[str, Any] = {}
    rest = text[1:].lstrip()
    while not rest.startswith(close):
        if is_list:
            item, rest = _value(rest, ",]")
            items.append(item)
        else:
            key, _, rest = rest.partition(":")
            pairs[key.strip()], rest = _value(rest, ",}")
        rest = rest.lstrip().removeprefix(",").lstrip()
    return (items if is_list else pairs), rest[1:]
