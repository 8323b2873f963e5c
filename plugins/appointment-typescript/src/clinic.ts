// What the clinic offers: its departments, their locations, and their free times.
//
// A real clinic would ask its booking system here. This one computes its answers, so that the same question always has the same answer
// and the example needs nothing else to run.

import type { Day } from "@flowhost/sdk";

import { weekdaysAfter } from "./day";

/** An entry of a list: the id that is stored, and the title that people read. */
export interface Entry {
  id: string;
  title: string;
}

/** The departments that accept appointments. */
export const DEPARTMENTS: readonly Entry[] = [
  { id: "general", title: "General practice" },
  { id: "dental", title: "Dental care" },
  { id: "skin", title: "Dermatology" },
  { id: "eyes", title: "Eye care" },
];

/** The times at which an appointment can begin on any day. */
export const TIMES: readonly string[] = ["09:00", "10:30", "11:30", "14:00", "15:30", "16:30"];

/** The title of a department, if it exists. */
export function departmentTitle(id: string): string | undefined {
  return DEPARTMENTS.find((department) => department.id === id)?.title;
}

/** The title of a location, if the department is there. */
export function locationTitle(department: string, id: string): string | undefined {
  return locationsOf(department).find((location) => location.id === id)?.title;
}

/** The locations of a department; none if it is unknown. */
export function locationsOf(department: string): Entry[] {
  const ids = LOCATIONS_OF.get(department) ?? [];
  return LOCATIONS.filter((location) => ids.includes(location.id));
}

/** The days on which appointments can be booked. */
export function daysAfter(today: Day): Day[] {
  return weekdaysAfter(today, DAYS_AHEAD);
}

/** Whether an appointment is available. About two of three are, and 10:30 always is. */
export function isFree(department: string, location: string, day: Day, time: string): boolean {
  return time === "10:30" || hash([department, location, day, time]) % 3 !== 0;
}

/** FNV-1a over the words: a small function that mixes well enough and never changes. */
export function hash(words: string[]): number {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of words.flatMap((word) => [...bytesOf(word), 0])) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
  }
  // The product's upper half mixes better than its lower bits, which a remainder uses.
  return Number(hash >> 32n);
}

/** The text in UTF-8. There is no `TextEncoder` in a component. */
function* bytesOf(text: string): Iterable<number> {
  for (const [character, hex] of encodeURIComponent(text).matchAll(/%(..)|./g)) {
    yield hex === undefined ? character.charCodeAt(0) : Number.parseInt(hex, 16);
  }
}

const LOCATIONS: readonly Entry[] = [
  { id: "centre", title: "City centre clinic" },
  { id: "river", title: "Riverside clinic" },
  { id: "north", title: "Northgate clinic" },
];

/** A `Map`, since the phone may ask for a department `constructor`. */
const LOCATIONS_OF: ReadonlyMap<string, readonly string[]> = new Map([
  ["general", ["centre", "river", "north"]],
  ["dental", ["centre", "river"]],
  ["skin", ["centre"]],
  ["eyes", ["river", "north"]],
]);

/** How many weekdays ahead appointments can be booked: two weeks. */
const DAYS_AHEAD = 10;
