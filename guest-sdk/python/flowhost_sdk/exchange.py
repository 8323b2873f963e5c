"""Requests from the client."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from .errors import DataError
from .typed import Json, Misfit, from_form

F = TypeVar("F")
T = TypeVar("T")


class Action(Enum):
    """Why the client calls."""

    INIT = "INIT"
    """The user opened the flow."""
    BACK = "BACK"
    """The user went back from a screen with `refresh_on_back`."""
    DATA_EXCHANGE = "data_exchange"
    """The user submitted a screen, or changed a component that requests data."""


@dataclass(frozen=True, slots=True)
class Exchange(Generic[F]):
    """One request of the conversation, decrypted and verified."""

    action: Action
    """Why the client calls."""
    screen: str | None
    """The screen that the user is on or leaves; none on `Action.INIT`."""
    form: F
    """The form of the screen, as the type that the handler is for; without one, as `json`."""
    json: dict[str, Json]
    """The form's fields as received; `{}` if the client sent none."""
    flow_token: str
    """The token of the message that opened the flow. It identifies a single recipient only if the
    sender made it so: see `Session.shared`."""
    version: str
    """The data API version that the client sent, such as `3.0`."""
    token_verified: bool
    """Whether the request carried a valid signature of its flow token."""

    def data(self, kind: type[T]) -> T:
        """Reads the form's fields as a type: a dataclass or a `TypedDict`.

        Empty texts count as no values, and numbers may be texts. Raises `DataError`, which names
        the field that does not fit.
        """
        return read_form(kind, self.screen, self.json)

    def field(self, name: str) -> str | None:
        """The text of one field; none if it is absent, empty, or not a text."""
        text = self.json.get(name)
        return text if isinstance(text, str) and text else None


@dataclass(frozen=True, slots=True)
class ClientError:
    """A client's report that it could not use an earlier reply."""

    screen: str | None
    """The screen that the user was on, if the client reported it."""
    key: str
    """The kind of error, for example `invalid-screen-transition`."""
    message: str
    """The client's message, meant for developers."""
    flow_token: str
    """The flow token of the conversation."""


def read_form(kind: type[T], screen: str | None, fields: dict[str, Json]) -> T:
    """Reads a form. Raises `DataError`."""
    try:
        return from_form(kind, fields)
    except Misfit as misfit:
        raise DataError(f'the data of screen "{screen or ""}"', str(misfit), misfit.path) from None
