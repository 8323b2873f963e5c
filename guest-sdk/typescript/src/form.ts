// Reads what a phone sends as the types of a form.

import { DataError } from "./error.js";
import { isObject, unlike } from "./json.js";
import { Reference } from "./media.js";

/** A day, `YYYY-MM-DD`. */
export type Day = string;

/** What was picked in a CalendarPicker in the mode `range`. The phone may lack either day. */
export interface DateRange {
  start: Day | null;
  end: Day | null;
}

/** The type of a form's field. One with a question mark may be left empty, and is null then. */
export type FieldType = "bool" | "date" | "date?" | "dateRange" | "files" | "number" | "number?" | "text" | "text?" | "texts" | "unknown";

/** The forms of a flow: for each screen that sends one, the types of its fields. */
export type FormTypes = Readonly<Record<string, Readonly<Record<string, FieldType>>>>;

/** The fields of a screen's form. A screen that sends none is a {@link DataError}. */
export function fieldsOf(types: FormTypes, screen: string): Readonly<Record<string, FieldType>> {
  const fields = Object.hasOwn(types, screen) ? types[screen] : undefined;
  if (fields === undefined) {
    const known = Object.keys(types).join(", ") || "none";
    throw new DataError(dataOf(screen), `the Flow JSON has no form on this screen that is sent here; the screens with one: ${known}`);
  }
  return fields;
}

/** The form of a screen, by these types. A field that does not fit is a {@link DataError}. */
export function readForm(types: FormTypes, screen: string, data: Record<string, unknown>): Record<string, unknown> {
  const form: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(fieldsOf(types, screen))) {
    // A field may be called `__proto__`, and is none of the object's own ways then.
    const value = read(type, Object.hasOwn(data, name) ? data[name] : undefined);
    if (value instanceof Misfit) {
      throw new DataError(dataOf(screen), `field "${name}": ${misfit(value.expected, data[name])}`, name);
    }
    Object.defineProperty(form, name, { value, configurable: true, enumerable: true, writable: true });
  }
  return form;
}

function dataOf(screen: string): string {
  return `the data of screen "${screen}"`;
}

function misfit(expected: string, value: unknown): string {
  const alike = (typeof value === "string" && expected === A_DAY) || (isObject(value) && expected.startsWith("an object"));
  return unlike(expected, value, alike);
}

class Misfit {
  readonly expected: string;

  constructor(expected: string) {
    this.expected = expected;
  }
}

/** The client sends an empty field as an empty text, as null, or not at all. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

function read(type: FieldType, value: unknown): unknown {
  switch (type) {
    case "bool":
      return !isGiven(value) ? false : typeof value === "boolean" ? value : new Misfit("a boolean");
    case "date":
      return isDay(value) ? value : new Misfit(A_DAY);
    case "date?":
      return isGiven(value) ? read("date", value) : null;
    case "dateRange":
      return dateRange(value);
    case "files":
      return list(value, (element) => Reference.of(element) ?? new Misfit("a file"));
    case "number":
      return numberOf(value) ?? new Misfit("a number");
    case "number?":
      return isGiven(value) ? read("number", value) : null;
    case "text":
      // Clients send what a user types into a number field as a text, but an untouched `init-value` as a number.
      return typeof value === "string" ? value : typeof value === "number" ? textOf(value) : new Misfit("a text");
    case "text?":
      return isGiven(value) ? read("text", value) : null;
    case "texts":
      return list(value, (element) => read("text", element));
    case "unknown":
      return value ?? null;
  }
}

function list(value: unknown, of: (element: unknown) => unknown): unknown {
  if (!isGiven(value)) {
    return [];
  }
  if (!Array.isArray(value)) {
    return new Misfit("an array");
  }
  const read = value.map(of);
  return read.find((element) => element instanceof Misfit) ?? read;
}

function dateRange(value: unknown): DateRange | Misfit {
  if (!isGiven(value)) {
    return { start: null, end: null };
  }
  const wrong = new Misfit("an object of days such as 2026-11-23");
  if (!isObject(value)) {
    return wrong;
  }
  const [start, end] = [read("date?", value["start-date"]), read("date?", value["end-date"])];
  return start instanceof Misfit || end instanceof Misfit ? wrong : { start: start as Day | null, end: end as Day | null };
}

/** A number as a text, as in Rust: 0.00001, and then 1e-6. */
function textOf(number: number): string {
  return number !== 0 && Math.abs(number) < 1e-5 ? number.toExponential() : String(number);
}

function numberOf(value: unknown): number | null {
  if (typeof value === "number") {
    return value;
  }
  // As JSON writes numbers. `Number` would take a space for 0.
  const number = typeof value === "string" && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value.trim()) ? Number(value) : NaN;
  // JSON has no infinity, which is what is too large for a number: `1e999`.
  return Number.isFinite(number) ? number : null;
}

/** Whether it is a day of the calendar. */
export function isDay(value: unknown): value is Day {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(value)) {
    return false;
  }
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
}

/** What a day is, in words. */
export const A_DAY = "a day such as 2026-11-23";
