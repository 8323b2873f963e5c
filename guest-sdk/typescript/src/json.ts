import { wellFormed } from "./text.js";

/** What JSON can hold. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  [name: string]: JsonValue;
}

/** The type of a value in words. Never the value itself, which may be a customer's. */
export function kindOf(value: unknown): string {
  if (value === null) {
    return "null";
  }
  if (Array.isArray(value)) {
    return "an array";
  }
  switch (typeof value) {
    case "bigint":
      return "a bigint";
    case "boolean":
      return "a boolean";
    case "function":
      return "a function";
    case "number":
      return "a number";
    case "object":
      return "an object";
    case "string":
      return value === "" ? "empty" : "a text";
    case "symbol":
      return "a symbol";
    default:
      return "undefined";
  }
}

/** Says what was expected, and what is there by its kind: its words may be a customer's. `alike`: of the same kind, but another. */
export function unlike(expected: string, value: unknown, alike = false): string {
  const kind = value === undefined ? "missing" : kindOf(value);
  return `expected ${expected}, but it is ${alike ? kind.replace(/^an? /, "another ") : kind}`;
}

/** Whether it is an object with names and values, and no array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object as JSON. Anything else is an error that names `what`. */
export function writeObject(what: string, value: unknown): string {
  const text = write(what, value);
  if (!text.startsWith("{")) {
    throw new TypeError(`${what} must be a JSON object, but is ${kindOf(value)}`);
  }
  return text;
}

/**
 * A value as JSON, in which halves of surrogate pairs are replaced: an emoji that `slice` cuts is no reason for a call to fail. What has
 * no JSON form is an error that names `what`.
 */
export function write(what: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new TypeError(`${what} cannot be written as JSON`, { cause: error });
  }
  if (text === undefined) {
    throw new TypeError(`${what} cannot be written as JSON: it is ${kindOf(value)}`);
  }
  return withoutHalves(text);
}

/** JSON without halves of pairs, which engines write as escapes, and hosts refuse. */
function withoutHalves(text: string): string {
  // `\\ud83d` is an escaped backslash with a text behind it, and stays.
  const escaped = /\\(?:ud[89a-f][\da-f]{2}|[^])/g;
  const whole = text.includes("\\ud") ? text.replace(escaped, (escape) => (escape.startsWith("\\ud") ? "\uFFFD" : escape)) : text;
  return wellFormed(whole);
}

/** Parses JSON that the host gives. */
export function parse(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TypeError(`${what} cannot be read`, { cause: error });
  }
}
