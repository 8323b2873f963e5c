"""The plugin as a component: what componentize-py exports. It is imported in a component alone.

It runs when the plugin is built, up to the end of this module; then the interpreter's memory is
written into the component. Each call begins from there. Three things of that memory must not be the
same in each call: the seeds of random numbers, the streams of output, and what was read of the
clock. `docs/adr/0043` in Flowhost's sources says what is done about each.
"""

# Most of what this imports is there only in a component.
# mypy: ignore-errors

from __future__ import annotations

import gc
import importlib
import json
import logging
import random
import sys
import weakref

# Modules that others import only when they need them, which in a call is too late: a component has
# no files.
for _late in (
    "_strptime",
    "decimal",
    "encodings.ascii",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.utf_16",
    "encodings.utf_8_sig",
    "linecache",
    "stringprep",
    "traceback",
    "zoneinfo",
):
    try:
        importlib.import_module(_late)
    except ImportError:
        pass

# Generators of random numbers that take their seed from the machine. In the snapshot each has one
# already, so each gets a new one when a call begins. One that the author gave a seed keeps it.
_UNSEEDED: weakref.WeakSet[random.Random] = weakref.WeakSet()
_seed = random.Random.seed


def _noting_seed(self, a=None, version=2):
    (_UNSEEDED.add if a is None else _UNSEEDED.discard)(self)
    _seed(self, a, version)


random.Random.seed = _noting_seed
_UNSEEDED.update(each for each in gc.get_objects() if isinstance(each, random.Random))

from componentize_py_types import Err  # noqa: E402
from wit_world import exports  # noqa: E402
from wit_world.imports import types  # noqa: E402

from . import _host  # noqa: E402
from .errors import BadRequest, describe, printable  # noqa: E402
from .exchange import Action, ClientError, Exchange  # noqa: E402
from .flow import StoredSession, run, the_flow  # noqa: E402
from .logs import FlowLogHandler  # noqa: E402
from .reply import Close, Complete, RejectToken, ScreenReply, kind_of_reply  # noqa: E402

logging.getLogger().addHandler(FlowLogHandler())
logging.getLogger().setLevel(logging.INFO)

importlib.import_module("plugin")

_FLOW = the_flow()
random.Random.seed = _seed
_ACTIONS = {types.Action.INIT: Action.INIT, types.Action.BACK: Action.BACK, types.Action.DATA_EXCHANGE: Action.DATA_EXCHANGE}

# Room to say that the memory is used up.
_RESERVE = [bytearray(64 * 1024)]


class Handler(exports.Handler):
    """The contract's export."""

    def handle(self, exchange, session):
        """Answers one exchange."""
        try:
            _begin()
            return _handle(exchange, session)
        except BadRequest as error:
            failure = types.HandlerError_BadRequest(_told(error.text))
        except BaseException as error:  # noqa: BLE001
            _RESERVE.clear()
            failure = types.HandlerError_Internal(_told(describe(error)))
            error.__traceback__ = None
        _end()
        raise Err(failure)

    def on_client_error(self, error):
        """Hands over an error that a client reported."""
        try:
            _begin()
            _FLOW._client_error(ClientError(error.screen, error.key, error.message, error.flow_token))
        except BaseException as failed:  # noqa: BLE001
            _RESERVE.clear()
            _host.log("error", _told(describe(failed)))
        _end()


def _handle(exchange, session):
    asked = Exchange(
        action=_ACTIONS[exchange.action],
        screen=exchange.screen,
        form=(form := json.loads(exchange.data)),
        json=form,
        flow_token=exchange.flow_token,
        version=exchange.version,
        token_verified=exchange.token_verified,
    )
    stored = StoredSession(_parsed(session.state), _parsed(session.context), session.exchanges, session.shared)
    outcome = run(_FLOW, asked, stored)
    reply = _reply(kind_of_reply(outcome.reply))
    _end()
    return types.Outcome(reply=reply, state=outcome.state)


def _reply(reply):
    match reply:
        case ScreenReply():
            error = None if reply.error is None else printable(reply.error)
            return types.Reply_Screen(types.ScreenReply(screen=printable(reply.screen), data=reply.data, error_message=error))
        case Complete():
            return types.Reply_Complete(reply.params)
        case Close():
            return types.Reply_Close()
        case RejectToken():
            return types.Reply_RejectToken(printable(reply.text))


def _begin():
    for generator in list(_UNSEEDED):
        generator.seed()


def _end():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # noqa: BLE001
            pass


def _parsed(text):
    return None if text is None else json.loads(text)


def _told(text):
    return printable(text)
