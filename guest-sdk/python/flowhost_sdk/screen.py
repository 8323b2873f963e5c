"""What the types of a Flow JSON are made of. `flowhost plugin build` writes them to `screens.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from .typed import named


class Screen:
    """The data of one screen: a dataclass. `Reply.show` shows it."""

    __slots__ = ()

    ID: ClassVar[str]
    """The screen's id in the Flow JSON."""


class Form:
    """The form of one screen: a dataclass. `Flow.submit` takes its handler."""

    __slots__ = ()

    SCREEN: ClassVar[str]
    """The id of the screen that sends it."""


@dataclass(slots=True, kw_only=True)
class PartialDateRange:
    """The days of a CalendarPicker in the mode `range`. The user may leave out either."""

    start: date | None = field(default=None, metadata=named("start-date", optional=True))
    """The first day."""
    end: date | None = field(default=None, metadata=named("end-date", optional=True))
    """The last day."""

    def both(self) -> tuple[date, date] | None:
        """The first and the last day; none if one is missing."""
        return None if self.start is None or self.end is None else (self.start, self.end)
