// Random numbers from the host's secure source, unpredictable enough for secrets. `Math.random` has the same source. In a unit test
// they are the same in every run. If the same conversation must get the same number again, keep it in the state.

import { host } from "./host.js";

/** So many random bytes. */
export function bytes(count: number): Uint8Array {
  return host("random").randomBytes(count);
}

/** A uniformly distributed whole number below `limit`, which is at most 2^53; 0 if `limit` is 0. */
export function below(limit: number): number {
  // Numbers past the last whole multiple of the limit would make some results more likely, so draw again.
  const fair = limit > 0 ? RANGE - (RANGE % limit) : RANGE;
  for (;;) {
    const drawn = number(bytes(8));
    if (drawn < fair) {
      return limit > 0 ? drawn % limit : 0;
    }
  }
}

/** A random element; undefined if there is none. */
export function choice<T>(from: readonly T[]): T | undefined {
  return from[below(from.length)];
}

/** Puts the elements into a random order, in place. Every order is equally likely. */
export function shuffle<T>(all: T[]): void {
  // Fisher-Yates: the last element is drawn from those not drawn yet.
  for (let last = all.length - 1; last > 0; last -= 1) {
    const drawn = below(last + 1);
    const kept = all[last] as T;
    all[last] = all[drawn] as T;
    all[drawn] = kept;
  }
}

/**
 * A random id of so many digits and capital letters, without 0, 1, I and O, which people confuse. Each character holds 5 bits, so an id
 * of 16 can't be guessed.
 */
export function id(characters: number): string {
  return Array.from(bytes(characters), (byte) => ALPHABET[byte & 31]).join("");
}

/** A number of 53 bits, of seven bytes. */
export function number(from: Uint8Array): number {
  let drawn = (from[6] ?? 0) & 31;
  for (let index = 5; index >= 0; index -= 1) {
    drawn = drawn * 256 + (from[index] ?? 0);
  }
  return drawn;
}

const ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/** As many numbers as a double tells apart without gaps. */
export const RANGE = 2 ** 53;
