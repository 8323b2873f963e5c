// Values in words, for the log.

import { clipped } from "./text.js";
import { describe } from "./thrown.js";

/** The arguments of `console.log`, as one text: with `%s` and its like, if the first one has them. */
export function format(what: readonly unknown[]): string {
  const [first, ...rest] = what;
  const parts: string[] = [];
  if (typeof first === "string") {
    parts.push(
      clipped(first).replace(/%([sdifjoOc%])/g, (written: string, kind: string) => {
        if (kind === "%") {
          return "%";
        }
        if (rest.length === 0) {
          return written;
        }
        const value = rest.shift();
        switch (kind) {
          case "c":
            return "";
          case "d":
          case "f":
            return typeof value === "symbol" ? "NaN" : String(Number(value));
          case "i":
            return typeof value === "symbol" ? "NaN" : String(Math.trunc(Number(value)));
          case "s":
            return text(value);
          default:
            return inspect(value, DEPTH);
        }
      }),
    );
  } else if (what.length > 0) {
    parts.push(text(first));
  }
  parts.push(...rest.map(text));
  return parts.join(" ");
}

function text(value: unknown): string {
  return typeof value === "string" ? clipped(value) : inspect(value, DEPTH);
}

/** A value as its author would write it. What can't be looked at is said to be so. */
export function inspect(value: unknown, depth: number): string {
  try {
    return inspected(value, depth);
  } catch {
    return "[what can't be shown]";
  }
}

function inspected(value: unknown, depth: number): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(clipped(value));
    case "bigint":
      return `${value}n`;
    case "function":
      return `[function ${value.name}]`;
    case "object":
      break;
    default:
      return String(value);
  }
  if (value === null) {
    return "null";
  }
  if (value instanceof Error) {
    return describe(value);
  }
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  }
  if (value instanceof RegExp) {
    return String(value);
  }
  if (depth === 0) {
    return Array.isArray(value) ? "[..]" : "{..}";
  }
  const inner = (element: unknown): string => inspect(element, depth - 1);
  if (Array.isArray(value)) {
    return `[${cut(value.map(inner))}]`;
  }
  if (ArrayBuffer.isView(value)) {
    return `[${value.byteLength} bytes]`;
  }
  if (value instanceof Map) {
    return `Map {${cut([...value].map(([key, element]) => `${inner(key)} => ${inner(element)}`))}}`;
  }
  if (value instanceof Set) {
    return `Set {${cut([...value].map(inner))}}`;
  }
  return `{${cut(Object.entries(value).map(([name, element]) => `${name}: ${inner(element)}`))}}`;
}

function cut(parts: string[]): string {
  const shown = parts.slice(0, ENTRIES);
  return shown.join(", ") + (parts.length > ENTRIES ? `, and ${parts.length - ENTRIES} more` : "");
}

/** A line of the log has 4 KiB. */
const DEPTH = 4;
const ENTRIES = 100;
