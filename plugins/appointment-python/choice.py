"""What the user has picked on screen APPOINTMENT, and which lists that opens."""

import datetime
from dataclasses import dataclass, replace

import clinic
import screens


@dataclass
class Slot:
    """An appointment that is available."""

    department: str
    location: str
    date: datetime.date
    time: str

    def describe(self) -> str:
        """Text for people: `Dental care at Riverside clinic, Mon Nov 23 2026, 10:30`."""
        department = clinic.DEPARTMENTS.get(self.department, self.department)
        location = clinic.locations_of(self.department).get(self.location, self.location)
        return f"{department} at {location}, {clinic.title_of(self.date)}, {self.time}"


@dataclass(frozen=True)
class Choice:
    """The picks so far."""

    department: str | None = None
    location: str | None = None
    date: str | None = None
    time: str | None = None

    @classmethod
    def of_form(cls, form: screens.AppointmentForm) -> "Choice":
        """What a form says. The button and the dropdowns of screen APPOINTMENT both send this form."""
        return cls(form.department, form.location, form.date, form.time)

    @classmethod
    def of_slot(cls, slot: Slot | None) -> "Choice":
        """An appointment as a choice, to show or check it again."""
        return cls(slot.department, slot.location, slot.date.isoformat(), slot.time) if slot else cls()

    def checked(self, today: datetime.date) -> "Choice":
        """Keeps the picks up to the first that is unavailable: when the department changes, the
        location picked before may not be one of its own."""
        if self.department not in clinic.DEPARTMENTS:
            return Choice()
        if self.location not in clinic.locations_of(self.department):
            return Choice(self.department)
        day = next((day for day in clinic.days_after(today) if day.isoformat() == self.date), None)
        if day is None:
            return Choice(self.department, self.location)
        if self.time not in clinic.TIMES or not clinic.is_free(self.department, self.location, day, self.time):
            return replace(self, time=None)
        return self

    def screen(self, today: datetime.date) -> screens.Appointment:
        """The screen with the lists of a checked choice. Each list opens when the one before has a
        pick."""
        locations = dates = times = None
        if self.department is not None:
            locations = items(clinic.locations_of(self.department))
        if self.location is not None:
            dates = items({day.isoformat(): clinic.title_of(day) for day in clinic.days_after(today)})
        if self.department is not None and self.location is not None and self.date is not None:
            day = datetime.date.fromisoformat(self.date)
            # Taken times can't be picked.
            free = {time: clinic.is_free(self.department, self.location, day, time) for time in clinic.TIMES}
            times = [screens.Item(time, time, enabled=is_free) for time, is_free in free.items()]
        return screens.Appointment(
            department=items(clinic.DEPARTMENTS),
            is_location_enabled=locations is not None,
            location=locations or closed("Choose a department first"),
            is_date_enabled=dates is not None,
            date=dates or closed("Choose a location first"),
            is_time_enabled=times is not None,
            time=times or closed("Choose a date first"),
            chosen=screens.AppointmentChosen(
                department=self.department, location=self.location, date=self.date, time=self.time
            ),
        )

    def slot(self, today: datetime.date) -> Slot | str:
        """The appointment if the choice is complete and available; otherwise a text for the user."""
        checked = self.checked(today)
        if checked.department is None:
            return "Please choose a department."
        if checked.location is None:
            return "Please choose a location of this department."
        if checked.date is None:
            return "This date is not offered. Please choose one of the list."
        if checked.time is None:
            return "This time is no longer free. Please choose another one."
        return Slot(checked.department, checked.location, datetime.date.fromisoformat(checked.date), checked.time)


def items(titles: dict[str, str]) -> list[screens.Item]:
    """A list to choose from."""
    return [screens.Item(id, title, enabled=True) for id, title in titles.items()]


def closed(hint: str) -> list[screens.Item]:
    """A dropdown needs at least one entry, even while it is closed."""
    return [screens.Item("none", hint, enabled=False)]
