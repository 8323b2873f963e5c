// Promises with a queue that is run before a call returns.
//
// A component that QuickJS runs synchronously never comes to the engine's own queue: what `await` waits for would never go on. So the
// build turns `async` functions into generators, which use the global `Promise`, and that is this one. It does what ECMAScript 2023 says
// of promises, section 27.2, in its words.

type Job = () => void;
type Resolve<T> = (value: T | PromiseLike<T>) => void;
type Reject = (reason: unknown) => void;

const jobs: Job[] = [];
let next = 0;
/** Rejected, and nobody has asked for it yet. */
const unheard = new Set<FlowPromise<unknown>>();

/** Runs what waits, until nothing does. */
export function runJobs(): void {
  while (next < jobs.length) {
    const job = jobs[next] as Job;
    next += 1;
    job();
  }
  jobs.length = 0;
  next = 0;
}

/** Lets a function run after what waits already. */
export function enqueue(job: Job): void {
  jobs.push(job);
}

/** `queueMicrotask`. What the function throws becomes a rejected promise that nobody asks for. */
export function microtask(job: Job): void {
  if (typeof job !== "function") {
    throw new TypeError("queueMicrotask takes a function");
  }
  new FlowPromise<void>((resolve) => resolve()).then(() => job());
}

/** The reasons of rejected promises that nobody asked for, once. */
export function takeUnheard(): unknown[] {
  const reasons: unknown[] = [];
  // Without the functions of arrays, which a plugin may have changed.
  for (const promise of unheard) {
    reasons[reasons.length] = FlowPromise.stateOf(promise).value;
  }
  unheard.clear();
  return reasons;
}

type State<T> =
  | { is: "pending"; reactions: { fulfilled: (value: T) => void; rejected: Reject }[] }
  | { is: "fulfilled"; value: T }
  | { is: "rejected"; value: unknown };

export class FlowPromise<T> {
  #state: State<T> = { is: "pending", reactions: [] };

  constructor(executor: (resolve: Resolve<T>, reject: Reject) => void) {
    if (typeof executor !== "function") {
      throw new TypeError("Promise resolver is not a function");
    }
    const { resolve, reject } = this.#resolvers();
    try {
      executor(resolve, reject);
    } catch (error) {
      reject(error);
    }
  }

  /** Whether it is settled, and with what. */
  static stateOf<T>(promise: FlowPromise<T>): { is: "pending"; value?: undefined } | { is: "fulfilled"; value: T } | { is: "rejected"; value: unknown } {
    return promise.#state.is === "pending" ? { is: "pending" } : promise.#state;
  }

  static get [Symbol.species](): unknown {
    return this;
  }

  get [Symbol.toStringTag](): string {
    return "Promise";
  }

  then(onFulfilled?: unknown, onRejected?: unknown): unknown {
    const { promise, resolve, reject } = capability(speciesOf(this));
    const react =
      (handler: unknown, otherwise: (value: unknown) => void) =>
      (value: unknown): void =>
        enqueue(() => {
          if (typeof handler !== "function") {
            otherwise(value);
            return;
          }
          let result: unknown;
          try {
            result = handler(value);
          } catch (error) {
            reject(error);
            return;
          }
          resolve(result);
        });
    const fulfilled = react(onFulfilled, resolve);
    const rejected = react(onRejected, reject);
    unheard.delete(this as FlowPromise<unknown>);
    this.#heard = true;
    switch (this.#state.is) {
      case "pending":
        this.#state.reactions.push({ fulfilled, rejected });
        break;
      case "fulfilled":
        fulfilled(this.#state.value);
        break;
      case "rejected":
        rejected(this.#state.value);
        break;
    }
    return promise;
  }

  catch(onRejected?: unknown): unknown {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: unknown): unknown {
    if (typeof onFinally !== "function") {
      return this.then(onFinally, onFinally);
    }
    const constructor = speciesOf(this) as PromiseConstructor;
    const after = (what: () => unknown) => constructor.resolve(onFinally()).then(what);
    return this.then(
      (value: unknown) => after(() => value),
      (reason: unknown) =>
        after(() => {
          throw reason;
        }),
    );
  }

  static resolve(this: unknown, value?: unknown): unknown {
    return promiseResolve(this, value);
  }

  static reject(this: unknown, reason?: unknown): unknown {
    const { promise, reject } = capability(this);
    reject(reason);
    return promise;
  }

  static withResolvers(this: unknown): unknown {
    return capability(this);
  }

  static try(this: unknown, callback: (...args: unknown[]) => unknown, ...args: unknown[]): unknown {
    const { promise, resolve, reject } = capability(this);
    try {
      resolve(callback(...args));
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  static all(this: unknown, values: Iterable<unknown>): unknown {
    return combine(this, values, (results, index, done, { reject }) => [
      (value) => {
        results[index] = value;
        done();
      },
      reject,
    ]);
  }

  static allSettled(this: unknown, values: Iterable<unknown>): unknown {
    return combine(this, values, (results, index, done) => [
      (value) => {
        results[index] = { status: "fulfilled", value };
        done();
      },
      (reason) => {
        results[index] = { status: "rejected", reason };
        done();
      },
    ]);
  }

  static any(this: unknown, values: Iterable<unknown>): unknown {
    return combine(
      this,
      values,
      (errors, index, done, { resolve }) => [
        resolve,
        (reason) => {
          errors[index] = reason;
          done();
        },
      ],
      (errors, { reject }) => reject(new AggregateError(errors, "All promises were rejected")),
    );
  }

  static race(this: unknown, values: Iterable<unknown>): unknown {
    const { promise, resolve, reject } = capability(this);
    try {
      for (const value of values) {
        thenable(promiseResolve(this, value)).then(resolve, reject);
      }
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  #heard = false;

  #resolvers(): { resolve: Resolve<T>; reject: Reject } {
    let done = false;
    const reject = (reason: unknown): void => {
      if (!done) {
        done = true;
        this.#reject(reason);
      }
    };
    const resolve = (value: T | PromiseLike<T>): void => {
      if (done) {
        return;
      }
      done = true;
      if ((value as unknown) === this) {
        this.#reject(new TypeError("a promise can't wait for itself"));
        return;
      }
      if ((typeof value !== "object" && typeof value !== "function") || value === null) {
        this.#fulfil(value as T);
        return;
      }
      let then: unknown;
      try {
        then = (value as PromiseLike<T>).then;
      } catch (error) {
        this.#reject(error);
        return;
      }
      if (typeof then !== "function") {
        this.#fulfil(value as T);
        return;
      }
      enqueue(() => {
        const inner = this.#resolvers();
        try {
          Reflect.apply(then, value, [inner.resolve, inner.reject]);
        } catch (error) {
          inner.reject(error);
        }
      });
    };
    return { resolve, reject };
  }

  #fulfil(value: T): void {
    if (this.#state.is === "pending") {
      const { reactions } = this.#state;
      this.#state = { is: "fulfilled", value };
      reactions.forEach(({ fulfilled }) => fulfilled(value));
    }
  }

  #reject(reason: unknown): void {
    if (this.#state.is === "pending") {
      const { reactions } = this.#state;
      this.#state = { is: "rejected", value: reason };
      if (!this.#heard) {
        unheard.add(this as FlowPromise<unknown>);
      }
      reactions.forEach(({ rejected }) => rejected(reason));
    }
  }
}

interface Capability {
  promise: unknown;
  resolve: (value: unknown) => void;
  reject: Reject;
}

function capability(constructor: unknown): Capability {
  if (typeof constructor !== "function") {
    throw new TypeError("Promise's functions are called on a constructor");
  }
  let functions: { resolve: unknown; reject: unknown } | undefined;
  const promise: unknown = Reflect.construct(constructor, [
    (resolve: unknown, reject: unknown) => {
      functions = { resolve, reject };
    },
  ]);
  if (typeof functions?.resolve !== "function" || typeof functions.reject !== "function") {
    throw new TypeError("Promise resolve or reject function is not callable");
  }
  return { promise, resolve: functions.resolve as (value: unknown) => void, reject: functions.reject as Reject };
}

function promiseResolve(constructor: unknown, value: unknown): unknown {
  if (value instanceof FlowPromise && value.constructor === constructor) {
    return value;
  }
  const { promise, resolve } = capability(constructor);
  resolve(value);
  return promise;
}

function speciesOf(promise: { constructor: unknown }): unknown {
  const constructor = promise.constructor as { [Symbol.species]?: unknown } | undefined;
  return constructor?.[Symbol.species] ?? FlowPromise;
}

function thenable(promise: unknown): PromiseLike<unknown> {
  return promise as PromiseLike<unknown>;
}

/** For each value, `reactions` gives what happens when it is fulfilled and rejected. When all are done, `finish` says what comes of it. */
function combine(
  constructor: unknown,
  values: Iterable<unknown>,
  reactions: (results: unknown[], index: number, done: () => void, whole: Capability) => [(value: unknown) => void, Reject],
  finish: (results: unknown[], whole: Capability) => void = (results, { resolve }) => resolve(results),
): unknown {
  const whole = capability(constructor);
  const results: unknown[] = [];
  let waiting = 1;
  const done = (): void => {
    waiting -= 1;
    if (waiting === 0) {
      finish(results, whole);
    }
  };
  try {
    let index = 0;
    for (const value of values) {
      results.push(undefined);
      waiting += 1;
      let called = false;
      const once = (): void => {
        if (!called) {
          called = true;
          done();
        }
      };
      const [fulfilled, rejected] = reactions(results, index, once, whole);
      thenable(promiseResolve(constructor, value)).then(fulfilled, rejected);
      index += 1;
    }
    done();
  } catch (error) {
    whole.reject(error);
  }
  return whole.promise;
}
