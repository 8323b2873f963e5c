import type { Shape } from "./shape.js";
import { readAs } from "./typed.js";

/** What the plugin and the host remember of one conversation. */
export class Session<State> {
  /** The plugin's memory: the flow's `state` at first, then as the last successful call left it. At most 64 KiB as JSON. */
  state: State;
  /** How many exchanges of this conversation came before this one. */
  readonly exchanges: number;
  /**
   * Whether this exchange stands alone, because its flow token does not identify a recipient.
   *
   * Normally a flow token belongs to one recipient, because the sender of the flow makes one for each message. WhatsApp does not
   * require that: without a token it sends `unused`, the same for everybody, and campaigns send constants. The host can't tell whose
   * exchange this is. So the state is the first one each time and is not stored, `exchanges` is 0, and the token must not be used as a
   * key either. What a later screen needs must travel with the form: in the data of a screen, and from there in the payload of its
   * action. A plugin that can't work like this says so, with `rejectToken` or on a screen.
   */
  readonly shared: boolean;
  readonly #context: unknown;

  constructor(state: State, context: unknown, exchanges: number, shared: boolean) {
    this.state = state;
    this.#context = context;
    this.exchanges = exchanges;
    this.shared = shared;
  }

  /**
   * What the business attached to the flow token when it created it, for example a customer number; null if nothing. One that does not
   * have this shape is a `DataError` that names the field.
   *
   * ```ts
   * const customer = session.context(shape.object({ number: shape.number, name: shape.optional(shape.string) }));
   * ```
   */
  context<T>(shape: Shape<T>): T | null {
    return this.#context === null ? null : readAs(shape, "the session's context", this.#context);
  }
}
