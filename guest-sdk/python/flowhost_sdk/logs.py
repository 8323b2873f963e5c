"""The module `logging`, as it reaches the flow's log."""

from __future__ import annotations

import logging

from . import _host
from .errors import describe, line


class FlowLogHandler(logging.Handler):
    """Hands records of the module `logging` to the flow's log, with their level."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record. An exception is told in the same line."""
        try:
            message = record.getMessage()
            if record.exc_info and record.exc_info[1] is not None:
                message = f"{message}: {describe(record.exc_info[1])}"
            _host.log(_level(record.levelno), line(message))
        except Exception as failed:  # noqa: BLE001
            _host.log("error", f"a line can't be logged: {describe(failed)}")


def _level(number: int) -> str:
    for least, level in ((logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info"), (logging.DEBUG, "debug")):
        if number >= least:
            return level
    return "trace"
