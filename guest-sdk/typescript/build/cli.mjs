#!/usr/bin/env node
// `flowhost plugin build` runs `build`; `npm test` runs `test`.

import { copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { bundle } from "./bundle.mjs";
import { componentize } from "./component.mjs";
import { Project, Stop } from "./project.mjs";
import { test } from "./test.mjs";
import { checkTypes } from "./types.mjs";

const USAGE = `flowhost-sdk build --engine quickjs|starlingmonkey --folder FOLDER --out FILE
flowhost-sdk test [ARGUMENTS OF node --test]`;

/**
 * @param {string[]} args
 * @returns {Promise<number>} The exit code.
 */
async function run([command, ...args]) {
  switch (command) {
    case "build": {
      const { values } = parseArgs({ args, options: { engine: { type: "string" }, folder: { type: "string" }, out: { type: "string" } } });
      const { engine, folder, out } = values;
      if ((engine !== "quickjs" && engine !== "starlingmonkey") || folder === undefined || out === undefined) {
        throw new Stop(USAGE);
      }
      await build(engine, path.resolve(folder), path.resolve(out));
      return 0;
    }
    case "test":
      return test(new Project("."), args);
    default:
      throw new Stop(USAGE);
  }
}

/**
 * @param {"quickjs" | "starlingmonkey"} engine
 * @param {string} folder For what is made on the way.
 * @param {string} out
 */
async function build(engine, folder, out) {
  const project = new Project(".");
  // Side by side. Types that don't fit are often why the rest fails, too, so they are said first.
  const made = bundle(project, engine, folder)
    .then((bundled) => componentize(project, engine, bundled, folder))
    .then(
      (file) => ({ file }),
      (/** @type {unknown} */ error) => ({ error }),
    );
  await checkTypes(project, "tsconfig.json");
  const component = await made;
  if ("error" in component) {
    throw component.error;
  }
  mkdirSync(path.dirname(out), { recursive: true });
  copyFileSync(component.file, out);
}

run(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    console.error(error instanceof Stop ? error.message : error);
    process.exit(1);
  },
);
