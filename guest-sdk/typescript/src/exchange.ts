import type { Action } from "./contract.js";

/** One request of the conversation, decrypted and verified. */
export class Exchange {
  /** Why the client calls. A flow has a function for each action already. */
  readonly action: Action;
  /** The screen that the user is on or leaves; null on `init`. */
  readonly screen: string | null;
  /** The form's fields as received; without any if the client sent none. */
  readonly json: Readonly<Record<string, unknown>>;
  /**
   * The token of the message that opened the flow. It is the same in the whole conversation, but identifies a single recipient only if
   * the sender made it so (see `Session.shared`).
   */
  readonly flowToken: string;
  /** The data API version that the client sent, for example `3.0`. */
  readonly version: string;
  /** Whether the request carried a valid signature of its flow token. */
  readonly tokenVerified: boolean;
  readonly #readForm: (exchange: Exchange) => unknown;
  #form: { read: unknown } | undefined;

  constructor(parts: Omit<Exchange, "field" | "form">, readForm: (exchange: Exchange) => unknown) {
    this.action = parts.action;
    this.screen = parts.screen;
    this.json = parts.json;
    this.flowToken = parts.flowToken;
    this.version = parts.version;
    this.tokenVerified = parts.tokenVerified;
    this.#readForm = readForm;
  }

  /**
   * The form of the screen, read by the types of the Flow JSON. A field that does not fit is an error that names it: the client sends
   * what the Flow JSON's form holds, so the form and the plugin differ, which is for the plugin's author to fix. Whether a value is
   * acceptable is for the plugin to check.
   */
  get form(): unknown {
    this.#form ??= { read: this.#readForm(this) };
    return this.#form.read;
  }

  /** The text of one field of the form; null if it is absent, empty, or not a text. */
  field(name: string): string | null {
    const value = Object.hasOwn(this.json, name) ? this.json[name] : undefined;
    return typeof value === "string" && value !== "" ? value : null;
  }
}

/** A client's report that it could not use an earlier reply. */
export interface ClientError {
  /** The screen that the user was on, if the client reported it. */
  readonly screen: string | null;
  /** The kind of error, for example `invalid-screen-transition`. The client may send others. */
  readonly key: string;
  /** The client's message, meant for developers. */
  readonly message: string;
  /** The flow token of the conversation. */
  readonly flowToken: string;
}
