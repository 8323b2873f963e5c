// What the business may attach to the flow token. Every field is optional, and so is the context itself.

import type { Day, Session } from "@flowhost/sdk";

import { isDay } from "./day";

export interface Context {
  /** Filled in already, so that the user need not type it. */
  name?: string;
  email?: string;
  phone?: string;
  /** Replaces the current day, for example `2026-11-23`. For rehearsals and tests, whose scripts contain fixed dates. */
  today?: Day;
}

/** The context, after a look at its types: it comes from outside. */
export function contextOf(session: Session<unknown>): Context {
  const given = session.context<Record<string, unknown>>() ?? {};
  return {
    name: read(given, "name", isText),
    email: read(given, "email", isText),
    phone: read(given, "phone", isText),
    today: read(given, "today", isDay),
  };
}

function read<T>(given: Record<string, unknown>, field: string, fits: (value: unknown) => value is T): T | undefined {
  const value = given[field] ?? undefined;
  if (value !== undefined && !fits(value)) {
    throw new TypeError(`the session's context does not fit: field "${field}"`);
  }
  return value;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
