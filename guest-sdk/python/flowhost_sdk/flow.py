"""The logic of one flow: which function answers what."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast, overload

from .errors import NoHandler, place_of
from .exchange import Action, ClientError, Exchange, read_form
from .log import error as log_error
from .reply import Reply
from .screen import Form, Screen
from .session import Session, load
from .typed import Json, reader, write

S = TypeVar("S")
F = TypeVar("F")
T = TypeVar("T")
C = TypeVar("C", bound=Form)

Handler = Callable[[Exchange[F], Session[S]], Reply]
"""Answers one exchange."""


class Flow(Generic[S]):
    """The logic of one flow. `S` is the type of what it remembers of a conversation.

    ```python
    flow = Flow(Booking)

    @flow.init
    def open_flow(exchange: Exchange[Json], session: Session[Booking]) -> Reply: ..

    @flow.submit(screens.TableForm)
    def table(exchange: Exchange[screens.TableForm], session: Session[Booking]) -> Reply: ..
    ```

    Each call runs in a fresh instance of the component, as it was when the plugin was built: what a
    call changes in a module does not last. Only `Session.state` does. It is loaded before a call,
    and stored after it if the call succeeds.
    """

    def __init__(self, state: Callable[[], S] | type[S]) -> None:
        """`state` is a dataclass whose fields all have defaults, a `TypedDict` without required
        keys, or another type that can be made without arguments and read from JSON. `NoState` is for
        a plugin that remembers nothing."""
        self._state = state
        try:
            state()
            reader(state, lenient=False)
        except Exception as error:
            raise TypeError(
                f"{getattr(state, '__name__', state)} can't be a plugin's state ({error}): it is a dataclass whose "
                "fields have types of JSON and defaults, for a conversation that begins"
            ) from None
        self._init: Handler[Json, S] | None = None
        self._submit: dict[str | None, tuple[type[Any] | None, Handler[Any, S]]] = {}
        self._back: dict[str | None, Handler[Json, S]] = {}
        self._client_error: Callable[[ClientError], None] = _log_client_error
        _FLOWS.append(self)

    def init(self, handler: Handler[Json, S]) -> Handler[Json, S]:
        """Decorates the function that answers when the user opens the flow, with its first screen."""
        if self._init is not None:
            raise TypeError(f"@flow.init is there twice: at {place_of(self._init)} and at {place_of(handler)}")
        self._init = handler
        return handler

    @overload
    def submit(self, form: type[C], /) -> Callable[[Handler[C, S]], Handler[C, S]]: ...

    @overload
    def submit(self, screen: str, form: type[T], /) -> Callable[[Handler[T, S]], Handler[T, S]]: ...

    @overload
    def submit(self, screen: str, /) -> Callable[[Handler[Json, S]], Handler[Json, S]]: ...

    @overload
    def submit(self, handler: Handler[Json, S], /) -> Handler[Json, S]: ...

    def submit(self, what: Any, form: type[Any] | None = None, /) -> Any:
        """Decorates a function that answers a submitted screen, or a component that requests data.

        - `@flow.submit(screens.TableForm)`: of this screen of the Flow JSON, with its form.
        - `@flow.submit("TABLE", Table)`: of this screen, with a dataclass or `TypedDict` of yours.
        - `@flow.submit("TABLE")`: of this screen; `exchange.form` is a dict.
        - `@flow.submit`: of every screen that has no function of its own.
        """
        if isinstance(what, type) and issubclass(what, Form):
            return lambda handler: self._add_submit(what.SCREEN, what, handler)
        if isinstance(what, str):
            if form is not None:
                reader(form, lenient=True)
            return lambda handler: self._add_submit(what, form, handler)
        if callable(what) and not isinstance(what, type):
            return self._add_submit(None, None, what)
        raise TypeError("@flow.submit takes a form of screens.py, or the name of a screen")

    @overload
    def back(self, screen: type[Screen] | str, /) -> Callable[[Handler[Json, S]], Handler[Json, S]]: ...

    @overload
    def back(self, handler: Handler[Json, S], /) -> Handler[Json, S]: ...

    def back(self, what: Any, /) -> Any:
        """Decorates the function that answers a user who goes back from `exchange.screen`.

        The client asks only on screens with `"refresh_on_back": true`. `@flow.back` is for every
        screen, `@flow.back(screens.Review)` and `@flow.back("REVIEW")` for one.
        """
        if isinstance(what, type) and issubclass(what, Screen):
            return lambda handler: self._add_back(what.ID, handler)
        if isinstance(what, str):
            return lambda handler: self._add_back(what, handler)
        if callable(what) and not isinstance(what, type):
            return self._add_back(None, what)
        raise TypeError("@flow.back takes a screen of screens.py, or the name of one")

    def client_error(self, handler: Callable[[ClientError], None]) -> Callable[[ClientError], None]:
        """Decorates the function that learns what the client could not use; without it, it is logged."""
        self._client_error = handler
        return handler

    def _add_submit(self, screen: str | None, form: type[Any] | None, handler: Handler[Any, S]) -> Handler[Any, S]:
        if screen in self._submit:
            before = place_of(self._submit[screen][1])
            raise TypeError(f"@flow.submit for {screen or 'every screen'} is there twice: at {before} and at {place_of(handler)}")
        self._submit[screen] = (form, handler)
        return handler

    def _add_back(self, screen: str | None, handler: Handler[Json, S]) -> Handler[Json, S]:
        if screen in self._back:
            before = place_of(self._back[screen])
            raise TypeError(f"@flow.back for {screen or 'every screen'} is there twice: at {before} and at {place_of(handler)}")
        self._back[screen] = handler
        return handler


class NoState:
    """The state of a plugin that remembers nothing."""

    @staticmethod
    def from_json(_: Json) -> NoState:
        """Takes whatever an earlier version of the plugin stored."""
        return NoState()

    def to_json(self) -> Json:
        """What is stored of it."""
        return None


@dataclass(frozen=True, slots=True)
class StoredSession:
    """What the host stores of the conversation."""

    state: Json
    """None if nothing is stored."""
    context: Json
    exchanges: int
    shared: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a successful call."""

    reply: Reply
    state: str
    """The state to store, as JSON."""


def the_flow() -> Flow[Any]:
    """The one flow of the plugin that was imported, after a look whether it is complete."""
    if len(_FLOWS) != 1:
        raise TypeError(
            "the plugin makes no flow: write `flow = Flow(State)`" if not _FLOWS else f"the plugin makes {len(_FLOWS)} flows, and has to make one"
        )
    check(_FLOWS[0])
    return _FLOWS[0]


def check(flow: Flow[Any]) -> None:
    """Raises `TypeError` if a handler is missing: `init`, or that of a form of the Flow JSON."""
    if flow._init is None:
        raise TypeError("the plugin has no function for the user who opens the flow: write `@flow.init`")
    if not flow._submit:
        raise TypeError("the plugin has no function for what the user submits: write `@flow.submit`")
    if None in flow._submit:
        return
    modules = {form.__module__ for form, _ in flow._submit.values() if form is not None and issubclass(form, Form)}
    forms: list[type[Form]] = [form for name in sorted(modules) for form in getattr(sys.modules[name], "FORMS", ())]
    missing = [form for form in forms if form.SCREEN not in flow._submit]
    if missing:
        words = ", ".join(f"`@flow.submit({form.__module__}.{form.__name__})`" for form in missing)
        raise TypeError(f"the plugin has no function for {len(missing)} of the forms of the Flow JSON: write {words}")


def run(flow: Flow[S], exchange: Exchange[Json], stored: StoredSession) -> Outcome:
    """Loads the state, calls the function for the exchange, and writes the new state."""
    state = flow._state() if stored.state is None else load(cast(type[S], flow._state), "state", stored.state)
    session = Session(state, stored.context, stored.exchanges, stored.shared)
    handler, asked = _handler(flow, exchange)
    reply = cast(object, handler(asked, session))
    if not isinstance(reply, Reply):
        raise TypeError(f"the function at {place_of(handler)} returned {type(reply).__name__}, not a Reply")
    try:
        written = write(session.state)
    except (TypeError, ValueError) as error:
        raise TypeError(f"the session's state can't be written as JSON: {error}") from None
    return Outcome(reply, written)


def _handler(flow: Flow[S], exchange: Exchange[Json]) -> tuple[Handler[Any, S], Exchange[Any]]:
    if exchange.action is Action.INIT:
        if flow._init is None:
            check(flow)
        return cast(Handler[Any, S], flow._init), exchange
    if exchange.action is Action.BACK:
        back = flow._back.get(exchange.screen) or flow._back.get(None)
        if back is None:
            raise NoHandler(
                f'the user went back from screen "{exchange.screen or ""}", which has refresh_on_back, but the plugin has no '
                "@flow.back for it"
            )
        return back, exchange
    found = flow._submit.get(exchange.screen) or flow._submit.get(None)
    if found is None:
        known = ", ".join(sorted(name for name in flow._submit if name is not None))
        raise NoHandler(f'the plugin has no @flow.submit for screen "{exchange.screen or ""}", but for: {known}')
    form, handler = found
    if form is None:
        return handler, exchange
    read = read_form(form, exchange.screen, exchange.json)
    asked: Exchange[Any] = Exchange(
        exchange.action, exchange.screen, read, exchange.json, exchange.flow_token, exchange.version, exchange.token_verified
    )
    return handler, asked


def _log_client_error(error: ClientError) -> None:
    key, screen = (json.dumps(text, ensure_ascii=False) for text in (error.key, error.screen or ""))
    log_error("the client reports %s on screen %s: %s", key, screen, error.message)


_FLOWS: list[Flow[Any]] = []
