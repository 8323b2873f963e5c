// Days of the calendar, as texts: `2026-11-23`. They compare as texts do.

import type { Day } from "@flowhost/sdk";

/** The current day in UTC. */
export function today(): Day {
  return new Date().toISOString().slice(0, 10);
}

/** The weekdays that follow a day: so many of them. */
export function weekdaysAfter(day: Day, count: number): Day[] {
  const days: Day[] = [];
  const next = new Date(`${day}T00:00:00Z`);
  while (days.length < count) {
    next.setUTCDate(next.getUTCDate() + 1);
    if (next.getUTCDay() % 6 !== 0) {
      days.push(next.toISOString().slice(0, 10));
    }
  }
  return days;
}

/** English text for people: `Mon Nov 23 2026`. */
export function titleOf(day: Day): string {
  const date = new Date(`${day}T00:00:00Z`);
  return `${WEEKDAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()} ${date.getUTCFullYear()}`;
}

// There is no `Intl` in a component.
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
