// The plugin as a component that StarlingMonkey runs. It has a queue and an event loop of its own, and waits for a promise.

import { failure, refusal, report, run } from "../call.js";
import type * as contract from "../contract.js";
import { Flow } from "../flow.js";
import * as log from "../log.js";
import { begin, setUp } from "./surroundings.js";

setUp(BigInt);

/** What the component exports. */
export function component(flow: Flow) {
  if (!(flow instanceof Flow)) {
    throw new TypeError("the plugin's default export is no flow: write `export default flow({ .. })`");
  }
  return {
    async handle(exchange: contract.Exchange, session: contract.Session): Promise<contract.Outcome> {
      begin();
      try {
        return await run(flow, exchange, session);
      } catch (error) {
        // An error with this payload is the contract's.
        throw { payload: refusal(flow, exchange.action, error) };
      }
    },
    async onClientError(error: contract.ClientError): Promise<void> {
      begin();
      try {
        await report(flow, error);
      } catch (thrown) {
        log.error(failure(flow, "clientError", thrown));
      }
    },
  };
}
