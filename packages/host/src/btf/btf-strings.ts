const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The string section of BTF that is being written: each text stands in it once. */
export class BtfStrings {
  readonly #offsets = new Map<string, number>([["", 0]]);
  readonly #parts: Uint8Array[] = [];
  #sizeBytes = 0;

  /** `kept`: a string section whose offsets are to hold in this one. */
  constructor(kept: Uint8Array = new Uint8Array(1)) {
    this.#append(kept);
    for (let at = 0; at < kept.length;) {
      const end = kept.indexOf(0, at);
      const text = decoder.decode(kept.subarray(at, end));
      if (!this.#offsets.has(text)) this.#offsets.set(text, at);
      at = end + 1;
    }
  }

  /** Where the text stands. */
  offset(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.#sizeBytes;
    this.#offsets.set(text, offset);
    this.#append(encoder.encode(`${text}\0`));
    return offset;
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#sizeBytes);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  #append(part: Uint8Array): void {
    this.#parts.push(part);
    this.#sizeBytes += part.length;
  }
}
