// What esbuild and tsc can't know: what there is in a component, and how the author gets what is missing.

import { isBuiltin } from "node:module";

/**
 * Messages of esbuild, whose own advice on a module that it did not find is for other programs.
 *
 * @template {{ text: string }} M
 * @param {M[]} messages
 * @returns {M[]}
 */
export function withAdvice(messages) {
  return messages.map((message) => {
    const name = /^Could not resolve "([^"]+)"$/.exec(message.text)?.[1];
    if (name === undefined || /^[./]/.test(name)) {
      return message;
    }
    const text = isBuiltin(name) ? NO_NODE : `\`npm install ${packageOf(name)}\` adds the package to the project.`;
    return { ...message, notes: [{ text }] };
  });
}

/**
 * Notes on what tsc says.
 *
 * @param {string} said
 * @returns {string[]}
 */
export function notesOn(said) {
  const names = new Set([...said.matchAll(/Cannot find name '([\w:/]+)'/g)].map(([, name]) => name?.replace(/^node:.*/, "node:")));
  return NOTES.filter(([missing]) => missing.some((name) => names.has(name))).map(([, note]) => note);
}

/** @param {string} name Of a module: `@acme/money/round` is in the package `@acme/money`. */
function packageOf(name) {
  return name.split("/", name.startsWith("@") ? 2 : 1).join("/");
}

const NO_NODE = "A component has no Node: requests go by `http` of @flowhost/sdk, and what has to last is kept in `store`.";

/** @type {[missing: string[], note: string][]} */
const NOTES = [
  [["fetch", "Headers", "Request", "Response", "XMLHttpRequest"], "a component has no fetch: requests go by `http` of @flowhost/sdk"],
  [["setTimeout", "setInterval", "setImmediate"], "a component has no timers: a call is over when the handler returns"],
  [["Buffer", "node:", "process", "require"], "a component has no Node: requests go by `http` of @flowhost/sdk, and settings are in its `config`"],
];
