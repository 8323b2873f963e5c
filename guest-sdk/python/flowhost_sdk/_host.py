"""What a plugin reaches outside of itself: the host's imports in a component, and the surroundings of
a test elsewhere."""

from __future__ import annotations

import random as _random
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .http import Request, Response
    from .media import Reference


def text(what: str, value: str) -> str:
    """A text that can be handed to the host. A component can't hand over anything else."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is a text, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} has half a character (a lone surrogate)") from None
    return value


def number(what: str, value: int, maximum: int) -> int:
    """A whole number that can be handed to the host."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{what} is a whole number, not {type(value).__name__}")
    if not 0 <= value <= maximum:
        raise ValueError(f"{what} is 0 to {maximum}")
    return value


if sys.platform == "wasi":
    from componentize_py_types import Err
    from wit_world.imports import config as _config
    from wit_world.imports import http as _http
    from wit_world.imports import log as _log
    from wit_world.imports import media as _media
    from wit_world.imports import store as _store

    _LEVELS = {level.name.lower(): level for level in _log.Level}
    _SECURE = _random.SystemRandom()

    def log(level: str, message: str) -> None:
        _log.write(_LEVELS[level], message)

    def setting(key: str) -> str | None:
        return _config.get(key)

    def now() -> datetime:
        return datetime.now(timezone.utc)

    def random() -> _random.Random:
        return _SECURE

    def send(request: Request) -> Response:
        from . import http

        timeout_ms = None if request.timeout is None else int(request.timeout * 1000)
        asked = _http.Request(request.method, request.url, list(request.headers), request.body, timeout_ms)
        try:
            answer = _http.send(asked)
        except Err as error:
            raise _named(http, error.value, {"BadRequest": "InvalidRequest"}) from None
        return http.Response(answer.status, answer.body, tuple(answer.headers))

    def fetch(reference: Reference, element: str) -> bytes:
        from . import media

        try:
            return _media.fetch(element)
        except Err as error:
            raise _named(media, error.value, {}) from None

    def store_get(key: str) -> tuple[bytes, int] | None:
        found = _stored(_store.get, key)
        return None if found is None else (found.value, found.version)

    def store_set(key: str, value: bytes, ttl_seconds: int | None) -> int:
        return _stored(_store.set, key, value, ttl_seconds)

    def store_compare_and_set(key: str, expected: int | None, value: bytes, ttl_seconds: int | None) -> int | None:
        return _stored(_store.compare_and_set, key, expected, value, ttl_seconds)

    def store_delete(key: str) -> None:
        _stored(_store.delete, key)

    def store_list(prefix: str, limit: int) -> list[str]:
        return _stored(_store.list, prefix, limit)

    def _stored(function, *arguments):
        from . import store

        try:
            return function(*arguments)
        except Err as error:
            raise _named(store, error.value, {}) from None

    def _named(module, case, other_names):
        """The exception of this name for a case of the contract, such as `Error_TooLarge`."""
        name = type(case).__name__.partition("_")[2]
        return getattr(module, other_names.get(name, name))(*vars(case).values())

else:
    from . import _surroundings as _test

    def log(level: str, message: str) -> None:
        """Writes a line to the flow's log."""
        _test.log(level, message)

    def setting(key: str) -> str | None:
        """A setting of the flow."""
        return _test.current().settings.get(key)

    def now() -> datetime:
        """The current moment."""
        return _test.current().now

    def random() -> _random.Random:
        """A source of random numbers."""
        return _test.current().random

    def send(request: Request) -> Response:
        """Sends a request. Raises `HttpError`."""
        return _test.current().http(request)

    def fetch(reference: Reference, element: str) -> bytes:
        """Fetches a file. Raises `MediaError`."""
        return _test.current().media(reference)

    def store_get(key: str) -> tuple[bytes, int] | None:
        """The value and the version of a key. Raises `StoreError`, as those below."""
        return _test.current().store.get(key)

    def store_set(key: str, value: bytes, ttl_seconds: int | None) -> int:
        """Writes a value and returns its version."""
        return _test.current().store.set(key, value, ttl_seconds)

    def store_compare_and_set(key: str, expected: int | None, value: bytes, ttl_seconds: int | None) -> int | None:
        """Writes a value if the key has the expected version, and returns the new one."""
        return _test.current().store.compare_and_set(key, expected, value, ttl_seconds)

    def store_delete(key: str) -> None:
        """Deletes a key."""
        _test.current().store.delete(key)

    def store_list(prefix: str, limit: int) -> list[str]:
        """Keys by their beginning."""
        return _test.current().store.keys(prefix, limit)
