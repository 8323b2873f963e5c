// What a call reaches outside the plugin: the component's imports in a host, a test's stand-ins in Node.

import type { Config, Http, Log, Media, Store } from "./contract.js";

/** The imports of a plugin. */
export interface Host {
  config: Config;
  http: Http;
  log: Log;
  media: Media;
  store: Store;
  /** A version of the store's as this engine has numbers of 64 bits. */
  version(text: string): number | bigint;
  /** So many random bytes. */
  randomBytes(count: number): Uint8Array;
}

let current: (() => Host | undefined) | undefined;

/** Says where the imports are. `find` gives none outside of a call. */
export function provide(find: () => Host | undefined): void {
  current = find;
}

/** The imports, during a call. */
export function host(what: string): Host {
  const found = current?.();
  if (found === undefined) {
    throw new Error(`there is no ${what} outside of a call: what stands at the top level of a file runs once, when the plugin is built`);
  }
  return found;
}

/** The imports, if this is during a call. */
export function hostIfAny(): Host | undefined {
  return current?.();
}
