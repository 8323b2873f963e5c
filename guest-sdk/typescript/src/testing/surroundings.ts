// What a call in a test reaches. Calls of several conversations may take turns while each waits, so what is around a call goes with it.

import { AsyncLocalStorage } from "node:async_hooks";
import { fileURLToPath } from "node:url";
import { relative } from "node:path";

import type { Host } from "../host.js";
import { provide } from "../host.js";
import { consoleOfLog } from "../log.js";
import { number, RANGE } from "../random.js";
import { providePlaces } from "../thrown.js";

/** What there is around a call. */
export interface Around extends Host {
  /** Milliseconds since 1970. */
  now(): number;
}

const calls = new AsyncLocalStorage<Around>();

/** Runs a call with these surroundings. */
export function around<T>(surroundings: Around, call: () => T): T {
  setUp();
  return calls.run(surroundings, call);
}

let isSetUp = false;

/** Puts stand-ins in the place of the clock, of random numbers and of the console. Outside of calls they do what they did. */
function setUp(): void {
  if (isSetUp) {
    return;
  }
  isSetUp = true;
  provide(() => calls.getStore());
  providePlaces(place);

  const BuiltInDate = globalThis.Date;
  globalThis.Date = new Proxy(BuiltInDate, {
    apply: (target) => new target(calls.getStore()?.now() ?? target.now()).toString(),
    construct: (target, args, newTarget) => {
      const now = calls.getStore()?.now();
      return Reflect.construct(target, args.length === 0 && now !== undefined ? [now] : args, newTarget) as Date;
    },
    get: (target, name, receiver) => (name === "now" ? () => calls.getStore()?.now() ?? target.now() : Reflect.get(target, name, receiver)),
  });

  const builtInRandom = Math.random;
  Math.random = () => {
    const around = calls.getStore();
    return around === undefined ? builtInRandom() : number(around.randomBytes(8)) / RANGE;
  };

  const [builtInConsole, logConsole] = [globalThis.console, consoleOfLog()];
  globalThis.console = new Proxy(builtInConsole, {
    get: (target, name) => {
      const logs = calls.getStore() !== undefined && Object.hasOwn(logConsole, name);
      return Reflect.get(logs ? logConsole : target, name) as unknown;
    },
  });
}

/** Node maps the lines of the bundle already, if it is run with `--enable-source-maps`. */
function place(file: string, line: number): string | undefined {
  if (file.startsWith("node:") || /[\\/](?:node_modules|flowhost-sdk|guest-sdk[\\/]typescript[\\/]src)[\\/]/.test(file)) {
    return undefined;
  }
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  return `${relative(process.cwd(), path)}:${line}`;
}
