import assert from "node:assert/strict";
import { test } from "node:test";

// @ts-expect-error The build's programs are JavaScript, whose types are checked apart.
import * as advice from "../build/advice.mjs";

type Message = { text: string; notes: { text: string }[] };
const withAdvice: (messages: Message[]) => Message[] = advice.withAdvice;
const notesOn: (said: string) => string[] = advice.notesOn;

test("a package that is missing is to be installed, and Node is nowhere", () => {
  const advised = (name: string) => {
    const given = { text: `Could not resolve "${name}"`, notes: [{ text: 'You can mark the path "x" as external' }] };
    return withAdvice([given])[0]?.notes.map(({ text }) => text).join();
  };

  assert.match(advised("money") ?? "", /^`npm install money` adds/);
  assert.match(advised("@acme/money/round") ?? "", /^`npm install @acme\/money` adds/);
  assert.match(advised("node:fs") ?? "", /no Node.*`http`.*`store`/);
  assert.match(advised("fs") ?? "", /no Node/);
  assert.match(advised("./rates") ?? "", /as external/);
});

test("what browsers have is by another name or nowhere", () => {
  const said = "src/plugin.ts(3,7): error TS2304: Cannot find name 'fetch'.\nsrc/plugin.ts(4,1): error TS2304: Cannot find name 'setTimeout'.\n";

  assert.deepEqual(
    notesOn(said).map((note) => /no fetch.*`http`|no timers/.test(note)),
    [true, true],
  );
  assert.match(notesOn("error TS2591: Cannot find name 'node:fs'. Do you need to install type definitions for node?").join(), /^a component has no Node/);
  assert.deepEqual(notesOn("error TS2304: Cannot find name 'price'."), []);
});
