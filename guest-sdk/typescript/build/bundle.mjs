// From the project's files to one file for an engine.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { withAdvice } from "./advice.mjs";
import { authorsIn, linesOf } from "./lines.mjs";
import { SDK, Stop } from "./project.mjs";

/**
 * Bundles the plugin, and writes it into a folder.
 *
 * @param {import("./project.mjs").Project} project
 * @param {"quickjs" | "starlingmonkey"} engine
 * @param {string} folder
 * @returns {Promise<{ file: string, text: string, lines: import("./lines.mjs").Lines }>}
 */
export async function bundle(project, engine, folder) {
  const esbuild = await project.load("esbuild");
  const main = `./${path.relative(project.folder, project.main).replaceAll("\\", "/")}`;
  const file = path.join(folder, BUNDLE);
  /** @param {"error" | "warning"} kind @param {{ text: string }[]} messages */
  const say = async (kind, messages) => {
    const shown = await esbuild.formatMessages(withAdvice(messages), { kind, color: process.stderr.isTTY === true });
    process.stderr.write(shown.join(""));
  };
  const built = await esbuild
    .build({
      stdin: {
        // The SDK comes first, since it puts what engines lack into place.
        contents: `import { component } from "@flowhost/sdk/component/${engine}";\nimport flow from ${JSON.stringify(main)};\nexport const handler = component(flow);\n`,
        resolveDir: project.folder,
        sourcefile: "<component>",
      },
      absWorkingDir: project.folder,
      bundle: true,
      charset: "utf8",
      conditions: ["flowhost"],
      external: ["flowhost:*", "wasi:*"],
      format: "esm",
      legalComments: "none",
      logLevel: "silent",
      mainFields: ["module", "main"],
      outfile: file,
      platform: "neutral",
      sourcemap: "external",
      sourcesContent: false,
      // What waits must be done before a call returns, which QuickJS does not see to: see src/promise.ts.
      supported:
        engine === "quickjs" ? { "async-await": false, "async-generator": false, "for-await": false, "top-level-await": false } : {},
      target: "es2022",
      treeShaking: true,
      tsconfigRaw: { compilerOptions: { target: "es2022", useDefineForClassFields: true } },
      write: false,
    })
    .catch(async (/** @type {any} */ error) => {
      await say("error", error.errors ?? [{ text: String(error) }]);
      throw new Stop("the bundle can't be made: the messages above say why");
    });
  await say("warning", built.warnings);
  /** @param {string} ending @returns {string} */
  const output = (ending) =>
    built.outputFiles.find((/** @type {{ path: string }} */ { path }) => path.endsWith(ending)).text;
  const lines = linesOf(JSON.parse(output(".map")), authorsIn(project.folder, SDK, folder));
  // Behind everything else, so that no line moves.
  const text = `${output(BUNDLE)}globalThis[Symbol.for("flowhost.lines")] = ${JSON.stringify(lines)};\n`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, text);
  return { file, text, lines };
}

/** The SDK finds the lines of its own stack by this name. */
export const BUNDLE = "plugin.js";
