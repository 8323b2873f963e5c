/** What the client receives. */
export class Answer {
  /** What becomes of the flow. */
  readonly kind: "screen" | "completed" | "closed" | "token rejected";
  /** The screen to show; null if the flow is over. */
  readonly screen: string | null;
  /** The data of the screen to show. */
  readonly data: Record<string, any>;
  /** The error that the screen shows. */
  readonly error: string | null;
  /** The params of the completed flow: the plugin's and the flow token. */
  readonly params: Record<string, any> | null;
  /** The text that the user reads if the token is rejected. */
  readonly text: string | null;

  constructor(kind: Answer["kind"], parts: Partial<Pick<Answer, "data" | "error" | "params" | "screen" | "text">> = {}) {
    this.kind = kind;
    this.screen = parts.screen ?? null;
    this.data = parts.data ?? {};
    this.error = parts.error ?? null;
    this.params = parts.params ?? null;
    this.text = parts.text ?? null;
  }
}

/** Why the client gets an error instead of an answer. The session stays as it was before the call. */
export class Failure extends Error {
  override readonly name = "Failure";
  /**
   * - `internal`: the plugin failed.
   * - `token refused`: the token accepts no further calls (status 427), because the flow was finished or the plugin rejected the token.
   * - `too large`: the host would refuse what the plugin returned.
   * - `test`: the test itself is wrong.
   */
  readonly kind: "internal" | "token refused" | "too large" | "test";

  constructor(kind: Failure["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** One line that the plugin logged. */
export interface LogLine {
  level: "trace" | "debug" | "info" | "warn" | "error";
  message: string;
}
