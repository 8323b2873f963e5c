"""Small values that outlive a conversation and are private to the flow.

The manifest must ask for the store (`store = true` in `[requests]` of `flowhost.toml`), and the
flow's settings must grant it.

```python
visits = (store.get("visits/ana", int) or 0) + 1
store.set("visits/ana", visits)
```

A key is any text of at most 256 bytes. A value is JSON, or plain bytes. Writes take effect at once,
also if the call fails afterwards. Two calls can read the same value and each write their own; where
that matters, `compare_and_set` writes only if the value has not changed. A flow may have 1,000 keys
with 64 KiB each by default, and a call may use the store 100 times.
"""

from __future__ import annotations

import builtins
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, NewType, TypeVar, overload

from . import _host
from .typed import Json, Misfit as _Misfit, from_json, write

T = TypeVar("T")

Version = NewType("Version", int)
"""The version of a key that was read or written. Each write gives it a new one, never used again."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A value with its version, for `compare_and_set`."""

    value: T
    version: Version


class StoreError(Exception):
    """Why the store failed: one of the classes below."""


class NotGranted(StoreError):
    """The manifest does not ask for the store, or the flow's settings do not grant it."""

    def __init__(self) -> None:
        super().__init__(
            "the plugin may not use the store: ask for it in flowhost.toml (store = true in [requests]) and grant it in "
            "the flow's settings"
        )


class TooLarge(StoreError):
    """The key has more than 256 bytes, or the value is larger than the flow allows."""

    def __init__(self) -> None:
        super().__init__("the key or the value is too large for the store")


class QuotaExceeded(StoreError):
    """The flow has no room for another key, or the call has used the store too often."""

    def __init__(self) -> None:
        super().__init__("the flow's store has no room for another key, or the call has used it too often")


class Unavailable(StoreError):
    """The store does not respond."""

    def __init__(self) -> None:
        super().__init__("the store does not answer")


class Misfit(StoreError):
    """The stored value is not JSON of the type, or the value to store has no JSON."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"the value of {key!r} does not fit: {reason}")
        self.key = key


@overload
def get(key: str) -> Json: ...


@overload
def get(key: str, kind: type[T]) -> T | None: ...


def get(key: str, kind: Any = Any) -> Any:
    """The value of a key, read as a type; none if it is not set or has expired.

    Raises `StoreError`, as all functions here.
    """
    found = entry(key, kind)
    return None if found is None else found.value


def entry(key: str, kind: type[T]) -> Entry[T] | None:
    """The value of a key with its version; none if it is not set or has expired."""
    found = bytes_of(key)
    if found is None:
        return None
    try:
        return Entry(from_json(kind, json.loads(found.value)), found.version)
    except _Misfit as misfit:
        raise Misfit(key, str(misfit)) from None
    except ValueError:
        raise Misfit(key, "it is not JSON") from None


def set(key: str, value: object, ttl: timedelta | None = None) -> Version:
    """Writes a value, replacing any other. It expires after `ttl`, in whole seconds, rounded up."""
    return set_bytes(key, _json(key, value), ttl)


def compare_and_set(key: str, expected: Version | None, value: object, ttl: timedelta | None = None) -> Version | None:
    """Writes a value if the key still has the version `expected`; none means that it must not be set.

    Returns the new version, or none if another call was faster.
    """
    return compare_and_set_bytes(key, expected, _json(key, value), ttl)


def delete(key: str) -> None:
    """Deletes a key. It is no error if the key is not set."""
    _host.store_delete(_key(key))


def list(prefix: str, limit: int = 1000) -> builtins.list[str]:
    """The first keys that begin with `prefix`, in byte order: at most `limit`, and at most 1,000."""
    return _host.store_list(_key(prefix), _host.number("a limit", limit, 2**32 - 1))


def bytes_of(key: str) -> Entry[bytes] | None:
    """Like `entry`, for a value that is not JSON."""
    found = _host.store_get(_key(key))
    return None if found is None else Entry(found[0], Version(found[1]))


def set_bytes(key: str, value: bytes, ttl: timedelta | None = None) -> Version:
    """Like `set`, for a value that is not JSON."""
    return Version(_host.store_set(_key(key), builtins.bytes(value), _seconds(ttl)))


def compare_and_set_bytes(
    key: str, expected: Version | None, value: bytes, ttl: timedelta | None = None
) -> Version | None:
    """Like `compare_and_set`, for a value that is not JSON."""
    version = None if expected is None else _host.number("a version", expected, 2**64 - 1)
    written = _host.store_compare_and_set(_key(key), version, builtins.bytes(value), _seconds(ttl))
    return None if written is None else Version(written)


def _json(key: str, value: object) -> bytes:
    try:
        return write(value).encode()
    except (TypeError, ValueError) as error:
        raise Misfit(key, str(error)) from None


def _key(key: str) -> str:
    return _host.text("a key", key)


def _seconds(ttl: timedelta | None) -> int | None:
    if ttl is None:
        return None
    # Rounded up, so that a value does not expire too early.
    return max(0, min(-(-ttl // timedelta(seconds=1)), 2**32 - 1))
