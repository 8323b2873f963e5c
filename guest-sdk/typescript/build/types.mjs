// Type checks, by the project's own tsc.

import { spawn } from "node:child_process";
import path from "node:path";
import process from "node:process";

import { notesOn } from "./advice.mjs";
import { Stop } from "./project.mjs";

/**
 * Checks the files that a tsconfig.json names. tsc's messages go to stderr as they are, and notes behind them.
 *
 * @param {import("./project.mjs").Project} project
 * @param {string} config
 * @returns {Promise<void>}
 */
export function checkTypes(project, config) {
  const tsc = path.join(project.rootOf("typescript"), "bin/tsc");
  const args = [tsc, "--noEmit", "--project", config, ...(process.stderr.isTTY ? ["--pretty"] : [])];
  const child = spawn(process.execPath, args, { cwd: project.folder, stdio: ["ignore", "pipe", 2] });
  let said = "";
  child.stdout?.setEncoding("utf8").on("data", (/** @type {string} */ part) => {
    said += part;
    process.stderr.write(part);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      process.stderr.write(notesOn(said).map((note) => `note: ${note}\n`).join(""));
      return code === 0 ? resolve() : reject(new Stop("the types don't fit: the messages above say where"));
    });
  });
}
