"""What the clinic offers: its departments, their locations, and their free times.

A real clinic would ask its booking system here. This one computes its answers, so that the same
question always has the same answer and the example needs nothing else to run.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

DEPARTMENTS = {
    "general": "General practice",
    "dental": "Dental care",
    "skin": "Dermatology",
    "eyes": "Eye care",
}
"""The departments that accept appointments: the id that is stored, and the title that people read."""

TIMES = ("09:00", "10:30", "11:30", "14:00", "15:30", "16:30")
"""The times at which an appointment can begin on any day."""


def locations_of(department: str) -> dict[str, str]:
    """The locations of a department, as the departments above; none if it is unknown."""
    return {id: _LOCATIONS[id] for id in _LOCATIONS_OF.get(department, ())}


def days_after(today: date) -> list[date]:
    """The days on which appointments can be booked."""
    return list(islice(_weekdays_after(today), _DAYS_AHEAD))


def is_free(department: str, location: str, day: date, time: str) -> bool:
    """Whether an appointment is available. About two of three are, and 10:30 always is."""
    return time == "10:30" or hash_of(department, location, day.isoformat(), time) % 3 != 0


def hash_of(*words: str) -> int:
    """FNV-1a over the words: a small function that mixes well enough and never changes."""
    mixed = 0xCBF2_9CE4_8422_2325
    for byte in b"".join(word.encode() + b"\0" for word in words):
        mixed = (mixed ^ byte) * 0x100_0000_01B3 % 2**64
    # The product's upper half mixes better than its lower bits, which a remainder uses.
    return mixed >> 32


def title_of(day: date) -> str:
    """English text for people: `Mon Nov 23 2026`."""
    return f"{day:%a %b} {day.day} {day.year}"


def _weekdays_after(day: date) -> Iterator[date]:
    while True:
        day += timedelta(days=1)
        if day.weekday() < 5:
            yield day


_LOCATIONS = {
    "centre": "City centre clinic",
    "river": "Riverside clinic",
    "north": "Northgate clinic",
}
_LOCATIONS_OF = {
    "general": ("centre", "river", "north"),
    "dental": ("centre", "river"),
    "skin": ("centre",),
    "eyes": ("river", "north"),
}

# How many weekdays ahead appointments can be booked: two weeks.
_DAYS_AHEAD = 10
