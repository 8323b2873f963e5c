import assert from "node:assert/strict";
import { test } from "node:test";

// @ts-expect-error The build's programs are JavaScript, whose types are checked apart.
import { authorsIn } from "../build/lines.mjs";

test("a source is called as its file, whatever is in its name", () => {
  const authors: (source: string) => string | undefined = authorsIn("/project", "/project/node_modules/@flowhost/sdk", "/project/target/plugin");

  // As esbuild writes them into a source map.
  assert.equal(authors("../../src/50%25 off%23%3F.ts"), "src/50% off#?.ts");
  assert.equal(authors("../../src/plugin.ts"), "src/plugin.ts");
  assert.equal(authors("../../node_modules/%40flowhost/sdk/src/flow.ts"), undefined);
});
