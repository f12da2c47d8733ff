import { decodeUtf8, encodeUtf8 } from "../utf8.js";
import { closeCodes, FrameFault } from "./frame-reader.js";

/** RFC 6455, section 5.5: a control frame carries at most 125 bytes, of which a close frame's code takes two. */
const closeReasonLimitBytes = 123;

/** Before a whole message, or a control frame. `masked`: as a client's have to be, with a mask of zeros, which changes nothing. */
export function encodeFrameHeader(opcode: number, lengthBytes: number, masked = false): Uint8Array {
  const sizeBytes = lengthBytes <= 125 ? 2 : lengthBytes <= 0xffff ? 4 : 10;
  const header = new Uint8Array(sizeBytes + (masked ? 4 : 0));
  const view = new DataView(header.buffer);
  header[0] = 0x80 | opcode;
  header[1] = sizeBytes === 2 ? lengthBytes : sizeBytes === 4 ? 126 : 127;
  if (masked) header[1] |= 0x80;
  if (sizeBytes === 4) view.setUint16(2, lengthBytes);
  if (sizeBytes === 10) view.setBigUint64(2, BigInt(lengthBytes));
  return header;
}

/** What a close frame says; a reason that does not fit is cut. */
export function encodeClose(code: number, reason: string): Uint8Array {
  const text = truncate(reason);
  const payload = new Uint8Array(2 + text.length);
  new DataView(payload.buffer).setUint16(0, code);
  payload.set(text, 2);
  return payload;
}

/** In UTF-8, cut where a character ends. */
function truncate(reason: string): Uint8Array {
  let text = encodeUtf8(reason);
  for (
    let end = Math.min(reason.length, closeReasonLimitBytes);
    text.length > closeReasonLimitBytes;
    end--
  ) {
    text = encodeUtf8(reason.slice(0, end));
  }
  return text;
}

/** What the other side's close frame says. Throws FrameFault: RFC 6455, sections 5.5.1 and 7.4. */
export function decodeClose(payload: Uint8Array): { code: number; reason: string } {
  if (payload.length === 0) return { code: closeCodes.noStatus, reason: "" };
  const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
  if (payload.length === 1 || !isSendable(code)) {
    throw new FrameFault(closeCodes.protocolError, "a close frame has no valid code");
  }
  const bytes = payload.subarray(2);
  const reason = decodeUtf8(bytes);
  // What is not UTF-8 is replaced, and does not come back the same.
  if (encodeUtf8(reason).some((byte, index) => byte !== bytes[index])) {
    throw new FrameFault(closeCodes.invalidPayload, "a close frame's reason is not UTF-8");
  }
  return { code, reason };
}

/** Codes that may stand in a close frame: the registry's, those for libraries, and those for anybody. */
function isSendable(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  const reserved: readonly number[] = [1004, closeCodes.noStatus, closeCodes.abnormal];
  return code >= 1000 && code <= 1014 && !reserved.includes(code);
}
