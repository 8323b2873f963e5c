// What every component sets up before the plugin's own files are read.

import * as config from "flowhost:flow/config@1.0.0";
import * as http from "flowhost:flow/http@1.0.0";
import * as log from "flowhost:flow/log@1.0.0";
import * as media from "flowhost:flow/media@1.0.0";
import * as store from "flowhost:flow/store@1.0.0";
import { getRandomBytes } from "wasi:random/random@0.2.0";

import { type Host, provide } from "../host.js";
import { consoleOfLog } from "../log.js";
import { number, RANGE } from "../random.js";
import { providePlaces } from "../thrown.js";

/** A call has the imports; while the component is built, there is nothing behind them. */
let called = false;

/** From now on, imports answer. */
export function begin(): void {
  called = true;
}

/** Sets up the imports, where numbers of 64 bits are made by `wide`. */
export function setUp(wide: (text: string) => number | bigint): void {
  const host: Host = { config, http, log, media, store, version: wide, randomBytes: (count) => getRandomBytes(wide(String(count))) };
  provide(() => (called ? host : undefined));
  providePlaces(place);
  const builtIn = Math.random;
  // The engine's own goes on from where it was when the component was built, in every call alike.
  Math.random = () => (called ? number(getRandomBytes(wide("8"))) / RANGE : builtIn());
  globalThis.console = consoleOfLog();
}

/** What the build adds behind the bundle: for each of its lines the author's, as `[file, line]`; see `build/lines.mjs`. */
interface Lines {
  files: string[];
  /** For each line from which on the next lines belong to the author's one by one: the line, the file, the author's line. */
  runs: [line: number, file: number, first: number][];
}

/** The place in the author's source. */
function place(file: string, line: number): string | undefined {
  const lines = (globalThis as Record<symbol, unknown>)[LINES] as Lines | undefined;
  if (lines === undefined || !file.endsWith(BUNDLE)) {
    return undefined;
  }
  const run = lines.runs.findLast(([from]) => from <= line);
  if (run === undefined || run[1] < 0) {
    return undefined;
  }
  return `${lines.files[run[1]] ?? ""}:${run[2] + line - run[0]}`;
}

const LINES = Symbol.for("flowhost.lines");

/** The name that the bundle is built under. */
const BUNDLE = "plugin.js";
