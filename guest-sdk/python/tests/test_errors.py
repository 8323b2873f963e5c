"""What the log says of exceptions, whatever they are."""

import re

import pytest

from flowhost_sdk.errors import describe


def raised(error: BaseException | type[BaseException]) -> str:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001
        return describe(caught)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Nested(Exception):
    def __str__(self) -> str:
        raise SystemExit(1)


class Unlinked(Exception):
    __slots__ = ()

    def __getattribute__(self, name: str) -> object:
        raise AttributeError(name)


class Lying(Exception):
    __class__ = property(lambda self: 1 / 0)

    def __repr__(self) -> str:
        raise KeyError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no table"), "ValueError: no table"),
        (ValueError(), "ValueError"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (MemoryError(), "MemoryError"),
        (StopIteration(4), "StopIteration: 4"),
        (AssertionError("a"), "AssertionError: a"),
        (Mute(), "Mute: its text can't be made, since that raises RuntimeError"),
        (Nested(), "Nested: its text can't be made, since that raises SystemExit"),
        (ExceptionGroup("two", [ValueError("a"), KeyError("b")]), "ExceptionGroup: two (2 sub-exceptions) (the first: ValueError: a)"),
        (ValueError("\ud800"), "ValueError: ?"),
        (ValueError("x" * 2000), "ValueError: " + "x" * 1000 + "…"),
    ],
)
def test_every_exception_is_told_with_its_place(error: BaseException, text: str) -> None:
    told = raised(error)
    assert re.fullmatch(re.escape(text) + r", at test_errors.py:\d+ in raised", told), told


def test_a_class_that_lies_about_itself_is_told_too() -> None:
    # Made here, since pytest asks its parameters what they are.
    for kind in (Lying, Unlinked):
        told = raised(kind("x"))
        assert re.fullmatch(kind.__name__ + r": x, at test_errors.py:\d+ in raised", told), told


def test_causes_follow_and_a_circle_ends() -> None:
    def outer() -> None:
        try:
            int("x")
        except ValueError as error:
            raise LookupError("no price") from error

    with pytest.raises(LookupError) as caught:
        outer()
    told = describe(caught.value)
    assert re.fullmatch(
        r"LookupError: no price, at test_errors.py:\d+ in outer <- test_errors.py:\d+ in test_causes_follow_and_a_circle_ends; "
        r"after ValueError: invalid literal for int\(\) with base 10: 'x', at test_errors.py:\d+ in outer",
        told,
    ), told

    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    assert describe(first) == "ValueError: 1; after ValueError: 2"


def test_a_deep_recursion_is_a_short_line() -> None:
    def deeper(depth: int) -> int:
        return deeper(depth + 1) + 1

    with pytest.raises(RecursionError) as caught:
        deeper(0)
    told = describe(caught.value)
    assert re.search(r"^RecursionError: .*, at test_errors.py:\d+ in deeper \(\d+ times\) <- ", told), told
    assert len(told) < 400
