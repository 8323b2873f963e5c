// A clinic's appointments: pick one (APPOINTMENT), say for whom (DETAILS), check it (SUMMARY), done.
//
// The screens are in flow.json. Each of its three forms has one function here, and each screen has one that shows it.

import { complete, type Day, log, type Reply, type Session, shape } from "@flowhost/sdk";

import { checked, type Choice, choiceIn, describe, screenOf, type Slot, slotOf } from "./choice";
import { hash } from "./clinic";
import { type Contact, problemWith, trimmed } from "./contact";
import { today } from "./day";
import { type DetailsData, flow, show } from "./flow.gen";

/** What the plugin remembers between two screens. */
interface Booking {
  slot: Slot | null;
  contact: Contact | null;
}

const nothing: Booking = { slot: null, contact: null };

/** What the business may attach to the flow token. Every field is optional, and so is the context itself. */
const Context = shape.object({
  // Filled in already, so that the user need not type it.
  name: shape.optional(shape.string),
  email: shape.optional(shape.string),
  phone: shape.optional(shape.string),
  // Replaces the current day, for example `2026-11-23`. For rehearsals and tests, whose scripts contain fixed dates.
  today: shape.optional(shape.day),
});

export default flow({
  state: nothing,

  /** Shows the earlier picks if the user opens the flow again. */
  init(_, session) {
    return appointmentScreen(session);
  },

  submit(exchange, session) {
    switch (exchange.screen) {
      case "APPOINTMENT": {
        const choice = choiceIn(exchange.form);
        // A changed dropdown names itself in `trigger`; the button sends none.
        return exchange.form.trigger === null ? submitAppointment(choice, session) : pick(choice, session);
      }
      case "DETAILS":
        return submitDetails(trimmed(exchange.form), session);
      case "SUMMARY":
        return confirm(exchange.form.terms, exchange.flowToken, session);
    }
  },

  back(exchange, session) {
    switch (exchange.screen) {
      case "TERMS":
        return summaryScreen(session);
      case "SUMMARY":
        return detailsScreen(session);
      default:
        return appointmentScreen(session);
    }
  },
});

/** A dropdown of APPOINTMENT was changed, so the next one opens. */
function pick(choice: Choice, session: Session<Booking>): Reply {
  const day = todayOf(session);
  return show("APPOINTMENT", screenOf(checked(choice, day), day));
}

function submitAppointment(choice: Choice, session: Session<Booking>): Reply {
  const slot = slotOf(choice, todayOf(session));
  if (typeof slot === "string") {
    return pick(choice, session).error(slot);
  }
  session.state.slot = slot;
  return detailsScreen(session);
}

function submitDetails(contact: Contact, session: Session<Booking>): Reply {
  // Stored even if it has a problem, so that the user need not fill in the other fields again.
  session.state.contact = contact;
  if (session.state.slot === null) {
    return detailsScreen(session).error("Please go back and choose an appointment first.");
  }
  const problem = problemWith(contact);
  return problem === null ? summaryScreen(session) : detailsScreen(session).error(problem);
}

function confirm(agreed: boolean, flowToken: string, session: Session<Booking>): Reply {
  const { slot, contact } = session.state;
  if (slot === null) {
    return summaryScreen(session).error("Please go back and choose an appointment first.");
  }
  if (contact === null || problemWith(contact) !== null) {
    return summaryScreen(session).error("Please go back and enter your details first.");
  }
  if (!agreed) {
    return summaryScreen(session).error("Please agree to the terms.");
  }
  // Hours may have passed since the user picked the appointment.
  if (typeof slotOf(slot, todayOf(session)) === "string") {
    return summaryScreen(session).error("This appointment is gone. Please go back and choose another one.");
  }
  const booking = bookingNumber(flowToken, slot);
  log.info(`booked ${booking}: ${describe(slot)}`);
  return complete({ booking, appointment: describe(slot), ...slot, ...contact });
}

function appointmentScreen(session: Session<Booking>): Reply {
  return pick(session.state.slot ?? {}, session);
}

/** The form shows what the user typed before, or what the business knows. */
function detailsScreen(session: Session<Booking>): Reply {
  const { contact } = session.state;
  return show("DETAILS", { appointment: slotInWords(session), chosen: contact === null ? known(session) : typed(contact) });
}

function summaryScreen(session: Session<Booking>): Reply {
  const { name = "", email = "", phone = "", more_details = null } = session.state.contact ?? {};
  const lines = [name, email, phone, more_details ?? ""].filter((line) => line !== "");
  return show("SUMMARY", { appointment: slotInWords(session), details: lines.join("\n") });
}

function typed({ more_details, ...contact }: Contact): DetailsData["chosen"] {
  return { ...contact, more_details: more_details ?? undefined };
}

function known(session: Session<Booking>): DetailsData["chosen"] {
  const { name, email, phone } = session.context(Context) ?? {};
  return { name, email, phone };
}

function slotInWords({ state }: Session<Booking>): string {
  return state.slot === null ? "" : describe(state.slot);
}

function todayOf(session: Session<Booking>): Day {
  return session.context(Context)?.today ?? today();
}

/** The same conversation and appointment get the same number, so a confirmation sent twice is one booking. */
function bookingNumber(flowToken: string, { department, location, date, time }: Slot): string {
  const number = hash([flowToken, department, location, date, time]);
  return `A-${number.toString(16).toUpperCase().padStart(8, "0")}`;
}
