// Lines for the flow's log: `flowhost plugin logs TENANT FLOW --follow` shows them. `console` writes there too.

import type { LogLevel } from "./contract.js";
import { host, hostIfAny } from "./host.js";
import { format } from "./inspect.js";
import { clipped, wellFormed } from "./text.js";

export type { LogLevel };

export function trace(...what: unknown[]): void {
  write("trace", what);
}

export function debug(...what: unknown[]): void {
  write("debug", what);
}

export function info(...what: unknown[]): void {
  write("info", what);
}

export function warn(...what: unknown[]): void {
  write("warn", what);
}

export function error(...what: unknown[]): void {
  write("error", what);
}

function write(level: LogLevel, what: unknown[]): void {
  host("log").log.write(level, wellFormed(clipped(format(what))));
}

/** A console that writes into the log, and into nothing outside of a call. */
export function consoleOfLog(): Console {
  const to =
    (level: LogLevel) =>
    (...what: unknown[]): void => {
      hostIfAny()?.log.write(level, wellFormed(clipped(format(what))));
    };
  const methods = {
    assert: (condition?: unknown, ...what: unknown[]): void => {
      if (!condition) {
        to("error")("Assertion failed", ...what);
      }
    },
    debug: to("debug"),
    dir: (what: unknown): void => to("info")(what),
    error: to("error"),
    info: to("info"),
    log: to("info"),
    table: (what: unknown): void => to("info")(what),
    trace: to("trace"),
    warn: to("warn"),
  };
  // Others have more methods, such as `group`, for which a log has no use.
  return methods as unknown as Console;
}
