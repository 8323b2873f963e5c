"""Lines for the flow's log, which the tenant can read.

The module `logging` and `print` reach it as well. 64 lines of 4 KiB are kept of each call.
"""

from __future__ import annotations

from . import _host
from .errors import line


def trace(message: object, *values: object) -> None:
    """Logs a line. The values are put into the message as in the module `logging`: `%s`."""
    _write("trace", message, values)


def debug(message: object, *values: object) -> None:
    """Logs a line at level debug."""
    _write("debug", message, values)


def info(message: object, *values: object) -> None:
    """Logs a line at level info."""
    _write("info", message, values)


def warn(message: object, *values: object) -> None:
    """Logs a line at level warn."""
    _write("warn", message, values)


def error(message: object, *values: object) -> None:
    """Logs a line at level error."""
    _write("error", message, values)


def _write(level: str, message: object, values: tuple[object, ...]) -> None:
    _host.log(level, line(str(message) % values if values else message))
