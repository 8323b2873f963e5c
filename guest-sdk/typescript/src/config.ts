// The flow's settings, which the tenant changes with `flowhost flow config set`.

import { host } from "./host.js";
import { wellFormed } from "./text.js";

/** The value of a setting; null if it is not set or is a secret. */
export function get(key: string): string | null {
  return host("config").config.get(wellFormed(key)) ?? null;
}

/** The value of a setting that the plugin requires. That it is missing is an error that says so. */
export function require(key: string): string {
  const value = get(key);
  if (value === null) {
    throw new Error(`the flow has no setting "${key}" (flowhost flow config set)`);
  }
  return value;
}
