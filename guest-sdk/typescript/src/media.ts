// Files that the user picked in a PhotoPicker or a DocumentPicker. The host downloads, verifies and decrypts them. The plugin asks for
// this in its flowhost.toml (`media = true` under `[requests]`), and the flow grants it.
//
// A file may have at most 25 MiB and at most half of the memory that the flow's limits allow a call. One call can fetch 30 files.

import type * as contract from "./contract.js";
import { payloadOf } from "./error.js";
import { host } from "./host.js";
import { isObject, write } from "./json.js";
import { wellFormed } from "./text.js";

/** One element of the picker's field. It holds the file's keys, so keep it out of logs and out of the state: JSON leaves them out. */
export class Reference {
  readonly #element: Record<string, unknown>;

  /** An element as received. */
  constructor(element: Record<string, unknown>) {
    this.#element = element;
  }

  /** The file's name on the user's phone. */
  get fileName(): string | null {
    return textOf(this.#element["file_name"]);
  }

  /** WhatsApp's id of the file. */
  get mediaId(): string | null {
    return textOf(this.#element["media_id"]);
  }

  /** Leaves out the keys. */
  toJSON(): { media_id: string | null } {
    return { media_id: this.mediaId };
  }

  /** Fetches the file. Why it could not be fetched is a {@link MediaError}. */
  fetch(): Uint8Array {
    try {
      return host("media").media.fetch(wellFormed(write("the file's reference", this.#element)));
    } catch (error) {
      const payload = payloadOf(error);
      throw payload === undefined ? error : new MediaError(payload.tag as contract.MediaError["tag"], String(payload.val ?? ""));
    }
  }

  /** The reference in an element of a form's field; null if it is none. */
  static of(element: unknown): Reference | null {
    return isObject(element) ? new Reference(element) : null;
  }
}

/** Fetches the file behind a reference. */
export function fetch(reference: Reference): Uint8Array {
  return reference.fetch();
}

/** Why a file could not be fetched. */
export class MediaError extends Error {
  override readonly name = "MediaError";
  /** The kind of failure, to be matched. */
  readonly kind: contract.MediaError["tag"];

  constructor(kind: contract.MediaError["tag"], why = "") {
    super(ERRORS[kind] + why);
    this.kind = kind;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

const ERRORS: Record<contract.MediaError["tag"], string> = {
  "not-granted": "media is not granted: the plugin's flowhost.toml asks, the flow's grants allow",
  "invalid-reference": "the file's reference is invalid: ",
  "download-failed": "the file can't be downloaded: ",
  "check-failed": "the file is not the one that was sent",
  "too-large": "the file is too large",
  "quota-exceeded": "the call has fetched as many files as it may",
};
