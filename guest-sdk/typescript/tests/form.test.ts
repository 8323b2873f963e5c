import assert from "node:assert/strict";
import { test } from "node:test";

import { DataError } from "../src/error.js";
import { type FieldType, readForm } from "../src/form.js";
import { Reference } from "../src/media.js";

function read(type: FieldType, value: unknown): unknown {
  return readForm({ FORM: { x: type } }, "FORM", value === undefined ? {} : { x: value })["x"];
}

function misfit(type: FieldType, value: unknown): string {
  try {
    read(type, value);
  } catch (error) {
    assert.ok(error instanceof DataError);
    return error.message;
  }
  return "it fits";
}

test("what is left empty is null or nothing", () => {
  for (const empty of ["", null, undefined]) {
    assert.deepEqual(
      (["text?", "date?", "number?", "texts", "files", "bool", "dateRange"] as const).map((type) => read(type, empty)),
      [null, null, null, [], [], false, { start: null, end: null }],
    );
  }
});

test("what is given is read as its type", () => {
  assert.equal(read("text", "Ana"), "Ana");
  const numbers = [7, 8.0, -0.0, 1e15, 0.00001, 1e-6, -1.5e-7, 1e21].map((number) => read("text", number));
  assert.deepEqual(numbers, ["7", "8", "0", "1000000000000000", "0.00001", "1e-6", "-1.5e-7", "1e+21"]);
  assert.deepEqual([read("number", 5), read("number", "5"), read("number", " -1.5e2 ")], [5, 5, -150]);
  assert.deepEqual(read("texts", ["a", 1]), ["a", "1"]);
  assert.equal(read("date", "2028-02-29"), "2028-02-29");
  assert.deepEqual(read("unknown", { a: 1 }), { a: 1 });
  assert.deepEqual(read("dateRange", { "start-date": "2026-11-23", "end-date": "" }), { start: "2026-11-23", end: null });
  const [file] = read("files", [{ media_id: "1", file_name: "a.jpg", keys: "secret" }]) as Reference[];
  assert.deepEqual([file?.mediaId, file?.fileName, JSON.stringify(file)], ["1", "a.jpg", '{"media_id":"1"}']);
});

test("what does not fit is named without the user's words", () => {
  for (const [type, value, expected] of [
    ["text", undefined, "expected a text, but it is missing"],
    ["text", ["Ana"], "expected a text, but it is an array"],
    ["number", "seven", "expected a number, but it is a text"],
    ["number", " ", "expected a number, but it is a text"],
    ["number", "1e999", "expected a number, but it is a text"],
    ["date", "tomorrow, says Ana", "expected a day such as 2026-11-23, but it is another text"],
    ["date", "2026-02-30", "expected a day such as 2026-11-23, but it is another text"],
    ["bool", "yes", "expected a boolean, but it is a text"],
    ["texts", "a", "expected an array, but it is a text"],
    ["files", ["a"], "expected a file, but it is an array"],
    ["dateRange", { "start-date": "soon" }, "expected an object of days such as 2026-11-23, but it is another object"],
  ] as const) {
    assert.equal(misfit(type, value), `the data of screen "FORM" does not fit: field "x": ${expected}`);
  }
});

test("a screen without a form is told from those with one", () => {
  assert.throws(() => readForm({ A: {}, B: {} }, "toString", {}), /screen "toString".*the screens with one: A, B$/);
});

test("names of an object's own ways are names of fields", () => {
  const types = JSON.parse('{"__proto__": "text?", "constructor": "text?"}') as Record<string, FieldType>;
  const form = readForm({ FORM: types }, "FORM", JSON.parse('{"__proto__": "a"}'));

  assert.deepEqual(Object.entries(form), [
    ["__proto__", "a"],
    ["constructor", null],
  ]);
  assert.equal(Object.getPrototypeOf(form), Object.prototype);
});
