// Small values that outlive a conversation and are private to the flow: counters, reservations, a customer's last choice. The manifest
// must ask for the store (`store = true` under `[requests]` of flowhost.toml), and the flow's settings must grant it.
//
// A key is any text of at most 256 bytes. Keys are only compared, so `visits/ana` is not a path. A value is JSON or plain bytes. Writes
// take effect at once: a value stays written even if the call fails afterwards, and a call may run twice. Two concurrent calls can read
// the same value and each write their own; where that matters, `compareAndSet` writes only if the value has not changed.

import type * as contract from "./contract.js";
import { payloadOf } from "./error.js";
import { host } from "./host.js";
import { whole } from "./http.js";
import { type JsonValue, write } from "./json.js";
import * as shapes from "./shape.js";
import { decode, encode, wellFormed } from "./text.js";

/** The version of a key that was read or written, as JSON may hold it. Every write gives the key a new one, which is never reused. */
export type Version = string & { readonly [VERSION]: true };

declare const VERSION: unique symbol;

/** A value with its version, for {@link compareAndSet}. */
export interface Entry<T> {
  value: T;
  version: Version;
}

/** The value of a key; null if it is not set or has expired. One that does not have this shape is a {@link StoreError}. */
export function get(key: string): JsonValue;
export function get<T>(key: string, shape: shapes.Shape<T>): T | null;
export function get(key: string, shape: shapes.Shape<unknown> = shapes.json): unknown {
  return entry(key, shape)?.value ?? null;
}

/** The value of a key with its version; null if it is not set or has expired. */
export function entry<T>(key: string, shape: shapes.Shape<T>): Entry<T> | null {
  const found = bytes(key);
  if (found === null) {
    return null;
  }
  const text = decode(found.value);
  try {
    return { value: shape(JSON.parse(text ?? "")), version: found.version };
  } catch (error) {
    if (error instanceof shapes.Misfit) {
      throw new StoreError("misfit", `${key} does not fit: ${error.message}`);
    }
    throw error instanceof SyntaxError ? new StoreError("misfit", `${key} is not JSON`) : error;
  }
}

/** Writes a value, replacing any other. */
export function set(key: string, value: unknown): Version {
  return setBytes(key, json(key, value));
}

/** Writes a value that expires after so many seconds, rounded up. */
export function setFor(key: string, value: unknown, seconds: number): Version {
  return setBytes(key, json(key, value), seconds);
}

/**
 * Writes a value if the key still has the version `expected`; null means that the key must not be set. Gives the new version, or null
 * if another call was faster. The value does not expire.
 */
export function compareAndSet(key: string, expected: Version | null, value: unknown): Version | null {
  return compareAndSetBytes(key, expected, json(key, value));
}

/** Deletes a key. It is no error if the key is not set. */
function deletion(key: string): void {
  done(() => host("store").store.delete(wellFormed(key)));
}

export { deletion as delete };

/** The first keys that begin with `prefix`, in byte order: at most `limit`, and at most 1,000. */
export function list(prefix: string, limit: number): string[] {
  return done(() => host("store").store.list(wellFormed(prefix), whole(limit)));
}

/** Like {@link entry}, for a value that is not JSON. */
export function bytes(key: string): Entry<Uint8Array> | null {
  const found = done(() => host("store").store.get(wellFormed(key)));
  return found == null ? null : { value: found.value, version: versionOf(found.version) };
}

/** Like {@link set} and {@link setFor}, for a value that is not JSON. */
export function setBytes(key: string, value: Uint8Array, seconds: number | null = null): Version {
  return versionOf(done(() => host("store").store.set(wellFormed(key), value, seconds === null ? null : whole(seconds))));
}

/** Like {@link compareAndSet}, for a value that is not JSON or that expires. */
export function compareAndSetBytes(
  key: string,
  expected: Version | null,
  value: Uint8Array,
  seconds: number | null = null,
): Version | null {
  const version = expected === null ? null : host("store").version(expected);
  const ttl = seconds === null ? null : whole(seconds);
  const written = done(() => host("store").store.compareAndSet(wellFormed(key), version, value, ttl));
  return written == null ? null : versionOf(written);
}

/** Why the store failed. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  /** The kind of failure, to be matched; `misfit` is a value that is no JSON, or has another shape. */
  readonly kind: contract.StoreError["tag"] | "misfit";

  constructor(kind: contract.StoreError["tag"] | "misfit", why = "") {
    super(ERRORS[kind] + why);
    this.kind = kind;
  }
}

function json(key: string, value: unknown): Uint8Array {
  return encode(write(`the value of ${key}`, value));
}

function versionOf(version: number | bigint): Version {
  return String(version) as Version;
}

function done<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const payload = payloadOf(error);
    throw payload === undefined ? error : new StoreError(payload.tag as contract.StoreError["tag"]);
  }
}

const ERRORS: Record<contract.StoreError["tag"] | "misfit", string> = {
  "not-granted":
    "the plugin may not use the store: ask for it in flowhost.toml (store = true in [requests]) and grant it in the flow's settings",
  "too-large": "the key or the value is too large for the store",
  "quota-exceeded": "the flow's store has no room for another key, or the call has used it too often",
  unavailable: "the store does not answer",
  misfit: "the value of ",
};
