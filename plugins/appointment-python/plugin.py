"""A clinic's appointments: pick one (APPOINTMENT), say for whom (DETAILS), check it (SUMMARY), done.

The screens are in `flow.json`. Each of its three forms has one function here, and each screen has
one that shows it.
"""

from dataclasses import dataclass
from datetime import date

import screens
from choice import Choice, Slot
from clinic import hash_of
from contact import Contact
from flowhost_sdk import Exchange, Flow, Json, Reply, Session, clock, log


@dataclass
class Booking:
    """What the plugin remembers between two screens."""

    slot: Slot | None = None
    contact: Contact | None = None


@dataclass
class Context:
    """What the business may attach to the flow token. Every field is optional, and so is the context
    itself."""

    name: str | None = None
    """Filled in already, so that the user need not type it."""
    email: str | None = None
    phone: str | None = None
    today: date | None = None
    """Replaces the current day. For rehearsals and tests, whose scripts contain fixed dates."""


flow = Flow(Booking)


@flow.init
def open_flow(exchange: Exchange[Json], session: Session[Booking]) -> Reply:
    """Shows the earlier picks if the user opens the flow again."""
    return Reply.show(appointment(Choice.of_slot(session.state.slot), session))


@flow.submit(screens.AppointmentForm)
def on_appointment(exchange: Exchange[screens.AppointmentForm], session: Session[Booking]) -> Reply:
    """Opens the next list, or keeps the appointment."""
    choice = Choice.of_form(exchange.form)
    # A changed dropdown names itself in `trigger`; the button sends none.
    if exchange.form.trigger is not None:
        return Reply.show(appointment(choice, session))
    slot = choice.slot(today(session))
    if isinstance(slot, str):
        return Reply.show(appointment(choice, session), error=slot)
    session.state.slot = slot
    return Reply.show(details(session))


@flow.submit(screens.DetailsForm)
def on_details(exchange: Exchange[screens.DetailsForm], session: Session[Booking]) -> Reply:
    """Keeps for whom the appointment is."""
    contact = Contact.of_form(exchange.form)
    # Stored even if it has a problem, so that the user need not fill in the other fields again.
    session.state.contact = contact
    if session.state.slot is None:
        return Reply.show(details(session), error="Please go back and choose an appointment first.")
    if problem := contact.problem():
        return Reply.show(details(session), error=problem)
    return Reply.show(summary(session))


@flow.submit(screens.SummaryForm)
def on_summary(exchange: Exchange[screens.SummaryForm], session: Session[Booking]) -> Reply:
    """Books the appointment."""
    slot, contact = session.state.slot, session.state.contact
    if slot is None:
        return Reply.show(summary(session), error="Please go back and choose an appointment first.")
    if contact is None or contact.problem():
        return Reply.show(summary(session), error="Please go back and enter your details first.")
    if not exchange.form.terms:
        return Reply.show(summary(session), error="Please agree to the terms.")
    # Hours may have passed since the user picked the appointment.
    if isinstance(Choice.of_slot(slot).slot(today(session)), str):
        return Reply.show(summary(session), error="This appointment is gone. Please go back and choose another one.")
    booking = booking_number(exchange.flow_token, slot)
    log.info("booked %s: %s", booking, slot.describe())
    return Reply.complete({"booking": booking, "appointment": slot.describe(), **vars(slot), **vars(contact)})


@flow.back
def back(exchange: Exchange[Json], session: Session[Booking]) -> Reply:
    """Shows the screen before, with what was entered there."""
    if exchange.screen == "TERMS":
        return Reply.show(summary(session))
    if exchange.screen == screens.Summary.ID:
        return Reply.show(details(session))
    return Reply.show(appointment(Choice.of_slot(session.state.slot), session))


def appointment(choice: Choice, session: Session[Booking]) -> screens.Appointment:
    """The first screen, with the picks that can be had."""
    day = today(session)
    return choice.checked(day).screen(day)


def details(session: Session[Booking]) -> screens.Details:
    """The form for the person, with what the user typed before, or what the business knows."""
    contact = session.state.contact
    if contact is not None:
        chosen = screens.DetailsChosen(
            name=contact.name, email=contact.email, phone=contact.phone, more_details=contact.more_details
        )
    else:
        known = context(session)
        chosen = screens.DetailsChosen(name=known.name, email=known.email, phone=known.phone)
    return screens.Details(appointment=slot_in_words(session), chosen=chosen)


def summary(session: Session[Booking]) -> screens.Summary:
    """The last screen: everything in words."""
    contact = session.state.contact
    lines = [contact.name, contact.email, contact.phone, contact.more_details] if contact else []
    return screens.Summary(appointment=slot_in_words(session), details="\n".join(line for line in lines if line))


def slot_in_words(session: Session[Booking]) -> str:
    """The appointment; nothing without one."""
    return session.state.slot.describe() if session.state.slot else ""


def context(session: Session[Booking]) -> Context:
    """What the business attached."""
    return session.context(Context) or Context()


def today(session: Session[Booking]) -> date:
    """The current day in UTC, or the one that a rehearsal says."""
    return context(session).today or clock.today()


def booking_number(flow_token: str, slot: Slot) -> str:
    """The same conversation and appointment get the same number, so a confirmation sent twice is one
    booking."""
    return f"A-{hash_of(flow_token, slot.department, slot.location, slot.date.isoformat(), slot.time):08X}"
