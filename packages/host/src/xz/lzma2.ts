import { LzmaDecoder, type LzmaProperties } from "./lzma-decoder.js";
import { type OutputWindow } from "./output-window.js";
import { RangeDecoder } from "./range-decoder.js";
import { XzError } from "./xz-error.js";

/** A chunk's first byte: the end, plain bytes with or without an empty dictionary before them, else LZMA. */
const controls = { end: 0, plainAfterReset: 1, plain: 2, lzma: 0x80 } as const;

/** Expands the chunks of LZMA2 from a place on; gives the place behind them. Throws XzError. */
export function expandLzma2(bytes: Uint8Array, start: number, output: OutputWindow): number {
  const decoder = new LzmaDecoder(output);
  // What a stream must have before what builds on it.
  let [hasDictionary, hasProperties] = [false, false];
  for (let at = start; ;) {
    const control = byteAt(bytes, at);
    if (control === controls.end) return at + 1;
    const emptiesDictionary = control === controls.plainAfterReset || control >= 0xe0;
    if (emptiesDictionary) {
      output.emptyDictionary();
      [hasDictionary, hasProperties] = [true, false];
    } else if (!hasDictionary) {
      throw new XzError("a chunk goes on from nothing");
    }
    if (control < controls.lzma) {
      if (control > controls.plain) throw new XzError(`a chunk of the unknown kind ${control}`);
      const end = at + 3 + u16(bytes, at + 1) + 1;
      if (end > bytes.length) throw new XzError("it ends within a chunk");
      output.reserve(end - at - 3);
      output.append(bytes.subarray(at + 3, end));
      at = end;
      continue;
    }
    const size = ((control & 0x1f) << 16) + u16(bytes, at + 1) + 1;
    const packedSize = u16(bytes, at + 3) + 1;
    const hasNewProperties = control >= 0xc0;
    if (hasNewProperties) decoder.reset(decodeProperties(byteAt(bytes, at + 5)));
    else if (!hasProperties) throw new XzError("a chunk goes on from nothing");
    else if (control >= 0xa0) decoder.reset();
    hasProperties = true;
    const packedAt = at + (hasNewProperties ? 6 : 5);
    at = packedAt + packedSize;
    if (at > bytes.length) throw new XzError("it ends within a chunk");
    decoder.decode(new RangeDecoder(bytes, packedAt, at), size);
  }
}

/** (position * 5 + literalPosition) * 9 + literalContext. */
function decodeProperties(byte: number): LzmaProperties {
  const literalContext = byte % 9;
  const literalPosition = Math.floor(byte / 9) % 5;
  const position = Math.floor(byte / 45);
  if (position > 4 || literalContext + literalPosition > 4) {
    throw new XzError("a chunk has properties that LZMA2 has not");
  }
  return { literalContext, literalPosition, position };
}

function u16(bytes: Uint8Array, at: number): number {
  return byteAt(bytes, at) * 256 + byteAt(bytes, at + 1);
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new XzError("it ends within a chunk");
  return byte;
}
