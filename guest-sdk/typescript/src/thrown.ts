// What was thrown, in words, with its place in the author's source.

/** A frame of a stack: a place in the author's source, and the function. */
export interface Frame {
  /** Such as `src/plugin.ts:42`. */
  place: string;
  /** The function's name; empty if it has none. */
  name: string;
}

/** Finds the place in the author's source of a line of what runs. None if the line is not the author's. */
export type FindPlace = (file: string, line: number) => string | undefined;

let findPlace: FindPlace = () => undefined;

/** Says how places are found. */
export function providePlaces(find: FindPlace): void {
  findPlace = find;
}

/**
 * The message with those of its causes, and the places on the stack, the innermost first:
 * `TypeError: no such slot, at src/slots.ts:12 (find) <- src/plugin.ts:40 (submit)`. Anything can be thrown, so it never fails.
 */
export function describe(thrown: unknown): string {
  try {
    return thrown instanceof Error ? ofError(thrown) : ofOther(thrown);
  } catch {
    // A Proxy, or an error with a getter.
    return `something was thrown that can't be looked at, not an Error${NO_PLACE}`;
  }
}

/** The frames in the author's source, the innermost first. */
export function framesOf(stack: unknown): Frame[] {
  if (typeof stack !== "string") {
    return [];
  }
  return stack.split("\n").flatMap((line) => {
    // `at name (file:1:2)` or `at file:1:2` in QuickJS and Node, `name@file:1:2` in StarlingMonkey.
    const found = /^\s*at (?:(.*?) \()?([^()]+?):(\d+)(?::\d+)?\)?$/.exec(line) ?? /^(.*?)@(.*?):(\d+)(?::\d+)?$/.exec(line);
    const place = found === null ? undefined : findPlace(found[2] ?? "", Number(found[3]));
    return place === undefined ? [] : [{ place, name: nameOf(found?.[1] ?? "") }];
  });
}

function ofError(error: Error): string {
  const said = [headline(error)];
  let cause = error.cause;
  while (cause !== undefined && said.length < MOST_CAUSES) {
    said.push(cause instanceof Error ? headline(cause) : shown(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return said.join(": ") + at(error);
}

/** A plain Error's name says nothing. */
function headline(error: Error): string {
  const [name, message] = [brief(String(error.name)), brief(String(error.message))];
  if (message === "") {
    return name;
  }
  return name === "Error" ? message : `${name}: ${message}`;
}

/** The frames of the innermost cause that has some are not the interesting ones: where the author caught it is said first. */
function at(error: Error): string {
  const frames = framesOf(error.stack).slice(0, MOST_FRAMES);
  if (frames.length === 0) {
    return "";
  }
  return `, at ${frames.map(({ place, name }) => (name === "" ? place : `${place} (${name})`)).join(" <- ")}`;
}

function ofOther(thrown: unknown): string {
  // With no memory left for an Error, QuickJS throws null.
  const hint = thrown === null ? ", as it is when the memory is used up" : "";
  return `${shown(thrown)} was thrown, not an Error${hint}${NO_PLACE}`;
}

function shown(thrown: unknown): string {
  switch (typeof thrown) {
    case "string":
      return JSON.stringify(brief(thrown));
    case "function":
      return "a function";
    case "object":
      return thrown === null ? "null" : (JSON.stringify(thrown) ?? "an object");
    default:
      return String(thrown);
  }
}

/** A text with room beside it for a place, in a line of 4 KiB. */
function brief(text: string): string {
  return text.length > MOST_OF_A_TEXT ? `${text.slice(0, MOST_OF_A_TEXT)}…` : text;
}

/** Names that esbuild and engines give to what has none. */
function nameOf(name: string): string {
  return /^(?:<.*>|anonymous|Object\.<anonymous>)?$/.test(name) ? "" : name.replace(/^(?:async |Object\.|new )/, "");
}

const NO_PLACE = ", so only the handler is known";
const MOST_OF_A_TEXT = 1000;
const MOST_CAUSES = 8;
const MOST_FRAMES = 16;
