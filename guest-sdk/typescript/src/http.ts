// HTTP requests to hosts that the flow grants. The plugin asks for them in its flowhost.toml (`http = ["api.example.com"]`).
//
// Secrets: the plugin never sees them. In a header or a body, but not in a URL, the host replaces `{{secret:NAME}}` by the secret that
// the tenant set under that name, if it is bound to the host that the request goes to. Text from a user must not become such a
// placeholder: `json` escapes it, whereas `jsonWithSecrets`, `body` and `header` leave it as it is.
//
// The host answers before `send` returns: there is nothing to wait for, and `await` in front of it does no harm.

import type * as contract from "./contract.js";
import { payloadOf } from "./error.js";
import { host } from "./host.js";
import { type JsonValue, write } from "./json.js";
import { json as anything, type Shape } from "./shape.js";
import { decode, encode, wellFormed } from "./text.js";
import { readAs } from "./typed.js";

/** A request to send. Each method gives a new one. */
export class Request {
  /** The method. */
  readonly method: string;
  /** The URL. */
  readonly url: string;
  /** The headers as the plugin set them. */
  readonly headers: readonly (readonly [string, string])[];
  /** The body. */
  readonly bytes: Uint8Array;
  /** The longest wait for the response in milliseconds, if it is set. */
  readonly timeoutMs: number | null;

  /** A request with any method but `CONNECT` and `TRACE`. */
  constructor(method: string, url: string, more: Partial<Pick<Request, "bytes" | "headers" | "timeoutMs">> = {}) {
    this.method = method;
    this.url = url;
    this.headers = more.headers ?? [];
    this.bytes = more.bytes ?? new Uint8Array();
    this.timeoutMs = more.timeoutMs ?? null;
  }

  /** Adds a header. The value may hold `{{secret:NAME}}`, so check text from a user before you put it here. */
  header(name: string, value: string): Request {
    return this.#with({ headers: [...this.headers, [name, value]] });
  }

  /** Sets the body as it is. The host replaces `{{secret:NAME}}` in it. */
  body(body: string | Uint8Array): Request {
    return this.#with({ bytes: typeof body === "string" ? encode(body) : body });
  }

  /**
   * Sets a value as the JSON body, with the matching `content-type`. This is safe with text from users: placeholders for secrets in it
   * are escaped and stay plain text.
   */
  json(value: unknown): Request {
    // Two braces in a row occur only inside of strings, where JSON can escape them.
    return this.#withJson(write("the request's body", value).replaceAll("{{secret:", "\\u007b{secret:"));
  }

  /**
   * Like {@link json}, but the host replaces `{{secret:NAME}}` inside of strings, without escaping: a secret with quotation marks or
   * backslashes breaks the JSON. Use it only for values that contain no text from users.
   */
  jsonWithSecrets(value: unknown): Request {
    return this.#withJson(write("the request's body", value));
  }

  /** Limits the wait for the response. The host never waits longer than the call may take, whatever is set here. */
  timeout(milliseconds: number): Request {
    return this.#with({ timeoutMs: milliseconds });
  }

  /** Sends the request and gives the response, whatever its status. Why there is none is an {@link HttpError}. */
  send(): Response {
    const { status, headers, body } = answered(() =>
      host("http").http.send({
        method: wellFormed(this.method),
        url: wellFormed(this.url),
        headers: this.headers.map(([name, value]) => [wellFormed(name), wellFormed(value)]),
        body: this.bytes,
        timeoutMs: this.timeoutMs === null ? null : whole(this.timeoutMs),
      }),
    );
    return new Response(status, body, headers);
  }

  /** A header's value as the plugin set it, for tests. */
  headerValue(name: string): string | null {
    return find(this.headers, name);
  }

  /** The body as text, for tests; empty if it is not UTF-8. */
  bodyText(): string {
    return decode(this.bytes) ?? "";
  }

  #withJson(text: string): Request {
    return this.header("content-type", "application/json").body(text);
  }

  #with(changed: Partial<Pick<Request, "bytes" | "headers" | "timeoutMs">>): Request {
    return new Request(this.method, this.url, { headers: this.headers, bytes: this.bytes, timeoutMs: this.timeoutMs, ...changed });
  }
}

/** The response to a request. */
export class Response {
  /** The status, for example 200. */
  readonly status: number;
  /** The body as bytes. */
  readonly bytes: Uint8Array;
  /** All headers, in the order in which they arrived. */
  readonly headers: readonly (readonly [string, string])[];

  /** Makes a response, for tests. */
  constructor(status: number, body: string | Uint8Array = "", headers: readonly (readonly [string, string])[] = []) {
    this.status = status;
    this.bytes = typeof body === "string" ? encode(body) : body;
    this.headers = headers;
  }

  /** Whether the status is between 200 and 299. */
  get isSuccess(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** The first header with this name; null if there is none. Case does not matter. */
  header(name: string): string | null {
    return find(this.headers, name);
  }

  /** The body as text. That it is not UTF-8 is an error. */
  text(): string {
    const text = decode(this.bytes);
    if (text === null) {
      throw new TypeError("the response's body is not UTF-8");
    }
    return text;
  }

  /** The body's JSON. That it is none is an error, and so is one that does not have this shape. */
  json(): JsonValue;
  json<T>(shape: Shape<T>): T;
  json(shape: Shape<unknown> = anything): unknown {
    let value: unknown;
    try {
      value = JSON.parse(this.text());
    } catch (error) {
      // What a parser says quotes the body, which may be a customer's.
      throw error instanceof SyntaxError ? new TypeError("the response's body is not JSON") : error;
    }
    return readAs(shape, "the response's body", value);
  }
}

/** Why there is no response. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  /** The kind of failure, to be matched. */
  readonly kind: contract.HttpError["tag"];

  constructor(kind: contract.HttpError["tag"], why = "") {
    super(ERRORS[kind] + why);
    this.kind = kind;
  }
}

/** A `GET` request. */
export function get(url: string): Request {
  return new Request("GET", url);
}

/** A `POST` request. */
export function post(url: string): Request {
  return new Request("POST", url);
}

/** A `PUT` request. */
export function put(url: string): Request {
  return new Request("PUT", url);
}

/** A `PATCH` request. */
export function patch(url: string): Request {
  return new Request("PATCH", url);
}

/** A `DELETE` request. */
function deletion(url: string): Request {
  return new Request("DELETE", url);
}

export { deletion as delete };

function answered<T>(send: () => T): T {
  try {
    return send();
  } catch (error) {
    const payload = payloadOf(error);
    throw payload === undefined ? error : new HttpError(payload.tag as contract.HttpError["tag"], String(payload.val ?? ""));
  }
}

function find(headers: readonly (readonly [string, string])[], name: string): string | null {
  return headers.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1] ?? null;
}

/** A whole number that engines take for a u32. */
export function whole(number: number): number {
  return Math.min(Math.max(Math.ceil(number), 0), 0x7fff_ffff) | 0;
}

const ERRORS: Record<contract.HttpError["tag"], string> = {
  "not-granted": "the request is not granted: ",
  "bad-request": "the request can't be sent: ",
  timeout: "the request took too long",
  "too-large": "the response is too large",
  "quota-exceeded": "the call has sent as many requests as it may",
  unreachable: "the request failed: ",
};
