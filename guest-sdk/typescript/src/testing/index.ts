// Plays a conversation with a plugin in a unit test, in Node, without WebAssembly or a host, so a debugger works. `npm test` runs it.
//
// It also does what the host does around a call: the state goes through JSON, sizes are limited, a failed call changes nothing, and a
// finished conversation accepts no further calls.

import { refusal, report, run } from "../call.js";
import type * as contract from "../contract.js";
import type { Flow } from "../flow.js";
import { HttpError, Request, type Response } from "../http.js";
import { MediaError, Reference } from "../media.js";
import { Answer, Failure, type LogLine } from "./answer.js";
import { TestStore } from "./store.js";
import { type Around, around } from "./surroundings.js";

export { Answer, Failure, type LogLine };

/** The host's default limit for a session's state: 64 KiB. */
export const STATE_MAX_BYTES = 64 * 1024;
/** The host's default limit for a reply: 256 KiB. */
export const REPLY_MAX_BYTES = 256 * 1024;

/** One user's conversation with a plugin. */
export class Conversation {
  /** Everything that the plugin has logged so far. */
  readonly log: LogLine[] = [];
  readonly #flow: Flow;
  readonly #settings = new Map<string, string>();
  readonly #store = new TestStore(() => this.#now);
  #flowToken = "test-token";
  #tokenVerified = false;
  #shared = false;
  #resumes = false;
  #context: string | null = null;
  #state: string | null = null;
  #exchanges = 0;
  /** Why the token accepts no further calls. */
  #ended: string | null = null;
  /** 2026-01-01 12:00 UTC. It is fixed so that a test that passes today also passes tomorrow. */
  #now = 1_767_268_800_000;
  #seed = 0n;
  #http: (request: Request) => Response = () => {
    throw new HttpError("not-granted", "the test gives no answers: Conversation.withHttp");
  };
  #media: (reference: Reference) => Uint8Array = () => {
    throw new MediaError("not-granted");
  };

  private constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** Makes a new conversation without calling the plugin. {@link init} opens the flow. */
  static start(flow: Flow): Conversation {
    return new Conversation(flow);
  }

  /** Sets the flow token. The default is `test-token`. */
  withToken(flowToken: string): this {
    this.#flowToken = flowToken;
    return this;
  }

  /** Sets the context, as if the business had attached it to the token. */
  withContext(context: unknown): this {
    this.#context = JSON.stringify(context);
    return this;
  }

  /** Marks the token as one whose signature the host has checked. */
  withVerifiedToken(): this {
    this.#tokenVerified = true;
    return this;
  }

  /** Sets the token `unused`, which all recipients share, so every exchange stands alone (see `Session.shared`). */
  withSharedToken(): this {
    this.#flowToken = "unused";
    this.#shared = true;
    return this;
  }

  /** Plays a flow with `on_reopen: continue`: a second {@link init} finds the previous state. Otherwise it begins anew. */
  resuming(): this {
    this.#resumes = true;
    return this;
  }

  /** Sets a value for `config`. */
  withConfig(key: string, value: string): this {
    this.#settings.set(key, value);
    return this;
  }

  /**
   * Lets `answer` respond in place of the external hosts, or throw an `http.HttpError`. Without it, every request fails as one that is
   * not granted. Placeholders for secrets arrive unchanged, because a plugin never sees what the host replaces them by.
   */
  withHttp(answer: (request: Request) => Response): this {
    this.#http = answer;
    return this;
  }

  /** Lets `answer` supply the files that the user picked, or throw a `media.MediaError`. Without it, none is granted. */
  withMedia(answer: (reference: Reference) => Uint8Array): this {
    this.#media = answer;
    return this;
  }

  /** Sets the clock, which stands still. Without it, the clock shows 2026-01-01 12:00 UTC. */
  withTime(now: Date): this {
    this.#now = now.getTime();
    return this;
  }

  /** Changes the random numbers. The same seed gives the same numbers in every run. */
  withSeed(seed: number): this {
    this.#seed = BigInt(seed);
    return this;
  }

  /** Moves the clock forward, and lets values in the store expire. */
  pass(seconds: number): void {
    this.#now += seconds * 1000;
  }

  /** The store as the plugin sees it: `fail` lets it fail. */
  get store(): TestStore {
    return this.#store;
  }

  /** The user opens the flow, or reopens it. What goes wrong is a {@link Failure}, here and below. */
  init(): Promise<Answer> {
    return this.#exchange("init", null, {});
  }

  /** The user submits `screen`, or changes a component on it that requests data. */
  submit(screen: string, data: Record<string, unknown> = {}): Promise<Answer> {
    return this.#exchange("data-exchange", screen, data);
  }

  /** The user goes back from `screen`. */
  back(screen: string): Promise<Answer> {
    return this.#exchange("back", screen, {});
  }

  /** The client reports that it could not use the reply that it received on `screen`. */
  async clientError(screen: string, key: string, message: string): Promise<void> {
    const error = { screen, key, message, flowToken: this.#flowToken };
    await around(this.#surroundings(), () => report(this.#flow, error));
  }

  /** The stored state; null before the first successful call. */
  get state(): any {
    return this.#state === null ? null : JSON.parse(this.#state);
  }

  /** Replaces the stored state, for example by one from an older version of the plugin. */
  replaceState(state: unknown): void {
    this.#state = JSON.stringify(state);
  }

  async #exchange(action: contract.Action, screen: string | null, data: Record<string, unknown>): Promise<Answer> {
    if (this.#ended !== null) {
      throw new Failure("token refused", `the flow token is refused: ${this.#ended}`);
    }
    const begins = action === "init" && !this.#resumes;
    const [state, exchanges] = begins ? [null, 0] : [this.#state, this.#exchanges];
    const [flowToken, tokenVerified] = [this.#flowToken, this.#tokenVerified];
    const exchange = { action, screen, data: JSON.stringify(data), flowToken, version: "3.0", tokenVerified };
    const stored = { state, context: this.#context, exchanges, shared: this.#shared };
    const surroundings = this.#surroundings();
    let outcome: contract.Outcome;
    try {
      outcome = await around(surroundings, () => run(this.#flow, exchange, stored));
    } catch (error) {
      return refuse(around(surroundings, () => refusal(this.#flow, action, error)), screen, error);
    }
    return this.#commit(outcome, exchanges);
  }

  /** Checks the sizes, then applies the result of the call. */
  #commit({ reply, state }: contract.Outcome, exchanges: number): Answer {
    within("state", state ?? "", STATE_MAX_BYTES);
    const answer = this.#answer(reply);
    if (!this.#shared) {
      this.#ended = END[answer.kind] ?? answer.text;
      this.#state = state ?? this.#state;
      this.#exchanges = exchanges + 1;
    }
    return answer;
  }

  #answer(reply: contract.Reply): Answer {
    switch (reply.tag) {
      case "screen": {
        const { screen, data, errorMessage } = reply.val;
        within("reply", data, REPLY_MAX_BYTES);
        return new Answer("screen", { screen, data: JSON.parse(data) as Record<string, unknown>, error: errorMessage ?? null });
      }
      case "complete": {
        within("reply", reply.val, REPLY_MAX_BYTES);
        const params = JSON.parse(reply.val) as Record<string, unknown>;
        return new Answer("completed", { params: { flow_token: this.#flowToken, ...params } });
      }
      case "close":
        return new Answer("closed");
      case "reject-token":
        return new Answer("token rejected", { text: reply.val });
    }
  }

  #surroundings(): Around {
    return {
      config: { get: (key) => this.#settings.get(key) ?? null },
      http: {
        send: ({ method, url, headers, body, timeoutMs }) => {
          const request = new Request(method, url, { headers, bytes: body, timeoutMs: timeoutMs ?? null });
          const { status, headers: answered, bytes } = asImport(() => this.#http(request));
          return { status, headers: answered.map(([name, value]) => [name, value]), body: bytes };
        },
      },
      log: { write: (level, message) => void this.log.push({ level, message }) },
      media: { fetch: (reference) => asImport(() => this.#media(new Reference(JSON.parse(reference) as Record<string, unknown>))) },
      store: this.#store,
      version: Number,
      randomBytes: (count) => this.#randomBytes(count),
      now: () => this.#now,
    };
  }

  /** By SplitMix64 (Steele, Lea and Flood, 2014), which accepts any seed. */
  #randomBytes(count: number): Uint8Array {
    const wrap = (number: bigint): bigint => BigInt.asUintN(64, number);
    return Uint8Array.from({ length: count }, () => {
      this.#seed = wrap(this.#seed + 0x9e37_79b9_7f4a_7c15n);
      let mixed = wrap((this.#seed ^ (this.#seed >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
      mixed = wrap((mixed ^ (mixed >> 27n)) * 0x94d0_49bb_1331_11ebn);
      return Number((mixed ^ (mixed >> 31n)) & 0xffn);
    });
  }
}

/** Throws as an import does: with the contract's error as payload. */
function asImport<T>(answer: () => T): T {
  try {
    return answer();
  } catch (error) {
    if (error instanceof HttpError || error instanceof MediaError) {
      const why = error.message.split(": ").slice(1).join(": ");
      throw Object.assign(new Error(error.kind), { payload: { tag: error.kind, val: why } });
    }
    throw error;
  }
}

/** Shows a user's error on the same screen, as the host does. Without a screen it can't be shown. */
function refuse({ tag, val }: contract.HandlerError, screen: string | null, cause: unknown): Answer {
  if (tag === "internal") {
    throw new Failure("internal", `the plugin failed: ${val}`, { cause });
  }
  if (screen === null) {
    throw new Failure(
      "internal",
      `the plugin failed: badRequest (${val}) on a request without a screen, such as INIT, where there is nothing to show it on: answer with a screen that says it, for example \`show(..).error(text)\`, or end the flow`,
      { cause },
    );
  }
  return new Answer("screen", { screen, error: val });
}

function within(what: string, json: string, limit: number): void {
  const bytes = Buffer.byteLength(json);
  if (bytes > limit) {
    throw new Failure("too large", `the ${what} has ${bytes} bytes, but the host takes ${limit}`);
  }
}

const END: Partial<Record<Answer["kind"], string>> = { completed: "the conversation is completed", closed: "the conversation is closed" };
