// The person whom the appointment is for, and the check of their details.

import type { DetailsForm } from "./flow.gen";

/** The form of screen DETAILS. */
export type Contact = DetailsForm;

/** Removes the white space that keyboards add at the ends. Notes of nothing else are none. */
export function trimmed({ name, email, phone, more_details }: Contact): Contact {
  return { name: trim(name), email: trim(email), phone: trim(phone), more_details: trim(more_details ?? "") || null };
}

/** What is wrong, in words for the user; null if nothing is. */
export function problemWith({ name, email, phone, more_details }: Contact): string | null {
  if (name === "") {
    return "Please enter your name.";
  }
  if (lengthOf(name) > NAME_MAX) {
    return "Please shorten your name to 100 characters.";
  }
  if (!isEmail(email)) {
    return "Please check your email address, for example ana@example.com.";
  }
  if (!isPhone(phone)) {
    return "Please check your phone number, for example +55 11 91234-5678.";
  }
  if (more_details !== null && lengthOf(more_details) > NOTES_MAX) {
    return "Please shorten your notes to 600 characters.";
  }
  return null;
}

/** Requires something before a single @, and a domain with a dot after it. Only sending a message could tell more. */
export function isEmail(text: string): boolean {
  const [local, domain, ...more] = text.split("@");
  if (local === undefined || local === "" || domain === undefined || more.length > 0) {
    return false;
  }
  const labels = domain.split(".");
  return labels.length > 1 && !labels.includes("") && bytesIn(text) <= EMAIL_MAX && !/[\p{White_Space}\p{Cc}]/u.test(text);
}

/** 7 to 15 digits (ITU-T E.164), with the marks that people put between them. */
export function isPhone(text: string): boolean {
  const digits = text.replace(/[^0-9]/g, "").length;
  return /^\+?[0-9 .()-]*$/.test(text) && digits >= 7 && digits <= 15;
}

/**
 * The text without Unicode's white space at its ends. Its own `trim` knows other characters, and an expression for the end would begin
 * anew at each of many spaces within.
 */
function trim(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && WHITE_SPACE.test(text.charAt(from))) {
    from += 1;
  }
  while (from < to && WHITE_SPACE.test(text.charAt(to - 1))) {
    to -= 1;
  }
  return text.slice(from, to);
}

/** In characters: `length` counts an emoji twice. */
function lengthOf(text: string): number {
  return [...text].length;
}

/** In UTF-8, as mail systems count. */
function bytesIn(text: string): number {
  return encodeURIComponent(text).replace(/%../g, "x").length;
}

const WHITE_SPACE = /^\p{White_Space}$/u;

const NAME_MAX = 100;
/** The longest address that mail systems carry (RFC 5321). */
const EMAIL_MAX = 254;
const NOTES_MAX = 600;
