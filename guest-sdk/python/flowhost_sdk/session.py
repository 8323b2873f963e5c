"""The memory of a conversation."""

from __future__ import annotations

from typing import Generic, TypeVar

from .errors import DataError
from .typed import Json, Misfit, from_json

S = TypeVar("S")
T = TypeVar("T")


class Session(Generic[S]):
    """What the plugin and the host remember of one conversation."""

    __slots__ = ("_context", "exchanges", "shared", "state")

    def __init__(self, state: S, context: Json, exchanges: int, shared: bool) -> None:
        self.state = state
        """The plugin's memory: as new at first, then as the last successful call left it. At most
        64 KiB as JSON."""
        self.exchanges = exchanges
        """How many exchanges of this conversation came before this one."""
        self.shared = shared
        """Whether this exchange stands alone, because its flow token does not identify a recipient.

        Then `state` is new each time and not stored, and the token must not be used as a key
        either. What a later screen needs has to travel with the form."""
        self._context = context

    def context(self, kind: type[T]) -> T | None:
        """What the business attached to the flow token when it was minted; none if nothing.

        Raises `DataError`, which names the field that does not fit.
        """
        return None if self._context is None else load(kind, "context", self._context)


def load(kind: type[T], what: str, value: Json) -> T:
    """Reads a part of a session. Raises `DataError`."""
    try:
        return from_json(kind, value)
    except Misfit as misfit:
        raise DataError(f"the session's {what}", str(misfit), misfit.path) from None
