"""JSON schemas of values, made from their types and docstrings: what is printed cannot drift from them.

A schema says of an object that it has all of its properties and no other one, unless they are named as optional.
"""

import inspect
import re
import types
import typing
from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Any

from cmclient.model.names import SiteCode
from cmclient.model.secret import Secret

__all__ = [
    "Schema",
    "Types",
    "describe_field",
    "described",
    "flag",
    "listed",
    "mapped",
    "number",
    "one_of",
    "or_null",
    "record",
    "schema_field",
    "text",
    "whole",
]

Schema = dict[str, Any]

_ATTRIBUTE = re.compile(r"^    (\w+): (.*)$")
_PLAIN: dict[type, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
}
_PATTERNS: dict[type, str] = {SiteCode: "^[A-Z0-9]{3}$"}


# --- made by hand ---------------------------------------------------------------------------------------------------


def described(schema: Schema, what: str) -> Schema:
    """The schema with a description before everything else."""
    return {"description": what, **{key: value for key, value in schema.items() if key != "description"}}


def schema_field(name: str) -> Schema:
    """Which document it is."""
    return {"description": "Which document this is, and the number of its form.", "const": f"cmclient.{name}/1"}


def text(what: str, *, choices: tuple[str, ...] = (), pattern: str = "") -> Schema:
    """A string; one of the choices where there are any."""
    found: Schema = {"description": what, "type": "string"}
    if choices:
        found["enum"] = list(choices)
    if pattern:
        found["pattern"] = pattern
    return found


def whole(what: str, *, least: int | None = None) -> Schema:
    """An integer."""
    return {"description": what, "type": "integer"} | ({} if least is None else {"minimum": least})


def number(what: str) -> Schema:
    """A number, with or without a fraction."""
    return {"description": what, "type": "number"}


def flag(what: str) -> Schema:
    """True or false."""
    return {"description": what, "type": "boolean"}


def listed(items: Schema, what: str) -> Schema:
    """A list."""
    return {"description": what, "type": "array", "items": items}


def mapped(values: Schema, what: str, *, names: Schema | None = None) -> Schema:
    """An object whose keys are data: any key, or those that a schema lets through."""
    found: Schema = {"description": what, "type": "object", "additionalProperties": values}
    return found if names is None else found | {"propertyNames": names}


def record(properties: Mapping[str, Schema], what: str = "", *, optional: tuple[str, ...] = ()) -> Schema:
    """An object that has all of these properties but for the optional ones, and no others."""
    found: Schema = {"description": what} if what else {}
    return found | {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def one_of(schemas: list[Schema], what: str) -> Schema:
    """One of several forms, of which each is told from the others by a property of its own."""
    return {"description": what, "oneOf": schemas}


def or_null(schema: Schema, what: str = "") -> Schema:
    """The schema, or null."""
    what = what or schema.get("description", "")
    bare = {key: value for key, value in schema.items() if key != "description"}
    if isinstance(bare.get("type"), str) and "enum" not in bare:
        bare["type"] = [bare["type"], "null"]
    elif "null" not in bare.get("type", ()) and {"type": "null"} not in bare.get("anyOf", ()):
        bare = {"anyOf": [bare, {"type": "null"}]}
    return described(bare, what) if what else bare


# --- made from types ------------------------------------------------------------------------------------------------


class Types:
    """Schemas of types, each defined once in ``$defs``."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self._owners: dict[str, object] = {}

    def define(self, name: str, schema: Schema, owner: object = None) -> Schema:
        """Define a schema under a name, and refer to it."""
        if self._owners.setdefault(name, owner) is not owner:
            raise ValueError(f"two definitions are called {name}")
        self.definitions[name] = schema
        return {"$ref": f"#/$defs/{name}"}

    def of(self, type_: Any) -> Schema:
        """The schema of what ``protocol.document.to_json`` makes of a value of the type."""
        origin = typing.get_origin(type_)
        if origin in (typing.Union, types.UnionType):
            return self._of_union(typing.get_args(type_))
        if origin in (tuple, frozenset):
            return self._of_tuple(typing.get_args(type_))
        if origin is not None and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(typing.get_args(type_)[1])}
        if type_ in _PLAIN:
            return dict(_PLAIN[type_])
        if type_ is Secret:
            return {"type": "string"}
        if hasattr(type_, "_fields"):
            return self._of_fields(type_)
        if issubclass(type_, Enum):
            return self.define(type_.__name__, _of_enum(type_), type_)
        if issubclass(type_, str):
            pattern = {"pattern": _PATTERNS[type_]} if type_ in _PATTERNS else {}
            return self.define(type_.__name__, text(_summary(type_)) | pattern, type_)
        raise TypeError(f"{type_} has no schema")

    def field(self, owner: Any, name: str) -> Schema:
        """The schema of a field, with what its docstring says of it."""
        return described(self.of(_hint(owner, name)), describe_field(owner, name))

    def fields(self, owner: Any, *names: str) -> dict[str, Schema]:
        """The schemas of fields by name; of all without names."""
        return {name: self.field(owner, name) for name in names or owner._fields}

    def _of_fields(self, type_: Any) -> Schema:
        name = type_.__name__
        if self._owners.get(name) is not type_:
            reference = self.define(name, {}, type_)  # before its fields, one of which may be of its own type
            self.definitions[name] = record(self.fields(type_), _summary(type_))
            return reference
        return {"$ref": f"#/$defs/{name}"}

    def _of_union(self, members: tuple[Any, ...]) -> Schema:
        kinds = [self.of(member) for member in members if member not in (type(None), Secret)]
        found = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
        return or_null(found) if type(None) in members else found

    def _of_tuple(self, members: tuple[Any, ...]) -> Schema:
        if len(members) == 1 or members[1:] == (...,):
            return {"type": "array", "items": self.of(members[0])}
        items = [self.of(member) for member in members]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def describe_field(owner: Any, name: str) -> str:
    """What the docstring of a type says of one of its fields, as a sentence about JSON.

    Raises:
        LookupError: It says nothing.
    """
    found: list[str] = []
    is_inside = False
    for line in (inspect.getdoc(owner) or "").splitlines():
        begin = _ATTRIBUTE.match(line)
        if begin:
            is_inside = begin[1] == name
            found += [begin[2]] * is_inside
        elif is_inside and line.startswith("        "):
            found.append(line.strip())
        elif not line.startswith("    "):
            is_inside = False
    if not found:
        raise LookupError(f"the docstring of {owner.__name__} says nothing of {name}")
    return _as_json(" ".join(found))


def _hint(owner: Any, name: str) -> Any:
    """The type of a field. Where another one can be resolved by a type checker alone, that is no obstacle."""
    annotation = owner.__annotations__[name]
    module = inspect.getmodule(owner)
    if isinstance(annotation, str | typing.ForwardRef):
        source = annotation if isinstance(annotation, str) else annotation.__forward_arg__
        return eval(source, dict(vars(module)))  # noqa: S307 - an annotation of our own
    return annotation


def _of_enum(type_: type[Enum]) -> Schema:
    summary = _summary(type_)
    if issubclass(type_, IntEnum):
        names = ", ".join(f"{one.value} {one.name.lower().replace('_', ' ')}" for one in type_)
        return {"description": f"{summary} {names}.", "type": "integer", "enum": [one.value for one in type_]}
    return text(summary, choices=tuple(one.value for one in type_))


def _summary(type_: type) -> str:
    """The first paragraph of a docstring."""
    return _as_json(" ".join((inspect.getdoc(type_) or "").partition("\n\n")[0].split()))


def _as_json(said: str) -> str:
    said = said.replace("``", "`")
    return re.sub(r"\b(None|True|False)\b", lambda word: {"None": "null"}.get(word[0], word[0].lower()), said)
