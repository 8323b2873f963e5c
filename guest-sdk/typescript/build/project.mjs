// A plugin project, and the packages that it is built with.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** A reason to stop that is said in one sentence, without a stack. */
export class Stop extends Error {}

export class Project {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = path.resolve(folder);
    /** @type {{ name?: string, main?: string, dependencies?: object, devDependencies?: object }} */
    this.manifest = JSON.parse(readFileSync(path.join(this.folder, "package.json"), "utf8"));
    this.#require = createRequire(path.join(this.folder, "package.json"));
  }

  #require;

  /** The file whose default export is the flow. */
  get main() {
    return path.resolve(this.folder, this.manifest.main ?? "src/plugin.ts");
  }

  /**
   * Loads a package that the project names, at the version that it names.
   *
   * @param {string} name
   * @returns {Promise<any>}
   */
  async load(name) {
    const loaded = await import(pathToFileURL(this.#resolve(name)).href);
    return loaded.default ?? loaded;
  }

  /**
   * The version of a package that the project names.
   *
   * @param {string} name
   * @returns {string}
   */
  versionOf(name) {
    return JSON.parse(readFileSync(path.join(this.rootOf(name), "package.json"), "utf8")).version;
  }

  /**
   * The folder of a package that the project names.
   *
   * @param {string} name
   * @returns {string}
   */
  rootOf(name) {
    for (const folder of this.#require.resolve.paths(name) ?? []) {
      const root = path.join(folder, name);
      try {
        readFileSync(path.join(root, "package.json"));
        return root;
      } catch {
        // It is in a folder further up, or nowhere.
      }
    }
    const { dependencies, devDependencies } = this.manifest;
    const how = name in { ...dependencies, ...devDependencies } ? "`npm ci` installs it" : (INSTALL[name] ?? `npm install --save-dev --save-exact ${name}`);
    throw new Stop(`the project has no package ${name}: ${how}`);
  }

  /** @param {string} name */
  #resolve(name) {
    const root = this.rootOf(name);
    try {
      return this.#require.resolve(name);
    } catch {
      // It can only be imported.
      const { exports, main } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
      return path.join(root, exports?.import ?? exports?.["."]?.import ?? main ?? "index.js");
    }
  }
}

/** The folder of this package. */
export const SDK = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

// componentize-js imports preview2-shim without naming it, and finds no file with its version 0.26.
const STARLINGMONKEY =
  "npm install --save-dev --save-exact @bytecodealliance/componentize-js@0.23.0 @bytecodealliance/preview2-shim@0.25.0 (`engine = \"starlingmonkey\"` in flowhost.toml needs both)";

/** @type {Record<string, string>} */
const INSTALL = {
  "@bytecodealliance/componentize-js": STARLINGMONKEY,
  "@bytecodealliance/preview2-shim": STARLINGMONKEY,
};
