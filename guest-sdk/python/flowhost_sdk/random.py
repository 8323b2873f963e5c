"""Random numbers from the host's secure source, unpredictable enough for secrets.

In a unit test they are the same in every run. The module `random` works too: it has a new seed in
each call.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import Any, TypeVar

from . import _host

T = TypeVar("T")


def below(limit: int) -> int:
    """A uniformly distributed number below `limit`, which is at least 1."""
    return _host.random().randrange(limit)


def choice(of: Sequence[T]) -> T:
    """A random element."""
    return _host.random().choice(of)


def shuffle(all: MutableSequence[Any]) -> None:
    """Puts the elements into a random order."""
    _host.random().shuffle(all)


def id(characters: int) -> str:
    """A random id of this many digits and capital letters, without 0, 1, I and O, which people
    confuse. Each character holds 5 bits, so an id of 16 can't be guessed."""
    return "".join(choice(_ALPHABET) for _ in range(characters))


_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
