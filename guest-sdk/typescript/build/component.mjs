// From one file to a component.

import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { BUNDLE } from "./bundle.mjs";
import { placeIn } from "./lines.mjs";
import { SDK, Stop } from "./project.mjs";

/**
 * Makes the component, unless the last one was made of the same.
 *
 * @param {import("./project.mjs").Project} project
 * @param {"quickjs" | "starlingmonkey"} engine
 * @param {{ file: string, text: string, lines: import("./lines.mjs").Lines }} bundle
 * @param {string} folder
 * @returns {Promise<string>} Its file.
 */
export async function componentize(project, engine, bundle, folder) {
  const wit = writeWit(path.join(folder, "wit"));
  const tools = engine === "quickjs" ? ["componentize-qjs"] : ["@bytecodealliance/componentize-js", "@bytecodealliance/preview2-shim"];
  const versions = tools.map((name) => [name, project.versionOf(name)]);
  const made = createHash("sha256").update(JSON.stringify([versions, wit.text, bundle.text])).digest("hex");
  const [file, mark] = [path.join(folder, "plugin.wasm"), path.join(folder, "plugin.wasm.made-of")];
  if (existsSync(file) && existsSync(mark) && readFileSync(mark, "utf8") === made) {
    return file;
  }
  rmSync(mark, { force: true });
  const tool = await project.load(/** @type {string} */ (tools[0]));
  const options =
    engine === "quickjs"
      ? { witPath: wit.folder, world: "plugin", jsSource: bundle.text, jsPath: bundle.file, sync: true, optSize: true }
      : // Its own HTTP is refused by hosts. Its output is not switched off, since it says there why it failed.
        { witPath: wit.folder, worldName: "plugin", sourcePath: bundle.file, disableFeatures: ["http", "fetch-event"] };
  const { component } = await tool.componentize(options).catch((/** @type {unknown} */ error) => {
    throw new Stop(`the component can't be made: ${inAuthorsLines(error instanceof Error ? error.message : String(error), bundle.lines)}`);
  });
  writeFileSync(file, component);
  writeFileSync(mark, made);
  return file;
}

/**
 * What failed is often the author's own code, which runs once now.
 *
 * @param {string} message
 * @param {import("./lines.mjs").Lines} lines
 */
function inAuthorsLines(message, lines) {
  return message.replace(new RegExp(`[^\\s()@]*${BUNDLE.replace(".", "\\.")}:(\\d+)(?::\\d+)?`, "g"), (written, line) => placeIn(lines, Number(line)) ?? written);
}

/**
 * Writes what a component imports and exports: the contract, and random numbers.
 *
 * @param {string} folder
 */
function writeWit(folder) {
  // In the repository, the contract's only copy is beside this package.
  const contract = [path.join(SDK, "wit/v1/flow.wit"), path.join(SDK, "../wit/v1/flow.wit")].find(existsSync);
  if (contract === undefined) {
    throw new Stop(`the SDK in ${SDK} is not whole: it has no wit/v1/flow.wit`);
  }
  for (const name of ["flow", "random"]) {
    mkdirSync(path.join(folder, "deps", name), { recursive: true });
  }
  copyFileSync(contract, path.join(folder, "deps/flow/flow.wit"));
  writeFileSync(path.join(folder, "deps/random/random.wit"), RANDOM);
  writeFileSync(path.join(folder, "plugin.wit"), PLUGIN);
  return { folder, text: readFileSync(contract, "utf8") + RANDOM + PLUGIN };
}

const PLUGIN = `package flowhost:plugin;

world plugin {
  include flowhost:flow/flow@1.0.0;
  import wasi:random/random@0.2.0;
}
`;

const RANDOM = `package wasi:random@0.2.0;

interface random {
  get-random-bytes: func(len: u64) -> list<u8>;
}
`;
