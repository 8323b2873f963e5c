import assert from "node:assert/strict";
import { test } from "node:test";

import { format } from "../src/inspect.js";
import { write } from "../src/json.js";
import { decode, encode, wellFormed } from "../src/text.js";
import { describe, framesOf } from "../src/thrown.js";

test("texts are UTF-8 and back as Node has it", () => {
  for (const text of ["", "Ana", "é€𐍈", "\u0000\uffff", "a".repeat(10_000) + "€"]) {
    assert.deepEqual(encode(text), new TextEncoder().encode(text));
    assert.equal(decode(encode(text)), text);
  }
  assert.equal(decode(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61])), "a");
});

test("bytes that are no UTF-8 are none", () => {
  const strict = new TextDecoder("utf-8", { fatal: true });
  for (let first = 0x80; first < 0x100; first += 1) {
    for (const rest of [[], [0x80], [0x9f, 0xbf], [0xa0, 0x80], [0x8f, 0xbf, 0xbf], [0x90, 0x80, 0x80], [0xbf, 0xbf, 0xbf]]) {
      const bytes = Uint8Array.from([first, ...rest]);
      let expected: string | null = null;
      try {
        expected = strict.decode(bytes);
      } catch {
        // It is none.
      }
      assert.equal(decode(bytes), expected, bytes.join(" "));
    }
  }
});

test("halves of pairs become what UTF-8 can hold", () => {
  assert.equal(wellFormed("a\ud800b\udc00c𐍈"), "a\ufffdb\ufffdc𐍈");
});

test("halves of pairs in JSON become what UTF-8 can hold", () => {
  const cut = "a😀".slice(0, 2);
  const escaped = String.raw`\ud83d \\ud83d`;

  const written = write("it", { [cut]: [cut, "\udc00b", "😀", escaped, `\\${cut}`] });

  const half = "a\ufffd";
  assert.deepEqual(JSON.parse(written), { [half]: [half, "\ufffdb", "😀", escaped, `\\${half}`] });
});

test("the log shows values as their authors write them", () => {
  const circle: Record<string, unknown> = { a: 1 };
  circle["self"] = circle;
  class Visit {
    guests = 2n;
  }
  assert.equal(format(["%s has %d of %i%%, %j", "Ana", "2", 3.7, { a: "b" }, "and more"]), 'Ana has 2 of 3%, {a: "b"} and more');
  assert.equal(format([null, undefined, [1, "a"], new Map([["a", new Set([1])]]), new Visit()]), 'null undefined [1, "a"] Map {"a" => Set {1}} {guests: 2n}');
  assert.match(format([circle]), /^\{a: 1, self: \{.*\{\.\.\}/);
  assert.equal(format([new Proxy({}, { ownKeys: () => assert.fail() })]), "[what can't be shown]");
  assert.equal(format([]), "");
  assert.equal(format(["%s", "x".repeat(10_000_000)]).length, 5000, "more than a line of the log has");
});

test("whatever is thrown is described", () => {
  const hostile = new Proxy(new Error("hidden"), {
    get: () => {
      throw new Error("trapped");
    },
    getPrototypeOf: () => {
      throw new Error("trapped");
    },
  });
  assert.equal(describe(new TypeError("oh", { cause: new Error("why", { cause: "no" }) })), 'TypeError: oh: why: "no"');
  assert.equal(describe("x"), '"x" was thrown, not an Error, so only the handler is known');
  assert.equal(describe(null), "null was thrown, not an Error, as it is when the memory is used up, so only the handler is known");
  assert.equal(describe(new RangeError("x".repeat(10_000_000))), `RangeError: ${"x".repeat(1000)}…`);
  assert.equal(describe(undefined), "undefined was thrown, not an Error, so only the handler is known");
  assert.equal(describe({ code: 7 }), '{"code":7} was thrown, not an Error, so only the handler is known');
  assert.match(describe(hostile), /can't be looked at/);
});

test("stacks of all engines are read", async () => {
  const { providePlaces } = await import("../src/thrown.js");
  providePlaces((file, line) => (file.endsWith("plugin.js") ? `src/a.ts:${line}` : undefined));

  for (const stack of [
    "    at find (/x/plugin.js:3:5)\n    at apply (native)\n    at <anonymous> (/x/plugin.js:9)\n    at f (/x/other.js:1:1)\n",
    "Error: oh\n    at find (file:///x/plugin.js:3:5)\n    at Object.<anonymous> (file:///x/plugin.js:9:1)\n    at node:internal/x:1:1",
    "find@plugin.js:3:5\n@plugin.js:9:1\nf@other.js:1:1\n",
  ]) {
    assert.deepEqual(framesOf(stack), [
      { place: "src/a.ts:3", name: "find" },
      { place: "src/a.ts:9", name: "" },
    ]);
  }
  assert.deepEqual(framesOf(undefined), []);
});
