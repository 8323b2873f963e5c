// The globals that a plugin has beside those of ECMAScript.

/** Writes into the flow's log. */
interface Console {
  assert(condition?: unknown, ...what: unknown[]): void;
  debug(...what: unknown[]): void;
  dir(what: unknown): void;
  error(...what: unknown[]): void;
  info(...what: unknown[]): void;
  log(...what: unknown[]): void;
  table(what: unknown): void;
  trace(...what: unknown[]): void;
  warn(...what: unknown[]): void;
}

declare var console: Console;

declare function queueMicrotask(callback: () => void): void;
