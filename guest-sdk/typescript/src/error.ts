/**
 * A mistake of the user's: the same screen appears again and shows the text. Throw it:
 *
 * ```ts
 * throw badRequest("Please enter a number of guests.");
 * ```
 *
 * Everything else that is thrown is the plugin's fault: it is logged with its place, never shown, and answered as the flow's setting
 * `on_failure` says. In both cases the state stays as it was before the call. To keep a changed state, or to send other data with the
 * text, answer with `show(..).error(text)` instead.
 */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
}

/** Makes a {@link BadRequest}, to be thrown. `text` should say how to correct the input. */
export function badRequest(text: string): BadRequest {
  return new BadRequest(text);
}

/**
 * What does not fit: the form of a screen, since the client has another Flow JSON than the plugin was built with, or what was attached
 * to the flow token, or the body of a response. It is for the plugin's author to fix.
 */
export class DataError extends Error {
  override readonly name = "DataError";
  /** The path of the field that does not fit, such as `guests[2].name`; empty for the whole. */
  readonly path: string;

  constructor(what: string, reason: string, path = "") {
    super(`${what} does not fit: ${reason}`);
    this.path = path;
  }
}

/** An error whose payload is the contract's, as engines throw it for an import that gives one. */
export function payloadOf(error: unknown): { tag: string; val?: unknown } | undefined {
  if (typeof error === "object" && error !== null && "payload" in error) {
    const { payload } = error;
    if (typeof payload === "object" && payload !== null && "tag" in payload && typeof payload.tag === "string") {
      return payload as { tag: string; val?: unknown };
    }
  }
  return undefined;
}
