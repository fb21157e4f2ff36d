"""Values as JSON and back, for the output of commands, saved decisions and the store.

A NamedTuple is an object with its fields, a tuple a list, an enum its value (an IntEnum its number), a mapping an
object. Reading is strict: a missing field takes its default, an unknown one is an error, nothing is converted.
"""

import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

from ..errors import InvalidValueError, MalformedReplyError
from ..model.secret import Secret

__all__ = ["from_json", "to_json"]

_T = TypeVar("_T")
_MAX_ITEMS = 20_000  # a list longer than any site's is a mistake or an attack on memory


def to_json(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Turn a value into what ``json.dumps`` takes.

    Returns:
        Dictionaries, lists, strings, numbers, booleans and None. A Secret is masked.
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Secret):
        return repr(value)
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    fields: tuple[str, ...] | None = getattr(value, "_fields", None)
    if fields is not None:
        return {name: to_json(getattr(value, name)) for name in fields}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def from_json(type_: type[_T], data: object, *, where: str = "document") -> _T:
    """Read a value of a type from parsed JSON.

    Args:
        type_: A NamedTuple, enum, ``str`` subclass or plain type of the model.
        data: What ``json.loads`` gave.
        where: Name of the document, for the error.

    Raises:
        MalformedReplyError: The data is not of that type; the message says at which field.
    """
    result: _T = _read(type_, data, where)
    return result


def _read(type_: Any, data: object, where: str) -> Any:  # noqa: ANN401 - driven by annotations
    origin = typing.get_origin(type_)
    if origin in (typing.Union, types.UnionType):
        return _read_optional(typing.get_args(type_), data, where)
    if origin is tuple:
        return _read_tuple(typing.get_args(type_), data, where)
    if origin is not None and issubclass(origin, Mapping):
        return _read_mapping(typing.get_args(type_), data, where)
    if hasattr(type_, "_fields"):
        return _read_fields(type_, data, where)
    return _read_plain(type_, data, where)


def _read_optional(members: tuple[Any, ...], data: object, where: str) -> Any:  # noqa: ANN401 - likewise
    if data is None and type(None) in members:
        return None
    (member,) = [member for member in members if member is not type(None)]
    return _read(member, data, where)


def _read_tuple(members: tuple[Any, ...], data: object, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list) or len(data) > _MAX_ITEMS:
        raise _unfit(where, "a list", data)
    return tuple(_read(members[0], item, f"{where}[{index}]") for index, item in enumerate(data))


def _read_mapping(members: tuple[Any, ...], data: object, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise _unfit(where, "an object", data)
    return {str(key): _read(members[1], item, f"{where}.{key}") for key, item in data.items()}


def _read_fields(type_: Any, data: object, where: str) -> Any:  # noqa: ANN401 - likewise
    if not isinstance(data, dict):
        raise _unfit(where, "an object", data)
    hints = typing.get_type_hints(type_)
    unknown = sorted(set(data) - set(type_._fields))
    if unknown:
        raise MalformedReplyError(f"{where} has the unknown field {str(unknown[0])[:80]!r}", where=where)
    missing = [name for name in type_._fields if name not in data and name not in type_._field_defaults]
    if missing:
        raise MalformedReplyError(f"{where} lacks the field {missing[0]!r}", where=where)
    return type_(**{name: _read(hints[name], item, f"{where}.{name}") for name, item in data.items()})


def _read_plain(type_: Any, data: object, where: str) -> Any:  # noqa: ANN401 - likewise
    if type_ is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if type_ in (bool, int, float):
        if type(data) is not type_:
            raise _unfit(where, f"a {type_.__name__}", data)
        return data
    try:
        if issubclass(type_, Enum):
            return type_(data)
        if issubclass(type_, str) and isinstance(data, str):
            return type_(data)
    except (ValueError, InvalidValueError) as error:
        raise MalformedReplyError(f"{where}: {error}", where=where) from error
    raise _unfit(where, f"a {type_.__name__}", data)


def _unfit(where: str, expected: str, data: object) -> MalformedReplyError:
    return MalformedReplyError(f"{where} should be {expected} and is {type(data).__name__}", where=where)
