/** The text with a replacement character for each half of a surrogate pair. The contract's texts are UTF-8, which has no halves. */
export function wellFormed(text: string): string {
  // With the flag `u`, a pair is one character, so only halves match.
  return /[\uD800-\uDFFF]/u.test(text) ? text.replace(/[\uD800-\uDFFF]/gu, "\uFFFD") : text;
}

/** As much of a text as a line of the log can show: the host cuts lines at 4 KiB, and says so. Megabytes are not looked at then. */
export function clipped(text: string): string {
  return text.length > MOST_OF_A_LINE ? text.slice(0, MOST_OF_A_LINE) : text;
}

/** The text as UTF-8. QuickJS has no TextEncoder. */
export function encode(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of wellFormed(text)) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) {
      bytes.push(code);
    } else if (code < 0x800) {
      bytes.push(0xc0 | (code >> 6), continued(code));
    } else if (code < 0x10000) {
      bytes.push(0xe0 | (code >> 12), continued(code >> 6), continued(code));
    } else {
      bytes.push(0xf0 | (code >> 18), continued(code >> 12), continued(code >> 6), continued(code));
    }
  }
  return Uint8Array.from(bytes);
}

/** The text of these bytes of UTF-8; null if they are none. A byte order mark is left out, as everywhere. */
export function decode(bytes: Uint8Array): string | null {
  const parts: string[] = [];
  let codes: number[] = [];
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < bytes.length) {
    const first = bytes[at] ?? 0;
    const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length === 0 || at + length > bytes.length) {
      return null;
    }
    let code = length === 1 ? first : first & (0x7f >> length);
    for (let offset = 1; offset < length; offset += 1) {
      const next = bytes[at + offset] ?? 0;
      if ((next & 0xc0) !== 0x80) {
        return null;
      }
      code = (code << 6) | (next & 0x3f);
    }
    if (code < (LEAST[length] ?? 0) || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      return null;
    }
    codes.push(code);
    // An argument list has its limits.
    if (codes.length === 4096) {
      parts.push(String.fromCodePoint(...codes));
      codes = [];
    }
    at += length;
  }
  parts.push(String.fromCodePoint(...codes));
  return parts.join("");
}

function continued(code: number): number {
  return 0x80 | (code & 0x3f);
}

/** More than a line has, so that the host sees that something is missing. */
const MOST_OF_A_LINE = 5000;

/** The least code that so many bytes may stand for: a longer spelling is no UTF-8 (RFC 3629, section 3). */
const LEAST = [0, 0, 0x80, 0x800, 0x10000];
