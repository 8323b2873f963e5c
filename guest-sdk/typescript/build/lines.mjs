// Which line of the author's source each line of the bundle is from.

import path from "node:path";

/**
 * @typedef {object} Lines
 * @property {string[]} files Relative to the project.
 * @property {[line: number, file: number, first: number][]} runs From each of these lines of the bundle on, the next ones belong to a
 *   file, line by line; to none if it is -1.
 */

/**
 * Reads a source map.
 *
 * @param {{ sources: string[], mappings: string }} map
 * @param {(source: string) => string | undefined} authors The name of a source that is the author's.
 * @returns {Lines}
 */
export function linesOf(map, authors) {
  const names = map.sources.map(authors);
  /** @type {Lines} */
  const lines = { files: [], runs: [] };
  let [source, sourceLine] = [0, 0];
  /** @type {{ file: number, offset: number } | undefined} */
  let run;
  map.mappings.split(";").forEach((segments, index) => {
    const line = index + 1;
    /** @type {[source: number, line: number] | undefined} */
    let first;
    for (const segment of segments.split(",").filter((segment) => segment !== "")) {
      const [, sourceStep, lineStep] = numbersOf(segment);
      if (sourceStep !== undefined && lineStep !== undefined) {
        source += sourceStep;
        sourceLine += lineStep;
        first ??= [source, sourceLine + 1];
      }
    }
    const name = first && names[first[0]];
    const file = name === undefined ? -1 : indexIn(lines.files, name);
    const from = file < 0 || first === undefined ? 0 : first[1];
    const offset = file < 0 ? 0 : from - line;
    if (run === undefined || run.file !== file || run.offset !== offset) {
      run = { file, offset };
      lines.runs.push([line, file, from]);
    }
  });
  lines.runs.push([map.mappings.split(";").length + 1, -1, 0]);
  return lines;
}

/**
 * The author's place of a line of the bundle.
 *
 * @param {Lines} lines
 * @param {number} line
 * @returns {string | undefined}
 */
export function placeIn({ files, runs }, line) {
  const run = runs.findLast(([from]) => from <= line);
  return run === undefined || run[1] < 0 ? undefined : `${files[run[1]]}:${run[2] + line - run[0]}`;
}

/**
 * Tells the author's files: those in the project that are neither the SDK's nor a package's.
 *
 * @param {string} project
 * @param {string} sdk
 * @param {string} beside The folder that the map's sources are relative to.
 * @returns {(source: string) => string | undefined}
 */
export function authorsIn(project, sdk, beside) {
  return (source) => {
    const file = path.resolve(beside, decodeURIComponent(source));
    const name = path.relative(project, file).replaceAll("\\", "/");
    const isOthers = name.startsWith("../") || name.includes("node_modules/") || !path.relative(sdk, file).startsWith("..");
    // What the build makes up is no file.
    return isOthers || path.basename(file).startsWith("<") ? undefined : name;
  };
}

/**
 * @param {string[]} all
 * @param {string} name
 */
function indexIn(all, name) {
  const found = all.indexOf(name);
  return found < 0 ? all.push(name) - 1 : found;
}

/**
 * The numbers of a segment, in base64 VLQ (ECMA-426, "Mappings structure").
 *
 * @param {string} segment
 * @returns {number[]}
 */
function numbersOf(segment) {
  const numbers = [];
  let [number, shift] = [0, 0];
  for (const digit of segment) {
    const bits = BASE64.indexOf(digit);
    number |= (bits & 31) << shift;
    shift += 5;
    if ((bits & 32) === 0) {
      numbers.push(number & 1 ? -(number >> 1) : number >> 1);
      [number, shift] = [0, 0];
    }
  }
  return numbers;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
