import type * as contract from "./contract.js";
import { writeObject } from "./json.js";
import { wellFormed } from "./text.js";

/** The answer to an exchange: a screen to show, or the end of the flow. */
export class Reply {
  readonly #reply: contract.Reply;

  /** Replies are made by `show`, `screen`, `complete`, `close` and `rejectToken`. */
  constructor(reply: contract.Reply) {
    this.#reply = reply;
  }

  /** The same screen with a text that it shows to the user as an error. */
  error(text: string): Reply {
    if (this.#reply.tag !== "screen") {
      throw new TypeError("`.error(..)` is for a reply that shows a screen");
    }
    return new Reply({ tag: "screen", val: { ...this.#reply.val, errorMessage: wellFormed(text) } });
  }

  /** The reply as the contract has it. */
  static finish(reply: Reply): contract.Reply {
    return reply.#reply;
  }
}

/**
 * Shows this screen, whose data is any JSON object. `show` in the file that is generated from your flow.json knows the screens and
 * their data.
 */
export function screen(name: string, data: object = {}): Reply {
  const json = writeObject(`the data of screen "${name}"`, data);
  return new Reply({ tag: "screen", val: { screen: wellFormed(name), data: json, errorMessage: null } });
}

/** Finishes the flow. `params`, a JSON object, reach the business with the message in the chat. The host adds the flow token. */
export function complete(params: object = {}): Reply {
  return new Reply({ tag: "complete", val: writeObject("the params of the completed flow", params) });
}

/** Finishes the flow without a message. */
export function close(): Reply {
  return new Reply({ tag: "close" });
}

/** Refuses the flow token. The button of the message is disabled for good, and the user reads `text`. */
export function rejectToken(text: string): Reply {
  return new Reply({ tag: "reject-token", val: wellFormed(text) });
}
