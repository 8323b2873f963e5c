import assert from "node:assert/strict";
import { test } from "node:test";

import { type Day, shape } from "@flowhost/sdk";

const Guest = shape.object({ name: shape.string, age: shape.optional(shape.number) });
const Booking = shape.object({
  day: shape.day,
  meal: shape.optional(shape.oneOf("lunch", "dinner")),
  guests: shape.list(Guest),
  prices: shape.record(shape.number),
  paid: shape.boolean,
  more: shape.json,
});

/** Fails to compile unless a value of each is one of the other. */
function isBoth<A, B>(_there: (value: A) => B, _back: (value: B) => A): void {}

function misfit(read: shape.Shape<unknown>, value: unknown): string {
  try {
    read(value);
  } catch (error) {
    assert.ok(error instanceof shape.Misfit);
    return error.message;
  }
  return "it fits";
}

const WHOLE = { day: "2028-02-29", guests: [{ name: "Ana", age: 7 }, { name: "" }], prices: { a: 1.5 }, paid: false, more: null };

test("what fits is of its type, and what may be missing has a question mark", () => {
  interface Expected {
    day: Day;
    meal?: "lunch" | "dinner";
    guests: { name: string; age?: number }[];
    prices: Record<string, number>;
    paid: boolean;
    more: import("@flowhost/sdk").JsonValue;
  }
  isBoth<shape.Of<typeof Booking>, Expected>((value) => value, (value) => value);
  // @ts-expect-error: it may be missing
  const _age: number = Guest({ name: "Ana", age: 7 }).age;

  assert.deepEqual(Booking(WHOLE), WHOLE);
  assert.deepEqual(Booking({ ...WHOLE, meal: "lunch" }).meal, "lunch");
  assert.deepEqual(Guest({ name: "Ana", age: null, secret: 1 }), { name: "Ana" }, "null is missing, and what is not named is left out");
});

test("what does not fit is named by its path, without its words", () => {
  for (const [change, expected] of [
    [{ day: "2026-02-30" }, 'field "day": expected a day such as 2026-11-23, but it is another text'],
    [{ day: 20261123 }, 'field "day": expected a day such as 2026-11-23, but it is a number'],
    [{ meal: "brunch with Ana" }, 'field "meal": expected one of "lunch", "dinner", but it is another text'],
    [{ guests: undefined }, 'field "guests": expected an array, but it is missing'],
    [{ guests: {} }, 'field "guests": expected an array, but it is an object'],
    [{ guests: [{ name: "Ana" }, { name: 7 }] }, 'field "guests[1].name": expected a text, but it is a number'],
    [{ guests: ["Ana"] }, 'field "guests[0]": expected an object, but it is a text'],
    [{ guests: [{ name: "Ana", age: "7" }] }, 'field "guests[0].age": expected a number, but it is a text'],
    [{ prices: { a: null } }, 'field "prices.a": expected a number, but it is null'],
    [{ prices: [1] }, 'field "prices": expected an object, but it is an array'],
    [{ paid: "" }, 'field "paid": expected a boolean, but it is empty'],
    [{ more: undefined }, 'field "more": expected a value, but it is missing'],
  ] as const) {
    assert.equal(misfit(Booking, { ...WHOLE, ...change }), expected);
  }
  assert.equal(misfit(Booking, "Ana"), "expected an object, but it is a text");
  assert.equal(misfit(shape.list(shape.list(shape.string)), [["a"], ["b", 1]]), 'field "[1][1]": expected a text, but it is a number');
});

test("a check of the author's own has words of its own", () => {
  const email = shape.where(shape.string, "an email address", (text) => text.includes("@"));

  assert.equal(email("ana@example.com"), "ana@example.com");
  assert.equal(misfit(email, "ana"), "expected an email address, but it is another text");
  assert.equal(misfit(email, 7), "expected a text, but it is a number");
});

test("names of an object's own ways are names of fields", () => {
  const given = JSON.parse('{"__proto__": "a"}') as unknown;
  const fields = JSON.parse('{"__proto__": 0, "constructor": 0}') as Record<string, unknown>;
  const named = shape.object(Object.fromEntries(Object.keys(fields).map((name) => [name, shape.optional(shape.string)])));

  assert.deepEqual(Object.entries(named(given)), [["__proto__", "a"]]);
  assert.deepEqual(Object.entries(shape.record(shape.string)(given)), [["__proto__", "a"]]);
  assert.equal(Object.getPrototypeOf(named(given)), Object.prototype);
});

test("a shape may have itself in it", () => {
  interface Tree {
    leaves: Tree[];
  }
  const Tree: shape.Shape<Tree> = (value) => shape.object({ leaves: shape.list(Tree) })(value);

  assert.deepEqual(Tree({ leaves: [{ leaves: [] }] }), { leaves: [{ leaves: [] }] });
  assert.equal(misfit(Tree, { leaves: [{ leaves: 1 }] }), 'field "leaves[0].leaves": expected an array, but it is a number');
});
