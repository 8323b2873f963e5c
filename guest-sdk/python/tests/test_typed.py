"""Reading and writing JSON as types."""

from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, NotRequired, TypedDict

import pytest

from flowhost_sdk import Number, PartialDateRange, named
from flowhost_sdk.media import Reference
from flowhost_sdk.typed import Json, Misfit, from_form, from_json, reader, to_json, write


class Colour(Enum):
    RED = "red"


@dataclass
class Address:
    city: str
    number: int | None


@dataclass
class Person:
    name: str
    address: Address
    friends: list["Person"] = field(default_factory=list)
    alt_text: str | None = field(default=None, metadata=named("alt-text", optional=True))


class Visit(TypedDict):
    day: date
    guests: NotRequired[int]


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (int, 1, 1),
        (float, 1, 1.0),
        (Number, 2.5, 2.5),
        (bool, True, True),
        (Any, {"a": [1]}, {"a": [1]}),
        (list[int], [1, 2], [1, 2]),
        (set[str], ["a"], {"a"}),
        (tuple[int, str], [1, "a"], (1, "a")),
        (tuple[int, ...], [1, 2, 3], (1, 2, 3)),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (int | None, None, None),
        (Literal["a", 2], 2, 2),
        (Colour, "red", Colour.RED),
        (date, "2026-11-23", date(2026, 11, 23)),
        (datetime, "2026-11-23T09:00:00+00:00", datetime(2026, 11, 23, 9, tzinfo=timezone.utc)),
        (Decimal, "1.10", Decimal("1.10")),
        (Address, {"city": "Lisbon"}, Address("Lisbon", None)),
        (Visit, {"day": "2026-11-23"}, {"day": date(2026, 11, 23)}),
        (Address | int, 3, 3),
    ],
)
def test_what_a_program_wrote_is_read_as_it_is(kind: Any, value: Json, read: Any) -> None:
    assert from_json(kind, value) == read
    assert type(from_json(kind, value)) is type(read)
    assert from_json(kind, to_json(read)) == read


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, "1"),
        (int, 1.5),
        (int, True),
        (float, "1"),
        (str, 1),
        (bool, None),
        (date, "20261123"),
        (date, "2026-02-30"),
        (list[int], None),
        (Literal["a"], "b"),
        (Colour, "blue"),
        (tuple[int, str], [1]),
    ],
)
def test_what_does_not_fit_is_refused(kind: Any, value: Json) -> None:
    with pytest.raises(Misfit):
        from_json(kind, value)


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (str | None, "", None),
        (str | None, None, None),
        (date | None, "", None),
        (list[str], "", []),
        (list[str], None, []),
        (bool, "", False),
        (bool, None, False),
        (int, "8", 8),
        (int, "+8", 8),
        (int, 8.0, 8),
        (Number, "-2.5", -2.5),
        (Number, "1e3", 1000),
        (str, 5.0, "5"),
        (str, 2.5, "2.5"),
        (str, 1e15, "1000000000000000"),
        (str, 0.00001, "0.00001"),
        (str, -0.0000125, "-0.0000125"),
        (str, 1e-6, "1e-6"),
        (str, 1.5e-10, "1.5e-10"),
        (str, 1e16, "1e+16"),
        (PartialDateRange, {"start-date": "2026-11-23", "end-date": ""}, PartialDateRange(start=date(2026, 11, 23))),
        (PartialDateRange, {}, PartialDateRange()),
    ],
)
def test_what_a_phone_sent_is_read_leniently(kind: Any, value: Json, read: Any) -> None:
    assert from_form(kind, value) == read


@pytest.mark.parametrize("kind", [bool, str, str | None, date | None])
def test_an_object_is_nothing_that_was_left_empty_where_a_text_is_expected(kind: Any) -> None:
    for value in ({}, {"a": None}):
        with pytest.raises(Misfit, match="but it is an object"):
            from_form(kind, value)


@pytest.mark.parametrize("typed", ["", "many", "1_000", "nan", "inf", "٣"])
def test_what_is_no_number_is_none(typed: str) -> None:
    with pytest.raises(Misfit):
        from_form(int, typed)


@pytest.mark.parametrize("typed", ["9" * 400, "-1e999", "9" * 5000])
def test_a_number_that_is_too_large_for_its_type_is_none(typed: str) -> None:
    with pytest.raises(Misfit, match="expected a number"):
        from_form(float, typed)


def test_an_error_names_the_field_and_not_the_value() -> None:
    ana = {"name": "Ana", "address": {"city": "Lisbon"}}
    secret = {"name": 7, "address": {"city": "Lisbon"}}
    with pytest.raises(Misfit) as refused:
        from_json(Person, ana | {"friends": [ana, secret]})

    assert refused.value.path == "friends[1].name"
    assert str(refused.value) == 'field "friends[1].name": expected a text, but it is a number'
    with pytest.raises(Misfit, match='^field "address": expected a value, but it is missing$'):
        from_json(Person, {"name": "Ana"})
    with pytest.raises(Misfit, match="expected a day such as 2026-11-23, but it is another text"):
        from_form(date, "tomorrow, says Ana")
    with pytest.raises(Misfit, match='^field "day": expected a day such as 2026-11-23, but it is missing$'):
        from_form(Visiting, {})


@dataclass
class Visiting:
    day: date
    wishes: list[str]


def test_a_missing_list_is_empty_in_a_form() -> None:
    assert from_form(Visiting, {"day": "2026-11-23"}) == Visiting(date(2026, 11, 23), [])


def test_what_is_none_and_may_be_left_out_is_left_out() -> None:
    assert to_json(Person("Ana", Address("Lisbon", None))) == {
        "name": "Ana",
        "address": {"city": "Lisbon", "number": None},
        "friends": [],
    }
    assert to_json(Person("Ana", Address("Lisbon", 1), alt_text="x"))["alt-text"] == "x"


def test_whole_numbers_are_written_without_a_point() -> None:
    assert write({"a": 8.0, "b": 2.5}) == '{"a":8,"b":2.5}'


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": {1, "a"}}, Reference({}), float("nan"), "\ud800", b"", Person])
def test_what_has_no_json_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        write({"x": value})


@pytest.mark.parametrize("kind", [bytes, object.__class__, dict[int, str], Misfit])
def test_a_type_without_json_is_refused_when_it_is_declared(kind: Any) -> None:
    with pytest.raises(TypeError):
        reader(kind, lenient=False)
