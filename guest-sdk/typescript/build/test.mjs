// Unit tests, in Node: `tests/*.test.ts`, and those beside the sources.

import { spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { Stop } from "./project.mjs";
import { checkTypes } from "./types.mjs";

/**
 * Checks the types of the tests, and runs them.
 *
 * @param {import("./project.mjs").Project} project
 * @param {string[]} args For `node --test`, such as `--test-name-pattern=NAME`.
 * @returns {Promise<number>} The exit code.
 */
export async function test(project, args) {
  const files = ["src", "tests"].flatMap((folder) => testsIn(path.join(project.folder, folder)));
  if (files.length === 0) {
    throw new Stop("there are no tests: write tests/NAME.test.ts");
  }
  const config = ["tests/tsconfig.json", "tsconfig.json"].find((config) => existsSync(path.join(project.folder, config)));
  const esbuild = await project.load("esbuild");
  const folder = path.join(project.folder, "target/node-tests");
  rmSync(folder, { recursive: true, force: true });
  const built = esbuild
    .build({
      absWorkingDir: project.folder,
      bundle: true,
      entryPoints: files,
      format: "esm",
      logLevel: "warning",
      outbase: project.folder,
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      platform: "node",
      sourcemap: true,
      target: "node20",
    })
    .catch(() => {
      throw new Stop("the tests can't be bundled: the messages above say why");
    });
  await Promise.all([built, config === undefined ? undefined : checkTypes(project, config)]);
  const tests = files.map((file) => path.join(folder, path.relative(project.folder, file)).replace(/\.ts$/, ".mjs"));
  const child = spawn(process.execPath, ["--enable-source-maps", "--test", ...args, ...tests], { cwd: project.folder, stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function testsIn(folder) {
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? testsIn(file) : entry.name.endsWith(".test.ts") ? [file] : [];
  });
}
