import { DataError } from "./error.js";
import { Misfit, type Shape } from "./shape.js";

/** Reads a value by its shape. One that does not fit is a {@link DataError} that says what it is. */
export function readAs<T>(shape: Shape<T>, what: string, value: unknown): T {
  try {
    return shape(value);
  } catch (error) {
    throw error instanceof Misfit ? new DataError(what, error.message, error.path) : error;
  }
}
