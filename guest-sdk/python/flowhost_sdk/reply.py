"""Replies to the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .screen import Screen
from .typed import write


@dataclass(frozen=True, slots=True)
class ScreenReply:
    """A screen to show. Its data is the text of a JSON object."""

    screen: str
    data: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Complete:
    """The end, with the text of a JSON object in the chat's message."""

    params: str


@dataclass(frozen=True, slots=True)
class Close:
    """The end, without a message."""


@dataclass(frozen=True, slots=True)
class RejectToken:
    """The token is refused with this text."""

    text: str


class Reply:
    """The reply to one exchange. Made by the methods of the class.

    A reply replaces only the data that it sends: send everything that the screen declares, also
    together with an error.
    """

    __slots__ = ("_kind",)

    def __init__(self, kind: ScreenReply | Complete | Close | RejectToken) -> None:
        self._kind = kind

    @classmethod
    def show(cls, screen: Screen, *, error: str | None = None) -> Reply:
        """Shows a screen of the Flow JSON; `error` is a text that it shows to the user."""
        if not isinstance(screen, Screen):
            raise TypeError(
                f"Reply.show takes a screen of screens.py, not {type(screen).__name__}; "
                'without a Flow JSON: Reply.screen("WELCOME", {..})'
            )
        return cls.screen(screen.ID, screen, error=error)

    @classmethod
    def screen(cls, name: str, data: Mapping[str, Any] | object = None, *, error: str | None = None) -> Reply:
        """Shows the screen of this name. Its data is a dict, or anything else whose JSON is an object."""
        written = _object(f'the data of screen "{name}"', {} if data is None else data)
        if error is not None:
            _text("the error of a screen", error)
        return cls(ScreenReply(_text("the name of a screen", name), written, error))

    @classmethod
    def complete(cls, params: Mapping[str, Any] | object) -> Reply:
        """Finishes the flow. The params reach the business with the message in the chat; the host
        adds the flow token."""
        return cls(Complete(_object("the params of the completed flow", params)))

    @classmethod
    def close(cls) -> Reply:
        """Finishes the flow without a message."""
        return cls(Close())

    @classmethod
    def reject_token(cls, text: str) -> Reply:
        """Refuses the flow token: the message's button is disabled for good, and the user reads
        `text`."""
        return cls(RejectToken(_text("the text of a refused token", text)))

    def __repr__(self) -> str:
        return f"Reply({type(self._kind).__name__})"


def kind_of_reply(reply: Reply) -> ScreenReply | Complete | Close | RejectToken:
    """What a reply is. For the SDK."""
    return reply._kind


def _object(what: str, value: object) -> str:
    try:
        text = write(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what} can't be written as JSON: {error}") from None
    if not text.startswith("{"):
        raise TypeError(f"{what} must be a JSON object, but is {_KINDS.get(text[0], 'a number')}")
    return text


def _text(what: str, text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{what} is a text, not {type(text).__name__}")
    return text


_KINDS = {"n": "null", "t": "a boolean", "f": "a boolean", '"': "a text", "[": "an array"}
