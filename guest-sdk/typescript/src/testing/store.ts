import type { Store, StoreError } from "../contract.js";
import { encode } from "../text.js";

interface Kept {
  value: Uint8Array;
  version: number;
  /** When it is gone, in milliseconds since 1970. */
  expires: number;
}

/** A store in memory, with the limits of a host with its defaults. */
export class TestStore implements Store {
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => number;
  #version = 0;
  #failure: StoreError["tag"] | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Lets every use fail like this; null ends it. */
  fail(failure: StoreError["tag"] | null): void {
    this.#failure = failure;
  }

  get(key: string): { value: Uint8Array; version: number } | null {
    const kept = this.#find(key);
    return kept === undefined ? null : { value: kept.value, version: kept.version };
  }

  set(key: string, value: Uint8Array, ttlSeconds: number | null | undefined): number {
    const found = this.#find(key);
    if (encode(key).length > KEY_MAX_BYTES || value.length > VALUE_MAX_BYTES) {
      throw refusal("too-large");
    }
    if (found === undefined && this.#kept.size >= KEYS_MAX) {
      throw refusal("quota-exceeded");
    }
    this.#version += 1;
    const expires = ttlSeconds == null ? Number.POSITIVE_INFINITY : this.#now() + ttlSeconds * 1000;
    this.#kept.set(key, { value: value.slice(), version: this.#version, expires });
    return this.#version;
  }

  compareAndSet(
    key: string,
    expected: number | bigint | null | undefined,
    value: Uint8Array,
    ttlSeconds: number | null | undefined,
  ): number | null {
    const version = this.#find(key)?.version;
    return (expected == null ? undefined : Number(expected)) === version ? this.set(key, value, ttlSeconds) : null;
  }

  delete(key: string): void {
    this.#find(key);
    this.#kept.delete(key);
  }

  list(prefix: string, limit: number): string[] {
    this.#find("");
    const keys = [...this.#kept.keys()].filter((key) => key.startsWith(prefix) && this.#find(key) !== undefined);
    return keys.sort(inOrderOfBytes).slice(0, Math.min(limit, LISTED_MAX));
  }

  #find(key: string): Kept | undefined {
    if (this.#failure !== null) {
      throw refusal(this.#failure);
    }
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.expires <= this.#now()) {
      this.#kept.delete(key);
      return undefined;
    }
    return kept;
  }
}

function refusal(tag: StoreError["tag"]): Error {
  return Object.assign(new Error(tag), { payload: { tag } });
}

function inOrderOfBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

const KEY_MAX_BYTES = 256;
const VALUE_MAX_BYTES = 64 * 1024;
const KEYS_MAX = 1000;
const LISTED_MAX = 1000;
