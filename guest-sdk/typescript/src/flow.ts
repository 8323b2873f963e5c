import type { ClientError, Exchange } from "./exchange.js";
import type { FormTypes } from "./form.js";
import { screen, type Reply } from "./reply.js";
import type { Session } from "./session.js";

/** What a screen of the Flow JSON takes, and the form that it sends, if it sends one. */
export interface ScreenTypes {
  data: object;
  form?: object;
}

/** An exchange by which the user submits one of these screens: `exchange.screen` tells which, and so the type of `exchange.form`. */
export type Submitted<Screens> = {
  [Id in keyof Screens]: Screens[Id] extends { form: infer Form }
    ? Exchange & { readonly action: "data-exchange"; readonly screen: Id; readonly form: Form }
    : never;
}[keyof Screens];

/** An exchange by which the user goes back from one of these screens. */
export type WentBack<Screens> = Exchange & { readonly action: "back"; readonly screen: keyof Screens };

/**
 * The same type, if JSON gives back what it is given. A date, a map and a function become a type that says so, and that they do not
 * have.
 */
export type Json<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends { toJSON(): unknown } | ReadonlyMap<never, unknown> | ReadonlySet<unknown> | ((...given: never[]) => unknown) | bigint | symbol
      ? "the state is stored as JSON, which has texts, numbers, booleans, arrays and plain objects"
      : { [Name in keyof T]: Json<T[Name]> };

/**
 * The logic of one flow. Each function may be `async`.
 *
 * Each call runs in a fresh instance of the component, made from how it was after its files had been read. Only `session.state`
 * outlives a call; it is loaded before and stored after it. If a function throws, nothing is stored, and the next call starts from the
 * previous state.
 */
export interface Handlers<State, Submit, Back> {
  /**
   * What the plugin remembers at the start of a conversation: an object that is JSON. A newer version of the plugin may continue a
   * conversation; a name that the stored state lacks comes from here.
   */
  state?: State;

  /** The user opened the flow. Answer with its first screen. */
  init(exchange: Exchange & { readonly action: "init"; readonly screen: null }, session: Session<State>): Reply | Promise<Reply>;

  /** The user submitted a screen, or changed a component that requests data. Answer with the next screen or with the same one. */
  submit(exchange: Submit, session: Session<State>): Reply | Promise<Reply>;

  /**
   * The user went back from `exchange.screen`. Answer with the previous screen and its data.
   *
   * The client calls this only on screens with `"refresh_on_back": true` in the Flow JSON. The SDK does not know the previous screen,
   * and a wrong guess would trap the user on a screen. So without it going back is an internal error that says what to write.
   */
  back?(exchange: Back, session: Session<State>): Reply | Promise<Reply>;

  /** The client could not use an earlier reply. The user sees no effect of this call; without it, the report is logged. */
  clientError?(error: ClientError): void | Promise<void>;
}

/** A flow, which a plugin exports: `export default flow({ .. })`. */
export class Flow {
  readonly #handlers: Handlers<object, never, never>;
  readonly #forms: FormTypes | undefined;
  /** A stack whose frames tell where the flow is written. */
  readonly #made = new Error().stack;

  /** Flows are made by `flow`. */
  constructor(handlers: Handlers<object, never, never>, forms: FormTypes | undefined) {
    this.#handlers = handlers;
    this.#forms = forms;
  }

  /** What a call needs of it. */
  static parts(flow: Flow): { handlers: Handlers<object, never, never>; forms: FormTypes | undefined; made: unknown } {
    return { handlers: flow.#handlers, forms: flow.#forms, made: flow.#made };
  }
}

/** The screens of a Flow JSON, for the file that is generated from it. */
export function screensOf<Screens extends { [Id in keyof Screens]: ScreenTypes }>(forms: FormTypes) {
  return {
    /** Makes the plugin of these functions. */
    flow<State extends object = Record<string, never>>(
      handlers: Handlers<State, Submitted<Screens>, WentBack<Screens>> & { state?: Json<State> },
    ): Flow {
      return new Flow(handlers as unknown as Handlers<object, never, never>, forms);
    },

    /** Shows a screen of the Flow JSON with all of its data. */
    show<Id extends keyof Screens & string>(id: Id, data: Screens[Id]["data"]): Reply {
      return screen(id, data);
    },
  };
}

/**
 * Makes the plugin of these functions, for a flow without a Flow JSON: a form is what the phone sends, unread. With a flow.json, import
 * `flow` from the file that is generated from it.
 */
export function flow<State extends object = Record<string, never>>(
  handlers: Handlers<State, Exchange & { readonly form: Readonly<Record<string, unknown>> }, Exchange> & { state?: Json<State> },
): Flow {
  return new Flow(handlers as unknown as Handlers<object, never, never>, undefined);
}
