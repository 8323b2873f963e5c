"""What is around a plugin outside of a component: the settings, the clock and the services of a test."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from .http import Request, Response
    from .media import Reference


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that the plugin logged."""

    level: str
    """`trace`, `debug`, `info`, `warn` or `error`."""
    message: str


class Store:
    """A store in memory, with the host's default limits."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[bytes, int, timedelta | None]] = {}
        self._writes = 0
        self._now = timedelta()
        self.failure: Exception | None = None
        """Raised by every further use."""

    def advance(self, time: timedelta) -> None:
        """Lets time pass, so that values can expire."""
        self._now += time

    def get(self, key: str) -> tuple[bytes, int] | None:
        self._use(key)
        found = self._values.get(key)
        return None if found is None else found[:2]

    def set(self, key: str, value: bytes, ttl_seconds: int | None) -> int:
        self._use(key)
        return self._write(key, value, ttl_seconds)

    def compare_and_set(self, key: str, expected: int | None, value: bytes, ttl_seconds: int | None) -> int | None:
        self._use(key)
        stored = self._values.get(key)
        return self._write(key, value, ttl_seconds) if (stored and stored[1]) == expected else None

    def delete(self, key: str) -> None:
        self._use(key)
        self._values.pop(key, None)

    def keys(self, prefix: str, limit: int) -> list[str]:
        self._use(prefix)
        keys = sorted((key for key in self._values if key.startswith(prefix)), key=str.encode)
        return keys[: min(limit, _MAX_LISTED)]

    def _use(self, key: str) -> None:
        from . import store

        if self.failure is not None:
            raise self.failure
        if len(key.encode()) > _MAX_KEY_BYTES:
            raise store.TooLarge
        self._values = {key: kept for key, kept in self._values.items() if kept[2] is None or kept[2] > self._now}

    def _write(self, key: str, value: bytes, ttl_seconds: int | None) -> int:
        from . import store

        if len(value) > _MAX_VALUE_BYTES:
            raise store.TooLarge
        if len(self._values) >= _MAX_KEYS and key not in self._values:
            raise store.QuotaExceeded
        self._writes += 1
        until = None if ttl_seconds is None else self._now + timedelta(seconds=ttl_seconds)
        self._values[key] = (value, self._writes, until)
        return self._writes


def _no_answers(_: Request) -> Response:
    from . import http

    raise http.NotGranted("the test gives no answers: Conversation(.., http=..)")


def _no_files(_: Reference) -> bytes:
    from . import media

    raise media.NotGranted


@dataclass
class Surroundings:
    """What the calls of a conversation can access."""

    now: datetime = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
    """Fixed, so that a test that passes today also passes tomorrow."""
    random: random.Random = field(default_factory=lambda: random.Random(0))
    settings: dict[str, str] = field(default_factory=dict)
    store: Store = field(default_factory=Store)
    http: Callable[[Request], Response] = _no_answers
    media: Callable[[Reference], bytes] = _no_files
    log: list[LogLine] = field(default_factory=list)

    @contextmanager
    def around(self) -> Iterator[None]:
        """Makes these the current ones. The module `random` repeats in every run too."""
        numbers = random.getstate()
        random.seed(self.random.random())
        _CURRENT.append(self)
        try:
            yield
        finally:
            _CURRENT.pop()
            random.setstate(numbers)


def current() -> Surroundings:
    """Those of the conversation that plays, or else some for the whole run."""
    return _CURRENT[-1]


def log(level: str, message: str) -> None:
    """Keeps a line; outside of a conversation it goes to standard error."""
    if len(_CURRENT) > 1:
        current().log.append(LogLine(level, message))
    else:
        print(f"{level}: {message}", file=sys.stderr)


_CURRENT = [Surroundings()]

_MAX_KEYS = 1000
_MAX_KEY_BYTES = 256
_MAX_LISTED = 1000
_MAX_VALUE_BYTES = 64 * 1024
