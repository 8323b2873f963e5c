// Runs one call of a plugin. A component uses it inside a host, `testing` in a unit test.

import type * as contract from "./contract.js";
import { BadRequest } from "./error.js";
import { type ClientError, Exchange } from "./exchange.js";
import { Flow, type Handlers } from "./flow.js";
import { fieldsOf, type FormTypes, readForm } from "./form.js";
import { isObject, kindOf, parse, writeObject } from "./json.js";
import * as log from "./log.js";
import { Reply } from "./reply.js";
import { Session } from "./session.js";
import { wellFormed } from "./text.js";
import { describe, framesOf } from "./thrown.js";

/** Loads the state, calls the function for the action, and writes the reply and the new state. It is rejected with what was thrown. */
export async function run(flow: Flow, exchange: contract.Exchange, stored: contract.Session): Promise<contract.Outcome> {
  const { handlers, forms } = Flow.parts(flow);
  const session = load(handlers, stored);
  if (exchange.action === "data-exchange" && forms !== undefined) {
    // `submit` has no case for a screen without a form.
    fieldsOf(forms, exchange.screen ?? "");
  }
  const reply = await answer(handlers, read(exchange, forms), session);
  if (!(reply instanceof Reply)) {
    const name = functionOf(exchange.action);
    throw new TypeError(`\`${name}\` gave ${kindOf(reply)}, which is no reply: return show(..), complete(..), close() or rejectToken(..)`);
  }
  return { reply: Reply.finish(reply), state: writeObject("the session's state", session.state) };
}

/** Passes the client's report on. It is rejected with what was thrown. */
export async function report(flow: Flow, error: contract.ClientError): Promise<void> {
  const { handlers } = Flow.parts(flow);
  const { screen = null, key, message, flowToken } = error;
  const seen: ClientError = { screen, key, message, flowToken };
  if (handlers.clientError === undefined) {
    log.error(`the client reports ${JSON.stringify(key)} on screen ${JSON.stringify(screen ?? "")}: ${message}`);
  } else {
    await handlers.clientError(seen);
  }
}

/** What was thrown, as the contract has it. */
export function refusal(flow: Flow, action: contract.Action, thrown: unknown): contract.HandlerError {
  try {
    if (thrown instanceof BadRequest) {
      return { tag: "bad-request", val: wellFormed(String(thrown.message)) };
    }
  } catch {
    // It can't even be asked what it is; what follows says so.
  }
  return { tag: "internal", val: failure(flow, functionOf(action), thrown) };
}

/** What was thrown in this function, for the log. What has no place of its own has the flow's. */
export function failure(flow: Flow, name: string, thrown: unknown): string {
  const said = describe(thrown);
  if (/, at \S+:\d+/.test(said)) {
    return wellFormed(said);
  }
  const [made] = framesOf(Flow.parts(flow).made);
  return wellFormed(`${said}, in \`${name}\`${made === undefined ? "" : ` of the flow at ${made.place}`}`);
}

/** The name of the function for an action. */
export function functionOf(action: contract.Action): "back" | "init" | "submit" {
  return action === "data-exchange" ? "submit" : action;
}

function answer(handlers: Handlers<object, never, never>, exchange: Exchange, session: Session<object>): unknown {
  switch (exchange.action) {
    case "init":
      return handlers.init(exchange as never, session);
    case "data-exchange":
      return handlers.submit(exchange as never, session);
    case "back":
      if (handlers.back === undefined) {
        throw new Error(
          `the user went back from screen "${exchange.screen ?? ""}", which has refresh_on_back, but the flow has no \`back\``,
        );
      }
      return handlers.back(exchange as never, session);
  }
}

function load({ state }: Handlers<object, never, never>, stored: contract.Session): Session<object> {
  // A copy: the flow's own state is for each conversation's start.
  const first = parse("the flow's state", writeObject("the flow's state", state ?? {})) as object;
  const kept = stored.state == null ? first : parse("the session's state", stored.state);
  const whole = isObject(kept) ? { ...first, ...kept } : kept;
  const context = stored.context == null ? null : parse("the session's context", stored.context);
  return new Session(whole as object, context, stored.exchanges, stored.shared);
}

function read(exchange: contract.Exchange, forms: FormTypes | undefined): Exchange {
  const json = parse("the request's data", exchange.data) as Record<string, unknown>;
  const { action, screen = null, flowToken, version, tokenVerified } = exchange;
  const form = () => (forms === undefined ? json : readForm(forms, screen ?? "", json));
  return new Exchange({ action, screen, json, flowToken, version, tokenVerified }, form);
}
