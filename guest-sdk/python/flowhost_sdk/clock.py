"""The current time. In a unit test it stands still, and the test sets it.

`datetime.now(timezone.utc)` works too, but a test can't set that.
"""

from __future__ import annotations

from datetime import date, datetime, timezone, tzinfo

from . import _host


def now(zone: tzinfo = timezone.utc) -> datetime:
    """The current moment, by the clocks of a zone."""
    return _host.now().astimezone(zone)


def today(zone: tzinfo = timezone.utc) -> date:
    """The current day, by the clocks of a zone."""
    return now(zone).date()
