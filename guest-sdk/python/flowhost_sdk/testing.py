"""Plays a conversation with a plugin in a unit test. It runs natively, without WebAssembly or a host,
so a debugger works.

```python
from flowhost_sdk.testing import Conversation
from plugin import flow


def test_a_name_of_spaces_is_none() -> None:
    chat = Conversation(flow)
    assert chat.init().screen == "QUESTION"
    answer = chat.submit("QUESTION", {"name": "  "})
    assert answer.error == "Please tell us your name."
```

It also does what the host does around a call: the state goes through JSON, sizes are limited, a
failed call changes nothing, and a finished conversation accepts no further calls.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from ._surroundings import LogLine, Store, Surroundings
from .errors import BadRequest, describe
from .exchange import Action, ClientError, Exchange
from .flow import Flow, Outcome, StoredSession, check, run
from .http import Request, Response
from .logs import FlowLogHandler
from .media import Reference
from .reply import Close, Complete, RejectToken, ScreenReply, kind_of_reply
from .typed import Json, write

__all__ = ["Answer", "Conversation", "Internal", "LogLine", "Store", "TokenRefused", "TooLarge"]

S = TypeVar("S")

STATE_MAX_BYTES = 64 * 1024
"""The host's default limit for a session's state."""
REPLY_MAX_BYTES = 256 * 1024
"""The host's default limit for a reply."""


class Internal(Exception):
    """The plugin failed. The text is what the log says."""


class TokenRefused(Exception):
    """The token accepts no further calls (status 427): the flow was finished, or the plugin rejected
    the token."""


class TooLarge(Exception):
    """The host would refuse what the plugin returned, for its size."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client receives."""

    screen: str | None = None
    """The screen to show; none if the flow is over."""
    data: Json = None
    """The data of the screen; none if the flow is over."""
    error: str | None = None
    """The error that the screen shows."""
    params: Json = None
    """The params of the completed flow: the plugin's, and the flow token."""
    closed: bool = False
    """Whether the flow is finished without a message."""
    rejected: str | None = None
    """The text of a refused token."""


class Conversation(Generic[S]):
    """One user's conversation with a plugin. It begins without a call; `init` opens the flow."""

    def __init__(
        self,
        flow: Flow[S],
        *,
        token: str = "test-token",
        context: Json = None,
        token_verified: bool = False,
        shared_token: bool = False,
        resuming: bool = False,
        config: Mapping[str, str] | None = None,
        http: Callable[[Request], Response] | None = None,
        media: Callable[[Reference], bytes] | None = None,
        now: datetime | None = None,
        seed: int = 0,
    ) -> None:
        """What the conversation is like, and what is around it.

        - `context`: as if the business had attached it to the token.
        - `shared_token`: the token is `unused`, which all recipients share.
        - `resuming`: as a flow with `on_reopen: continue`: a second `init` finds the state before it.
        - `config`: the flow's settings.
        - `http`, `media`: answer in the place of the hosts and of WhatsApp. They may raise the errors
          of these modules. Without them, every use is `NotGranted`.
        - `now`: the clock, which stands still; without it, at 2026-01-01 12:00 UTC.
        - `seed`: of the random numbers, which are the same in every run.
        """
        check(flow)
        self._flow = flow
        self._token = "unused" if shared_token else token
        self._context = context
        self._verified = token_verified
        self._shared = shared_token
        self._resuming = resuming
        self._state: Json = None
        self._exchanges = 0
        self._ended: str | None = None
        self._around = Surroundings(settings=dict(config or {}), random=random.Random(seed))
        if http is not None:
            self._around.http = http
        if media is not None:
            self._around.media = media
        if now is not None:
            self._around.now = now

    @property
    def state(self) -> Json:
        """The stored state; none before the first successful call. A test may replace it, for
        example by that of an older version of the plugin."""
        return self._state

    @state.setter
    def state(self, state: Json) -> None:
        self._state = state

    @property
    def log(self) -> list[LogLine]:
        """What the plugin has logged so far. `print` goes to the test's output."""
        return self._around.log

    @property
    def store(self) -> Store:
        """The plugin's store. It has the host's default limits."""
        return self._around.store

    def pass_time(self, time: timedelta) -> None:
        """Moves the clock forward, and lets values in the store expire."""
        self._around.now += time
        self._around.store.advance(time)

    def init(self, data: Mapping[str, Json] | None = None) -> Answer:
        """The user opens the flow, or reopens it. Raises `Internal`, `TokenRefused` or `TooLarge`, as
        the two below."""
        return self._exchange(Action.INIT, None, data or {})

    def submit(self, screen: str, data: Mapping[str, Json] | None = None) -> Answer:
        """The user submits `screen`, or changes a component on it that requests data."""
        return self._exchange(Action.DATA_EXCHANGE, screen, data or {})

    def back(self, screen: str) -> Answer:
        """The user goes back from `screen`."""
        return self._exchange(Action.BACK, screen, {})

    def client_error(self, screen: str, key: str, message: str) -> None:
        """The client reports that it could not use the reply that it received on `screen`."""
        with self._call():
            self._flow._client_error(ClientError(screen, key, message, self._token))

    def _exchange(self, action: Action, screen: str | None, data: Mapping[str, Json]) -> Answer:
        if self._ended is not None:
            raise TokenRefused(self._ended)
        # As from the wire: what the plugin changes in it changes nothing in the test.
        form: dict[str, Json] = json.loads(write(data))
        exchange = Exchange(action, screen, form, form, self._token, "3.0", self._verified)
        begins = action is Action.INIT and not self._resuming or self._shared
        state, exchanges = (None, 0) if begins else (self._state, self._exchanges)
        stored = StoredSession(state, self._context, exchanges, self._shared)
        with self._call():
            try:
                outcome = run(self._flow, exchange, stored)
            except BadRequest as error:
                return _same_screen(screen, error)
            except BaseException as error:
                raise Internal(describe(error)) from error
        return self._commit(outcome, exchanges)

    def _commit(self, outcome: Outcome, exchanges: int) -> Answer:
        _within("state", outcome.state, STATE_MAX_BYTES)
        ended = None
        reply = kind_of_reply(outcome.reply)
        match reply:
            case ScreenReply():
                _within("reply", reply.data, REPLY_MAX_BYTES)
                answer = Answer(reply.screen, json.loads(reply.data), reply.error)
            case Complete():
                _within("reply", reply.params, REPLY_MAX_BYTES)
                answer = Answer(params={"flow_token": self._token} | json.loads(reply.params))
                ended = "the conversation is completed"
            case Close():
                answer = Answer(closed=True)
                ended = "the conversation is closed"
            case RejectToken():
                answer = Answer(rejected=reply.text)
                ended = reply.text
        if not self._shared:
            self._state = json.loads(outcome.state)
            self._exchanges = exchanges + 1
            self._ended = ended
        return answer

    @contextmanager
    def _call(self) -> Iterator[None]:
        handler, root = FlowLogHandler(), logging.getLogger()
        level = root.level
        root.addHandler(handler)
        if level == logging.WARNING:  # Python's own default
            root.setLevel(logging.INFO)
        try:
            with self._around.around():
                yield
        finally:
            root.removeHandler(handler)
            root.setLevel(level)


def _same_screen(screen: str | None, error: BadRequest) -> Answer:
    if screen is None:
        raise Internal(
            f"BadRequest ({error.text}) on a request without a screen, such as INIT, where there is nothing to show it on: "
            "answer with a screen that says it, for example `Reply.show(.., error=text)`, or end the flow"
        ) from error
    return Answer(screen, {}, error.text)


def _within(what: str, text: str, limit: int) -> None:
    size = len(text.encode())
    if size > limit:
        raise TooLarge(f"the {what} has {size} bytes, but the host takes {limit}")


