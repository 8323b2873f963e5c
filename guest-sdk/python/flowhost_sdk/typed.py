"""Reads JSON as the author's types and writes them as JSON, with errors that name the field.

An error never repeats a value: forms hold what users wrote, and errors go to the log.

Types: `bool`, `int`, `float`, `str`, `None`, `Any`, dataclasses, `TypedDict`, `list`, `tuple`,
`set`, `dict` with texts as keys, `X | None` and other unions, `Literal`, enums, `date`, `datetime`,
`time` and `Decimal`.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, NoReturn, TypeVar, Union, cast

T = TypeVar("T")

Json = Any
"""Any JSON value."""

Number = Union[int, float]
"""A JSON number. Whole ones are written without a point, so that a screen shows 8 and not 8.0."""

Reader = Callable[[Any], Any]

_NAME = "flowhost.name"
_LEFT_OUT = "flowhost.left_out"


class Misfit(Exception):
    """JSON that does not fit a type."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
        """The path of the field, such as `address.city` or `guests[2].name`; empty for the whole."""

    def within(self, step: str) -> Misfit:
        """The same, one step further out: a field's name, or an index in brackets."""
        separator = "" if not self.path or self.path.startswith("[") else "."
        return Misfit(self.reason, f"{step}{separator}{self.path}")

    def __str__(self) -> str:
        return f'field "{self.path}": {self.reason}' if self.path else self.reason


def from_json(kind: type[T], value: Json) -> T:
    """Reads a value that a program wrote. Raises `Misfit`."""
    return cast(T, reader(kind, lenient=False)(value))


def from_form(kind: type[T], value: Json) -> T:
    """Reads what a phone sent: empty texts are no values, numbers may be texts, texts numbers.

    Raises `Misfit`.
    """
    return cast(T, reader(kind, lenient=True)(value))


def named(name: str, *, optional: bool = False) -> Mapping[str, Any]:
    """Metadata of a dataclass's field: its name in JSON, and whether it is left out when none."""
    return {_NAME: name, _LEFT_OUT: optional}


left_out: Mapping[str, Any] = {_LEFT_OUT: True}
"""Metadata of a dataclass's field that is left out of the JSON when it is none."""


def to_json(value: Any) -> Json:
    """A value as what the module `json` writes. Raises `TypeError` for what has no JSON."""
    if value is None or isinstance(value, (bool, str)) and not isinstance(value, Enum):
        return value
    if isinstance(value, Enum):
        return to_json(value.value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        # A screen is to show 8 and not 8.0.
        return int(value) if value.is_integer() and abs(value) <= _MAX_EXACT else value
    if isinstance(value, Mapping):
        return {_key(key): to_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(inner) for inner in value]
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(to_json(inner) for inner in value)
    if isinstance(value, Decimal):
        return str(value)
    written = getattr(value, "to_json", None)
    if callable(written) and not isinstance(value, type):
        return written()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _object(value)
    raise TypeError(f"{_name_of(type(value))} has no JSON form")


def write(value: Any) -> str:
    """A value as the text of its JSON. Raises `TypeError` or `ValueError` for what has none."""
    text = json.dumps(to_json(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text in it has half a character (a lone surrogate)") from None
    return text


def kind_of(value: Json) -> str:
    """The kind of a value in words; never the value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a text" if value else "empty"
    return "an array" if isinstance(value, list) else "an object"


def reader(kind: Any, *, lenient: bool) -> Reader:
    """The function that reads a type. Raises `TypeError` for a type that has no JSON."""
    try:
        return _cached(kind, lenient)
    except TypeError as error:
        if "unhashable" not in str(error):
            raise
        return _make(kind, lenient)


@lru_cache(maxsize=None)
def _cached(kind: Any, lenient: bool) -> Reader:
    return _make(kind, lenient)


def _make(kind: Any, lenient: bool) -> Reader:
    if kind in _PLAIN:
        return _plain(kind, lenient)
    if kind is Any or kind is object or isinstance(kind, TypeVar):
        return lambda value: value
    if kind is Number:
        return _number(lenient)
    if kind is None or kind is type(None):
        return _none
    origin = typing.get_origin(kind)
    if origin is Literal:
        return _one_of(typing.get_args(kind))
    if origin is Union or origin is types.UnionType:
        return _union(typing.get_args(kind), lenient)
    if origin is typing.Annotated:
        return reader(typing.get_args(kind)[0], lenient=lenient)
    if origin in _COLLECTIONS or kind in _COLLECTIONS:
        return _collection(origin or kind, typing.get_args(kind), lenient)
    if origin is dict or kind is dict or origin is Mapping:
        return _mapping(typing.get_args(kind), lenient)
    if origin is typing.Required or origin is typing.NotRequired:
        return reader(typing.get_args(kind)[0], lenient=lenient)
    if isinstance(kind, typing.NewType):
        return reader(kind.__supertype__, lenient=lenient)
    if hasattr(kind, "__value__"):  # `type Name = ..`
        return reader(kind.__value__, lenient=lenient)
    if isinstance(kind, type):
        from_own = getattr(kind, "from_json", None)
        if callable(from_own):
            return cast(Reader, from_own)
        if issubclass(kind, Enum):
            return _enum(kind)
        if typing.is_typeddict(kind):
            return _typed_dict(kind, lenient)
        if dataclasses.is_dataclass(kind):
            return _dataclass(kind, lenient)
    raise TypeError(f"{_name_of(kind)} can't be read from JSON")


def _plain(kind: Any, lenient: bool) -> Reader:
    expected, read = _PLAIN[kind]

    def checked(value: Json) -> Any:
        found = read(value, lenient)
        if found is _NOTHING:
            _expected(expected, value)
        return found

    return checked


def _bool(value: Json, lenient: bool) -> Any:
    if lenient and is_nothing(value):
        return False
    return value if isinstance(value, bool) else _NOTHING


def _int(value: Json, lenient: bool) -> Any:
    if isinstance(value, bool):
        return _NOTHING
    if isinstance(value, int):
        return value
    if lenient:
        number = _number_from(value)
        if isinstance(number, int):
            return number
    return _NOTHING


def _float(value: Json, lenient: bool) -> Any:
    if isinstance(value, bool):
        return _NOTHING
    number = value if isinstance(value, (int, float)) else _number_from(value) if lenient else None
    try:
        return _NOTHING if number is None else float(number)
    except OverflowError:
        return _NOTHING


def _number(lenient: bool) -> Reader:
    def read(value: Json) -> int | float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
        number = _number_from(value) if lenient else None
        return _expected("a number", value) if number is None else number

    return read


def _number_from(value: Json) -> int | float | None:
    """What a user typed into a number field: `8`, `+8`, `-2.5`, `1e3`."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _MAX_EXACT else value
    if not isinstance(value, str) or not value.isascii() or "_" in value:
        return None
    try:
        return int(value)
    except ValueError:
        pass
    try:
        number = float(value)
    except ValueError:
        return None
    if number != number or number in (float("inf"), float("-inf")):
        return None
    return int(number) if number.is_integer() and abs(number) <= _MAX_EXACT else number


def _str(value: Json, lenient: bool) -> Any:
    if isinstance(value, str):
        return value
    if lenient and isinstance(value, (int, float)) and not isinstance(value, bool):
        return _spelled(to_json(value))
    return _NOTHING


def _spelled(number: int | float) -> str:
    """A number as a text, as in Rust: 0.00001, and then 1e-6. Python has 1e-05 and 1e-06."""
    if isinstance(number, float) and 1e-5 <= abs(number) < 1e-4:
        return f"{Decimal(repr(number)):f}"
    return str(number).replace("e-0", "e-")


def _day(value: Json, _: bool) -> Any:
    # `fromisoformat` takes other spellings as well, such as 20261123.
    return _parsed(date.fromisoformat, value) if isinstance(value, str) and len(value) == 10 else _NOTHING


def _moment(value: Json, _: bool) -> Any:
    return _parsed(datetime.fromisoformat, value)


def _clock_time(value: Json, _: bool) -> Any:
    return _parsed(time.fromisoformat, value)


def _decimal(value: Json, lenient: bool) -> Any:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return _NOTHING
    return _parsed(Decimal, str(value))


def _parsed(parse: Callable[[str], Any], value: Json) -> Any:
    if not isinstance(value, str):
        return _NOTHING
    try:
        return parse(value)
    except (ValueError, InvalidOperation):
        return _NOTHING


def _none(value: Json) -> None:
    if value is not None:
        _expected("null", value)


def _one_of(values: tuple[Any, ...]) -> Reader:
    def read(value: Json) -> Any:
        for known in values:
            if known == value and type(known) is type(value):
                return known
        raise Misfit("expected one of " + ", ".join(repr(known) for known in values) + f", but it is {_other(value)}")

    return read


def _union(kinds: tuple[Any, ...], lenient: bool) -> Reader:
    others = [kind for kind in kinds if kind is not type(None)]
    if set(others) == {int, float}:
        others = [Number]
    optional = len(others) < len(kinds)
    # An object without a value in it, such as a range without days, is left empty; for a text, it is none at all.
    left_empty = is_nothing if any(kind in _PLAIN for kind in others) else is_empty
    readers = [reader(kind, lenient=lenient) for kind in others]

    def read(value: Json) -> Any:
        if optional and (value is None or lenient and left_empty(value)):
            return None
        if len(readers) == 1:
            return readers[0](value)
        for one in readers:
            try:
                return one(value)
            except Misfit:
                continue
        raise Misfit("expected one of " + ", ".join(_name_of(kind) for kind in others) + f", but it is {_other(value)}")

    return read


def _collection(kind: Any, arguments: tuple[Any, ...], lenient: bool) -> Reader:
    if kind is tuple and arguments and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        return _fixed(arguments, lenient)
    entry = reader(arguments[0], lenient=lenient) if arguments else (lambda value: value)

    def read(value: Json) -> Any:
        if lenient and (value is None or value == ""):
            return kind()
        if not isinstance(value, list):
            _expected("an array", value)
        return kind(_entries(entry, value))

    return read


def _fixed(arguments: tuple[Any, ...], lenient: bool) -> Reader:
    readers = [reader(argument, lenient=lenient) for argument in arguments]

    def read(value: Json) -> Any:
        if not isinstance(value, list) or len(value) != len(readers):
            _expected(f"an array of {len(readers)}", value)
        return tuple(_at(f"[{index}]", one, inner) for index, (one, inner) in enumerate(zip(readers, value)))

    return read


def _entries(entry: Reader, values: Iterable[Json]) -> Iterable[Any]:
    for index, value in enumerate(values):
        yield _at(f"[{index}]", entry, value)


def _mapping(arguments: tuple[Any, ...], lenient: bool) -> Reader:
    if arguments and arguments[0] is not str:
        raise TypeError("the keys of a JSON object are texts: dict[str, ..]")
    entry = reader(arguments[1], lenient=lenient) if arguments else (lambda value: value)

    def read(value: Json) -> Any:
        if not isinstance(value, dict):
            _expected("an object", value)
        return {key: _at(key, entry, inner) for key, inner in value.items()}

    return read


def _enum(kind: type[Enum]) -> Reader:
    def read(value: Json) -> Any:
        try:
            return kind(value)
        except ValueError:
            names = ", ".join(repr(member.value) for member in kind)
            raise Misfit(f"expected one of {names}, but it is {_other(value)}") from None

    return read


def _typed_dict(kind: Any, lenient: bool) -> Reader:
    readers = {name: reader(hint, lenient=lenient) for name, hint in typing.get_type_hints(kind).items()}
    required = kind.__required_keys__

    def read(value: Json) -> Any:
        if not isinstance(value, dict):
            _expected("an object", value)
        found = {}
        for name, one in readers.items():
            if name in value:
                found[name] = _at(name, one, value[name])
            elif name in required:
                raise Misfit("expected a value, but it is missing", name)
        return found

    return read


def _dataclass(kind: Any, lenient: bool) -> Reader:
    hints = typing.get_type_hints(kind)
    fields = [
        (field.name, field.metadata.get(_NAME, field.name), hints[field.name], field)
        for field in dataclasses.fields(kind)
        if field.init
    ]
    # Made when it is first needed, so that a type may contain itself.
    readers: dict[str, Reader] = {}

    def read(value: Json) -> Any:
        if not isinstance(value, dict):
            _expected("an object", value)
        if not readers:
            readers.update({name: reader(hint, lenient=lenient) for name, _, hint, _ in fields})
        given = {}
        for name, key, hint, field in fields:
            if key in value:
                given[name] = _at(key, readers[name], value[key])
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                given[name] = _absent(key, hint, readers[name], lenient)
        return kind(**given)

    return read


def _absent(name: str, hint: Any, read: Reader, lenient: bool) -> Any:
    if type(None) in typing.get_args(hint):
        return None
    if lenient:
        try:
            return read(None)
        except Misfit as misfit:
            # The words for null, but nothing was sent.
            raise Misfit(misfit.reason.replace("it is null", "it is missing"), name) from None
    raise Misfit("expected a value, but it is missing", name)


def _at(step: str, read: Reader, value: Json) -> Any:
    try:
        return read(value)
    except Misfit as misfit:
        raise misfit.within(step) from None


def _object(value: Any) -> Json:
    written = {}
    for field in dataclasses.fields(value):
        inner = getattr(value, field.name)
        if inner is None and field.metadata.get(_LEFT_OUT):
            continue
        written[field.metadata.get(_NAME, field.name)] = to_json(inner)
    return written


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the keys of a JSON object are texts, not {_name_of(type(key))}")
    return str(key)


def is_nothing(value: Json) -> bool:
    """Whether a phone sent it for what was left empty: null or an empty text."""
    return value is None or value == ""


def is_empty(value: Json) -> bool:
    """The same, or an object of these."""
    return all(map(is_nothing, value.values())) if isinstance(value, dict) else is_nothing(value)


def _expected(expected: str, value: Json) -> NoReturn:
    found = kind_of(value)
    same = expected.split(" ")[:2] == found.split(" ")[:2] or (found == "a text" and expected.startswith(_DAYS))
    raise Misfit(f"expected {expected}, but it is {_other(value) if same else found}")


def _other(value: Json) -> str:
    kind = kind_of(value)
    return kind.replace("an ", "another ").replace("a ", "another ") if kind not in ("null", "empty") else kind


def _name_of(kind: Any) -> str:
    return getattr(kind, "__name__", None) or str(kind)


_NOTHING = object()
_MAX_EXACT = 2**53
_COLLECTIONS = (list, tuple, set, frozenset)
_DAYS = "a day"

_PLAIN: dict[Any, tuple[str, Callable[[Json, bool], Any]]] = {
    bool: ("a boolean", _bool),
    int: ("a whole number", _int),
    float: ("a number", _float),
    str: ("a text", _str),
    date: ("a day such as 2026-11-23", _day),
    datetime: ("a moment such as 2026-11-23T09:00:00+00:00", _moment),
    time: ("a time such as 09:30", _clock_time),
    Decimal: ("a decimal number", _decimal),
}
