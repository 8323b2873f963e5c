import assert from "node:assert/strict";
import { test } from "node:test";

import { FlowPromise, microtask, runJobs, takeUnheard } from "../src/promise.js";

/** What a program does with promises, as a list of words. */
type Program = (promise: PromiseConstructor, said: string[]) => void;

/** Each program says the same with the SDK's promises as with the engine's. */
const PROGRAMS: Record<string, Program> = {
  "what waits goes on in its order": (P, said) => {
    P.resolve(1).then(() => said.push("a")).then(() => said.push("c"));
    P.resolve(2).then(() => said.push("b"));
    said.push("first");
  },
  "a promise of a promise takes its turns": (P, said) => {
    new P((resolve) => resolve(P.resolve("inner"))).then((value) => said.push(String(value)));
    P.resolve().then(() => said.push("1")).then(() => said.push("2")).then(() => said.push("3"));
  },
  "what is thrown goes to the next catch": (P, said) => {
    P.resolve()
      .then(() => {
        throw new Error("oh");
      })
      .then(() => said.push("never"))
      .catch((error: unknown) => {
        said.push((error as Error).message);
        return "mended";
      })
      .finally(() => said.push("finally"))
      .then((value) => said.push(String(value)));
  },
  "only the first settling counts": (P, said) => {
    new P((resolve, reject) => {
      resolve(1);
      reject(2);
      throw new Error("3");
    }).then(
      (value) => said.push(`is ${String(value)}`),
      () => said.push("rejected"),
    );
  },
  "a thenable is asked once": (P, said) => {
    const thenable = {
      then(resolve: (value: string) => void) {
        said.push("asked");
        resolve("yes");
        resolve("no");
      },
    };
    P.resolve(thenable).then((value) => said.push(value as string));
    said.push("before");
  },
  "a promise of itself is refused": (P, said) => {
    let resolve: (value: unknown) => void = () => undefined;
    const promise = new P((found) => {
      resolve = found;
    });
    resolve(promise);
    promise.catch((error: unknown) => said.push((error as object).constructor.name));
  },
  "all of them, in their order": (P, said) => {
    const later = new P((resolve) => P.resolve().then(() => resolve("later")));
    P.all([later, 2, P.resolve("three")]).then((values) => said.push(values.join(",")));
    P.all([]).then((values) => said.push(`${values.length} of none`));
    P.all([1, P.reject(new Error("one fails"))]).catch((error: unknown) => said.push((error as Error).message));
  },
  "each of them, whatever becomes of it": (P, said) => {
    P.allSettled([1, P.reject("why")]).then((values) => said.push(JSON.stringify(values)));
  },
  "the first of them": (P, said) => {
    P.race([new P(() => undefined), P.resolve("fast")]).then((value) => said.push(String(value)));
    P.any([P.reject(1), P.resolve("good")]).then((value) => said.push(String(value)));
    P.any([P.reject(1), P.reject(2)]).catch((error: unknown) => said.push((error as AggregateError).errors.join("+")));
  },
  "what is a promise stays the same": (P, said) => {
    const promise = P.resolve(1);
    said.push(String(P.resolve(promise) === promise), Object.prototype.toString.call(promise));
  },
  "a class of one's own is kept": (P, said) => {
    class Own extends P<unknown> {}
    const own = Own.resolve(1).then((value) => value);
    said.push(String(own instanceof Own), String(Own.all([1]) instanceof Own));
  },
};
for (const [name, program] of Object.entries(PROGRAMS)) {
  test(name, async () => {
    const [own, engines]: [string[], string[]] = [[], []];

    program(FlowPromise as unknown as PromiseConstructor, own);
    runJobs();
    takeUnheard();
    program(Promise, engines);
    await new Promise((resolve) => setImmediate(resolve));

    assert.deepEqual(own, engines);
    assert.ok(own.length > 0);
  });
}

test("a rejection that nobody waits for is found", () => {
  const P = FlowPromise as unknown as PromiseConstructor;
  void P.reject("lost");
  P.reject("caught").catch(() => undefined);
  const late = P.reject("late");
  P.resolve().then(() => late.catch(() => undefined));

  runJobs();

  assert.deepEqual(takeUnheard(), ["lost"]);
  assert.deepEqual(takeUnheard(), []);
});

test("what nothing settles stays pending", () => {
  const P = FlowPromise as unknown as PromiseConstructor;
  const promise = new P(() => undefined).then(() => 1) as unknown as FlowPromise<number>;

  runJobs();

  assert.equal(FlowPromise.stateOf(promise).is, "pending");
});

test("what a microtask throws is told, and what waits behind it goes on", () => {
  const said: string[] = [];
  microtask(() => {
    throw new Error("oh");
  });
  microtask(() => said.push("behind it"));

  runJobs();

  assert.deepEqual(said, ["behind it"]);
  assert.deepEqual(takeUnheard(), [new Error("oh")]);
  assert.throws(() => microtask("no function" as never), TypeError);
});
