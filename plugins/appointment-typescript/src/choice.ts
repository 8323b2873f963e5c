// What the user has picked on screen APPOINTMENT, and which lists that opens.

import type { Day } from "@flowhost/sdk";

import * as clinic from "./clinic";
import { titleOf } from "./day";
import type { AppointmentData, AppointmentForm, Item } from "./flow.gen";

/** The picks so far. */
export type Choice = AppointmentData["chosen"];

/** An appointment that is available. */
export interface Slot {
  department: string;
  location: string;
  date: Day;
  time: string;
}

/** What a form says of the choice. The button and the dropdowns of screen APPOINTMENT both send this form. */
export function choiceIn({ department, location, date, time }: AppointmentForm): Choice {
  return {
    department: department ?? undefined,
    location: location ?? undefined,
    date: date ?? undefined,
    time: time ?? undefined,
  };
}

/**
 * Keeps the picks up to the first that is unavailable: when the department changes, the location picked before may not be one of its
 * own.
 */
export function checked({ department, location, date, time }: Choice, today: Day): Choice {
  if (department === undefined || clinic.departmentTitle(department) === undefined) {
    return {};
  }
  if (location === undefined || clinic.locationTitle(department, location) === undefined) {
    return { department };
  }
  if (date === undefined || !clinic.daysAfter(today).includes(date)) {
    return { department, location };
  }
  if (time === undefined || !clinic.TIMES.includes(time) || !clinic.isFree(department, location, date, time)) {
    return { department, location, date };
  }
  return { department, location, date, time };
}

/** The screen with the lists of a checked choice. Each list opens when the one before has a pick. */
export function screenOf(chosen: Choice, today: Day): AppointmentData {
  const { department, location } = chosen;
  const times = timesOf(chosen);
  return {
    department: clinic.DEPARTMENTS.map(item),
    is_location_enabled: department !== undefined,
    location: department === undefined ? closed("Choose a department first") : clinic.locationsOf(department).map(item),
    is_date_enabled: location !== undefined,
    date:
      location === undefined
        ? closed("Choose a location first")
        : clinic.daysAfter(today).map((day) => item({ id: day, title: titleOf(day) })),
    is_time_enabled: times !== null,
    time: times ?? closed("Choose a date first"),
    chosen,
  };
}

/** The appointment if the choice is complete and available; otherwise a text for the user. */
export function slotOf(choice: Choice, today: Day): Slot | string {
  const { department, location, date, time } = checked(choice, today);
  if (department === undefined) {
    return "Please choose a department.";
  }
  if (location === undefined) {
    return "Please choose a location of this department.";
  }
  if (date === undefined) {
    return "This date is not offered. Please choose one of the list.";
  }
  if (time === undefined) {
    return "This time is no longer free. Please choose another one.";
  }
  return { department, location, date, time };
}

/** Text for people: `Dental care at Riverside clinic, Mon Nov 23 2026, 10:30`. */
export function describe({ department, location, date, time }: Slot): string {
  const at = clinic.locationTitle(department, location) ?? location;
  return `${clinic.departmentTitle(department) ?? department} at ${at}, ${titleOf(date)}, ${time}`;
}

/** The times of the picked day; null without one. Taken times can't be picked. */
function timesOf({ department, location, date }: Choice): Item[] | null {
  if (department === undefined || location === undefined || date === undefined) {
    return null;
  }
  return clinic.TIMES.map((time) => ({ id: time, title: time, enabled: clinic.isFree(department, location, date, time) }));
}

function item({ id, title }: clinic.Entry): Item {
  return { id, title, enabled: true };
}

/** A dropdown needs at least one entry, even while it is closed. */
function closed(hint: string): Item[] {
  return [{ id: "none", title: hint, enabled: false }];
}
