// The plugin as a component that QuickJS runs, synchronously: what is async is done before the call returns.

import { failure, functionOf, refusal, report, run } from "../call.js";
import type * as contract from "../contract.js";
import { Flow } from "../flow.js";
import * as log from "../log.js";
import { FlowPromise, microtask, runJobs, takeUnheard } from "../promise.js";
import { begin, setUp } from "./surroundings.js";

setUp(Number);
globalThis.Promise = FlowPromise as unknown as PromiseConstructor;
globalThis.queueMicrotask = microtask;

/** What the component exports. */
export function component(flow: Flow): contract.Handler {
  requireFlow(flow);
  return {
    handle(exchange, session) {
      begin();
      const settled = settle(flow, functionOf(exchange.action), () => run(flow, exchange, session));
      if ("thrown" in settled) {
        // An error with this payload is the contract's.
        throw { payload: refusal(flow, exchange.action, settled.thrown) };
      }
      return settled.value;
    },
    onClientError(error) {
      begin();
      const settled = settle(flow, "clientError", () => report(flow, error));
      if ("thrown" in settled) {
        log.error(failure(flow, "clientError", settled.thrown));
      }
    },
  };
}

/** Runs what a call begins until nothing is left to run. */
function settle<T>(flow: Flow, name: string, call: () => Promise<T>): { value: T } | { thrown: unknown } {
  const promise = call() as unknown as FlowPromise<T>;
  promise.catch(() => undefined);
  runJobs();
  for (const reason of takeUnheard()) {
    log.error(`a promise was rejected that nobody waits for: ${failure(flow, name, reason)}`);
  }
  const state = FlowPromise.stateOf(promise);
  switch (state.is) {
    case "fulfilled":
      return { value: state.value };
    case "rejected":
      return { thrown: state.value };
    case "pending":
      return { thrown: new Error(`\`${name}\` never comes to its end: it waits for a promise that nothing settles`) };
  }
}

/** Said when the component is built. */
function requireFlow(flow: unknown): void {
  if (!(flow instanceof Flow)) {
    throw new TypeError("the plugin's default export is no flow: write `export default flow({ .. })`");
  }
}
