// Generated from guest-sdk/wit/v1/flow.wit, to which a test holds it. Not to be edited.
//
// An option that is none is null or undefined. A function with a result returns it, or throws an error whose `payload` is the error.

/** One JSON document in UTF-8. */
export type Json = string;

/** Why the client calls. */
export type Action = "init" | "back" | "data-exchange";

/** One decrypted, verified request. */
export interface Exchange {
  action: Action;
  /** The screen that the user is on; none on init. */
  screen: string | null | undefined;
  /** The form's fields: a JSON object, `{}` when the client sent none. */
  data: Json;
  flowToken: string;
  /** Data API version as sent, for example "3.0". */
  version: string;
  /** Whether the request carried a valid `flow_token_signature`. */
  tokenVerified: boolean;
}

/** What the host remembers of this conversation. */
export interface Session {
  /** What the plugin stored with its last outcome; none at first. */
  state: Json | null | undefined;
  /** What was attached to the token when it was minted. */
  context: Json | null | undefined;
  /** Exchanges committed so far, since the flow was opened last where the flow begins afresh then. */
  exchanges: number;
  /**
   * Whether the exchange stands alone, since its flow token identifies nobody: many recipients have it, or there is none. Then there
   * is no state, what the outcome stores is not kept, and the next exchange of the same user is another one's as well as theirs.
   */
  shared: boolean;
}

/** A screen to show, or the same one again. */
export interface ScreenReply {
  /** Its id in the Flow JSON. `SUCCESS` is reserved: finish with `complete` or `close`. */
  screen: string;
  /** A JSON object. */
  data: Json;
  /** Shown to the user in a snackbar. */
  errorMessage: string | null | undefined;
}

export type Reply =
  /** Show this screen. */
  | { tag: "screen"; val: ScreenReply }
  /** Finish, with a message in the chat that carries these params: a JSON object. The host adds `flow_token` if it is missing. */
  | { tag: "complete"; val: Json }
  /** Finish without a message. */
  | { tag: "close" }
  /** The token is no longer valid: disable the button and show this text. */
  | { tag: "reject-token"; val: string };

/** What a call that succeeded leads to. */
export interface Outcome {
  reply: Reply;
  /** The state to store; none keeps the stored one. */
  state: Json | null | undefined;
}

/** What the client reported about an earlier reply. */
export interface ClientError {
  screen: string | null | undefined;
  key: string;
  message: string;
  flowToken: string;
}

/** Why a call gave no outcome. The stored state stays as it was. */
export type HandlerError =
  /** The user's input is at fault: show this text on the same screen. */
  | { tag: "bad-request"; val: string }
  /** The plugin is at fault: logged, and answered as the flow's `on_failure` says. */
  | { tag: "internal"; val: string };

/** What a plugin exports. */
export interface Handler {
  /** Answers one exchange, in a fresh instance: nothing but the state lasts from call to call. */
  handle(exchange: Exchange, session: Session): Outcome;
  /** Its result changes nothing for the client. */
  onClientError(error: ClientError): void;
}

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** Lines for the flow's log, which the tenant can read. */
export interface Log {
  /** Lines past the limit are counted and dropped. */
  write(level: LogLevel, message: string): void;
}

/** The flow's settings, set by the tenant. Secrets are not here: see `http`. */
export interface Config {
  get(key: string): string | null | undefined;
}

export type StoreError =
  /** The plugin's manifest does not ask for it, or the flow's settings do not grant it. */
  | { tag: "not-granted" }
  /** The key or the value is too large. */
  | { tag: "too-large" }
  /** The flow has as many keys as it may, or the call has used the store as often as it may. */
  | { tag: "quota-exceeded" }
  /** The store does not answer: try again with the next exchange. */
  | { tag: "unavailable" };

/** Each write gives the key another version, which does not come again. */
export interface StoreEntry {
  value: Uint8Array;
  version: number | bigint;
}

/** Small values that outlive a session, private to the flow. A key is any text of at most 256 bytes; it is compared as it is. */
export interface Store {
  get(key: string): StoreEntry | null | undefined;
  /** Kept for `ttl-seconds`, or until deleted. */
  set(key: string, value: Uint8Array, ttlSeconds: number | null | undefined): number | bigint;
  /** Writes only if the stored version is `expected` (none: the key is absent); gives none when it is not. */
  compareAndSet(key: string, expected: number | bigint | null | undefined, value: Uint8Array, ttlSeconds: number | null | undefined): number | bigint | null | undefined;
  delete(key: string): void;
  /** The first keys that begin with `prefix`, in the order of their bytes: at most `limit`, and at most 1,000. */
  list(prefix: string, limit: number): string[];
}

export interface HttpRequest {
  method: string;
  url: string;
  headers: [string, string][];
  body: Uint8Array;
  timeoutMs: number | null | undefined;
}

export interface HttpResponse {
  status: number;
  headers: [string, string][];
  body: Uint8Array;
}

export type HttpError =
  | { tag: "not-granted"; val: string }
  | { tag: "bad-request"; val: string }
  | { tag: "timeout" }
  | { tag: "too-large" }
  | { tag: "quota-exceeded" }
  | { tag: "unreachable"; val: string };

/**
 * Outbound requests, to granted hosts only.
 * `{{secret:NAME}}` in a header or in the body is filled in by the host, towards the hosts that the secret is bound to.
 */
export interface Http {
  send(request: HttpRequest): HttpResponse;
}

export type MediaError =
  | { tag: "not-granted" }
  | { tag: "invalid-reference"; val: string }
  | { tag: "download-failed"; val: string }
  | { tag: "check-failed" }
  | { tag: "too-large" }
  | { tag: "quota-exceeded" };

/** Files that the user picked in PhotoPicker or DocumentPicker. */
export interface Media {
  /** `reference` is one element of the field's array, as received. Gives the decrypted, checked file. */
  fetch(reference: Json): Uint8Array;
}
