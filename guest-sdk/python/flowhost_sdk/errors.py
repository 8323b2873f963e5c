"""Why a call has no reply, and what the log says about it.

There are two kinds of failures. `BadRequest` is the **user's**: the same screen appears again and
shows the text. Every other exception is the **plugin's**: it is logged with the place in the
author's source, never shown, and answered as the flow's setting `on_failure` says. In both cases
the state stays as it was before the call.
"""

from __future__ import annotations

import logging
import os
import sys
from types import FunctionType, TracebackType
from typing import Any


class BadRequest(Exception):
    """The user's input is at fault: the same screen appears again and shows `text`.

    To keep a changed state, or to send other data along, answer with
    `Reply.show(.., error=text)` instead.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class DataError(Exception):
    """The form of a screen, or the session, does not fit the type that it is read as.

    The phone sends what the Flow JSON says, so the form and the code differ, which the user can't
    mend.
    """

    def __init__(self, what: str, reason: str, path: str = "") -> None:
        super().__init__(f"{what} does not fit: {reason}")
        self.path = path
        """The path of the field that does not fit, such as `guests[2].name`."""


class NoHandler(Exception):
    """The plugin has no function for what the client asks."""


def describe(error: BaseException) -> str:
    """What the log says of an exception, in one line: kind, text, the author's lines, causes.

    It never fails, whatever the exception's class does.
    """
    told: list[str] = []
    try:
        _tell(error, told)
    except BaseException as failed:  # noqa: BLE001
        told.append(f"more can't be told, since that raises {_kind(failed)}")
    return "; after ".join(told)


def place_of(function: object) -> str:
    """Where a function of the author's begins: `plugin.py:12`."""
    if isinstance(function, FunctionType):
        return f"{_shown(function.__code__.co_filename)}:{function.__code__.co_firstlineno}"
    return "an unknown place"


def printable(text: object) -> str:
    """A text that can be handed to the host: half characters are replaced."""
    return str(text).encode("utf-8", "replace").decode()


def line(text: object) -> str:
    """As much of a text as a line of the log can show: the host cuts lines at 4 KiB, and says so."""
    return printable(str(text)[:_MOST_OF_A_LINE])


def _tell(error: BaseException, told: list[str]) -> None:
    """Tells of an exception and of what led to it."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(told) < _MAX_CAUSES:
        seen.add(id(current))
        told.append(_one(current))
        hidden = _own(current, "__suppress_context__")
        current = _own(current, "__cause__") or (None if hidden else _own(current, "__context__"))


def _one(error: BaseException) -> str:
    text = f"{_kind(error)}: {_text(error)}".removesuffix(": ")
    # Not `isinstance`, which asks a class what it is.
    if issubclass(type(error), BaseExceptionGroup):
        first = getattr(BaseExceptionGroup, "exceptions").__get__(error)[0]
        text += f" (the first: {_kind(first)}: {_text(first)})"
    if issubclass(type(error), ImportError) and sys.platform == "wasi":
        text += " (a plugin has the modules that were imported when it was built: import it at the top of a file)"
    places = _places(_own(error, "__traceback__"))
    return f"{text}, at {places}" if places else text


def _own(error: BaseException, name: str) -> Any:
    """What every exception has, without asking the class, which may say something else or raise."""
    return getattr(BaseException, name).__get__(error)


def _kind(error: BaseException) -> str:
    return type.__dict__["__name__"].__get__(type(error))  # type: ignore[no-any-return]


def _text(error: BaseException) -> str:
    try:
        text = printable(error)
    except BaseException as failed:  # noqa: BLE001
        return f"its text can't be made, since that raises {_kind(failed)}"
    return text if len(text) <= _MAX_CHARS else text[:_MAX_CHARS] + "…"


def _places(trace: TracebackType | None) -> str:
    """The author's lines on the stack, the innermost first. Repeated ones are counted."""
    lines: list[list[object]] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if _is_authors(code.co_filename):
            place = f"{_shown(code.co_filename)}:{trace.tb_lineno} in {code.co_name}"
            if lines and lines[-1][0] == place:
                lines[-1] = [place, int(str(lines[-1][1])) + 1]
            else:
                lines.append([place, 1])
        trace = trace.tb_next
    shown = [f"{place}{'' if times == 1 else f' ({times} times)'}" for place, times in reversed(lines)]
    return " <- ".join(shown[:_MAX_PLACES]) + (" <- .." if len(shown) > _MAX_PLACES else "")


def _is_authors(file: str) -> bool:
    return not (file.startswith(_OTHERS) or "site-packages" in file)


def _shown(file: str) -> str:
    """The path from the folder that it was imported from on."""
    folders = [folder.rstrip("/") + "/" for folder in sys.path if folder]
    fitting = [folder for folder in folders if file.startswith(folder)]
    return file[len(max(fitting, key=len)) :] if fitting else os.path.basename(file)


# The SDK, the standard library, what has no file, and in a component what componentize-py generates.
_OTHERS = (
    os.path.dirname(__file__) + "/",
    os.path.dirname(logging.__file__).removesuffix("logging"),
    "<",
    *(("/world/", "/bundled/") if sys.platform == "wasi" else ()),
)

_MAX_CAUSES = 4
_MOST_OF_A_LINE = 5000
_MAX_CHARS = 1000
_MAX_PLACES = 8
