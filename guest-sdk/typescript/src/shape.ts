// Shapes: what JSON from outside must be, said once for the compiler and for the check at run time.
//
// ```ts
// const Customer = shape.object({ number: shape.number, name: shape.optional(shape.string) });
// type Customer = shape.Of<typeof Customer>; // { number: number; name?: string }
//
// const customer = session.context(Customer); // Customer | null
// ```
//
// What does not fit is an error that names the field and what was expected, and never repeats the value, which may be a customer's.

import { A_DAY, type Day, isDay } from "./form.js";
import { isObject, type JsonValue, unlike } from "./json.js";

/** Reads a value, or throws a {@link Misfit}. */
export type Shape<T> = (value: unknown) => T;

/** The type of what a shape reads. */
export type Of<S> = S extends Shape<infer T> ? T : never;

/** A value that does not fit its shape. */
export class Misfit extends Error {
  override readonly name = "Misfit";
  readonly reason: string;
  /** The path of the field, such as `address.city` or `guests[2].name`; empty for the whole. */
  readonly path: string;

  constructor(reason: string, path = "") {
    super(path === "" ? reason : `field "${path}": ${reason}`);
    this.reason = reason;
    this.path = path;
  }
}

/** A text. */
export const string: Shape<string> = (value) => (typeof value === "string" ? value : misfit("a text", value));

/** A number. */
export const number: Shape<number> = (value) => (typeof value === "number" ? value : misfit("a number", value));

/** True or false. */
export const boolean: Shape<boolean> = (value) => (typeof value === "boolean" ? value : misfit("a boolean", value));

/** A day of the calendar, `YYYY-MM-DD`. */
export const day: Shape<Day> = (value) => (isDay(value) ? value : misfit(A_DAY, value, typeof value === "string"));

/** Any JSON, but it must be there. */
export const json: Shape<JsonValue> = (value) => (value === undefined ? misfit("a value", value) : (value as JsonValue));

/** One of these texts. */
export function oneOf<const T extends string>(...texts: T[]): Shape<T> {
  const expected = `one of ${texts.map((text) => JSON.stringify(text)).join(", ")}`;
  return (value) => texts.find((text) => text === value) ?? misfit(expected, value, typeof value === "string");
}

/** What may be missing, or null: it is undefined then. In an {@link object}, the field has a question mark. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value) => (value === undefined || value === null ? undefined : shape(value));
}

/** An array of these. */
export function list<T>(shape: Shape<T>): Shape<T[]> {
  return (value) => (Array.isArray(value) ? value.map((entry, index) => at(`[${index}]`, shape, entry)) : misfit("an array", value));
}

/** An object with any names, and these values. */
export function record<T>(shape: Shape<T>): Shape<Record<string, T>> {
  return (value) => {
    const entries = Object.entries(isObject(value) ? value : misfit("an object", value));
    return Object.fromEntries(entries.map(([name, entry]) => [name, at(name, shape, entry)]));
  };
}

/** An object with these fields. It may have others, which are left out. */
export function object<S extends Record<string, Shape<unknown>>>(fields: S): Shape<Fields<S>> {
  return (value) => {
    const given = isObject(value) ? value : misfit("an object", value);
    const read = Object.entries(fields).map(([name, shape]) => {
      return [name, at(name, shape, Object.hasOwn(given, name) ? given[name] : undefined)] as const;
    });
    return Object.fromEntries(read.filter(([, entry]) => entry !== undefined)) as Fields<S>;
  };
}

/** The same, if it passes a check of your own. `expected` says in words what that is, for example `an email address`. */
export function where<T>(shape: Shape<T>, expected: string, fits: (value: T) => boolean): Shape<T> {
  return (value) => {
    const read = shape(value);
    return fits(read) ? read : misfit(expected, value, true);
  };
}

type Fields<S> = Simple<
  { [Name in keyof S as undefined extends Of<S[Name]> ? never : Name]: Of<S[Name]> } & {
    [Name in keyof S as undefined extends Of<S[Name]> ? Name : never]?: Exclude<Of<S[Name]>, undefined>;
  }
>;

/** One object, as editors show it best. */
type Simple<T> = { [Name in keyof T]: T[Name] };

/** Reads a part of the whole. */
function at<T>(step: string, shape: Shape<T>, value: unknown): T {
  try {
    return shape(value);
  } catch (error) {
    if (!(error instanceof Misfit)) {
      throw error;
    }
    const separator = error.path === "" || error.path.startsWith("[") ? "" : ".";
    throw new Misfit(error.reason, step + separator + error.path);
  }
}

function misfit(expected: string, value: unknown, alike = false): never {
  throw new Misfit(unlike(expected, value, alike));
}
