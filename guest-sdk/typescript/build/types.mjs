// Type checks, by the project's own tsc.

import { spawn } from "node:child_process";
import path from "node:path";
import process from "node:process";

import { Stop } from "./project.mjs";

/**
 * Checks the files that a tsconfig.json names. tsc's messages go to stderr as they are.
 *
 * @param {import("./project.mjs").Project} project
 * @param {string} config
 * @returns {Promise<void>}
 */
export function checkTypes(project, config) {
  const tsc = path.join(project.rootOf("typescript"), "bin/tsc");
  const args = [tsc, "--noEmit", "--project", config, ...(process.stderr.isTTY ? ["--pretty"] : [])];
  const child = spawn(process.execPath, args, { cwd: project.folder, stdio: ["ignore", 2, 2] });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Stop("the types don't fit: the messages above say where"))));
  });
}
