import { joinBytes } from "../join-bytes.js";

/** RFC 6455, section 5.2. */
export const opcodes = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** RFC 6455, section 7.4.1. */
export const closeCodes = {
  normal: 1000,
  protocolError: 1002,
  unsupportedData: 1003,
  noStatus: 1005,
  abnormal: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
} as const;

const controlLimitBytes = 125;
const largestHeaderBytes = 14;
/** What is set aside for a message before any of it has come; then it grows with what comes. */
const firstRoomBytes = 65_536;

/** What came is not what RFC 6455, or we, allow: the connection ends with this code. */
export class FrameFault extends Error {
  override readonly name = "FrameFault";
  readonly code: number;
  /** What the other side is told. */
  readonly told: string;
  constructor(code: number, message: string, told = message) {
    super(message);
    this.code = code;
    this.told = told;
  }
}

/** Whose frames are read, and who hears of them. */
export interface FrameReaderOptions {
  /** A client's frames are masked, and a server's are not. */
  readonly from: "client" | "server";
  readonly messageLimitBytes: number;
  /** A message comes in no more frames. */
  readonly fragmentLimit: number;
  /** A whole message; the bytes are the handler's to keep. */
  onMessage(message: Uint8Array): void;
  /** A control frame, whole. */
  onControl(opcode: number, payload: Uint8Array): void;
}

/** The frame that is coming. */
interface Frame {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly lengthBytes: number;
  readonly mask: Uint8Array;
  payload: Uint8Array;
  receivedBytes: number;
}

/** Makes messages of the bytes that an end of a WebSocket sends: RFC 6455, sections 5 and 8.1; binary messages only. */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #maskBytes: number;
  readonly #header = new Uint8Array(largestHeaderBytes);
  #headerBytes = 0;
  #frame: Frame | undefined;
  /** Of the message that is being put together. */
  #fragments: Uint8Array[] = [];
  #fragmentBytes = 0;
  #isStopped = false;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
    this.#maskBytes = options.from === "client" ? 4 : 0;
  }

  /** Nothing more is heard of what comes. */
  stop(): void {
    this.#isStopped = true;
    this.#fragments = [];
    this.#frame = undefined;
  }

  /** Throws FrameFault; the reader is of no use after that. */
  push(bytes: Uint8Array): void {
    let offset = 0;
    while (offset < bytes.length && !this.#isStopped) {
      offset +=
        this.#frame === undefined
          ? this.#readHeader(bytes, offset)
          : this.#readPayload(this.#frame, bytes, offset);
      this.#finishFrame();
    }
  }

  /** Takes bytes of a frame's header; gives how many. */
  #readHeader(bytes: Uint8Array, offset: number): number {
    const wanted = this.#headerSizeBytes() - this.#headerBytes;
    const taken = bytes.subarray(offset, offset + wanted);
    this.#header.set(taken, this.#headerBytes);
    this.#headerBytes += taken.length;
    if (this.#headerBytes >= 2 && this.#headerBytes === this.#headerSizeBytes()) {
      this.#headerBytes = 0;
      this.#frame = this.#decodeHeader();
    }
    return taken.length;
  }

  /** As far as is known: the second byte says it. */
  #headerSizeBytes(): number {
    if (this.#headerBytes < 2) return 2;
    const [first = 0, second = 0] = this.#header;
    checkFirstBytes(first, second, this.#maskBytes > 0);
    const length = second & 0x7f;
    return 2 + this.#maskBytes + (length === 127 ? 8 : length === 126 ? 2 : 0);
  }

  #decodeHeader(): Frame {
    const [first = 0, second = 0] = this.#header;
    const view = new DataView(this.#header.buffer);
    const opcode = first & 0x0f;
    const isLast = (first & 0x80) !== 0;
    const shortLength = second & 0x7f;
    let lengthBytes = shortLength;
    let maskOffset = 2;
    if (shortLength === 126) {
      lengthBytes = view.getUint16(2);
      maskOffset = 4;
    } else if (shortLength === 127) {
      lengthBytes = view.getUint32(2) * 2 ** 32 + view.getUint32(6);
      maskOffset = 10;
    }
    this.#checkFrame(opcode, lengthBytes);
    const room = Math.min(lengthBytes, firstRoomBytes);
    return {
      opcode,
      isLast,
      lengthBytes,
      mask: this.#header.slice(maskOffset, maskOffset + this.#maskBytes),
      payload: new Uint8Array(room),
      receivedBytes: 0,
    };
  }

  #checkFrame(opcode: number, lengthBytes: number): void {
    const isContinued = this.#fragments.length > 0;
    if (opcode === opcodes.continuation && !isContinued) {
      throw new FrameFault(closeCodes.protocolError, "a frame continues no message");
    }
    if (opcode === opcodes.binary && isContinued) {
      throw new FrameFault(closeCodes.protocolError, "a message begins within another");
    }
    if (opcode === opcodes.text) {
      const message = "the other side sent a text frame";
      throw new FrameFault(closeCodes.unsupportedData, message, "binary messages only");
    }
    if (opcode >= opcodes.close) return;
    if (this.#fragmentBytes + lengthBytes > this.#options.messageLimitBytes) {
      throw new FrameFault(closeCodes.messageTooBig, "a message is longer than allowed");
    }
    if (this.#fragments.length === this.#options.fragmentLimit) {
      throw new FrameFault(closeCodes.policyViolation, "a message comes in too many pieces");
    }
  }

  /** Takes bytes of a frame's payload; gives how many. */
  #readPayload(frame: Frame, bytes: Uint8Array, offset: number): number {
    const taken = bytes.subarray(offset, offset + frame.lengthBytes - frame.receivedBytes);
    const needed = frame.receivedBytes + taken.length;
    if (needed > frame.payload.length) {
      const grown = new Uint8Array(
        Math.min(frame.lengthBytes, Math.max(needed, 2 * frame.payload.length)),
      );
      grown.set(frame.payload);
      frame.payload = grown;
    }
    frame.payload.set(taken, frame.receivedBytes);
    frame.receivedBytes = needed;
    return taken.length;
  }

  /** When all of it has come. */
  #finishFrame(): void {
    const frame = this.#frame;
    if (frame === undefined || frame.receivedBytes < frame.lengthBytes) return;
    this.#frame = undefined;
    const { opcode, isLast, payload, mask } = frame;
    if (mask.length > 0) unmask(payload, mask);
    if (opcode >= opcodes.close) {
      this.#options.onControl(opcode, payload);
      return;
    }
    this.#fragments.push(payload);
    this.#fragmentBytes += payload.length;
    if (!isLast) return;
    const fragments = this.#fragments;
    const sizeBytes = this.#fragmentBytes;
    this.#fragments = [];
    this.#fragmentBytes = 0;
    this.#options.onMessage(fragments.length === 1 ? payload : joinBytes(fragments, sizeBytes));
  }
}

/** What can be said of a frame by its first two bytes. Throws FrameFault. */
function checkFirstBytes(first: number, second: number, isMasked: boolean): void {
  const opcode = first & 0x0f;
  const isKnown = Object.values(opcodes).some((one) => one === opcode);
  if ((first & 0x70) !== 0 || !isKnown) {
    throw new FrameFault(closeCodes.protocolError, "a frame of a kind that is not known");
  }
  if (((second & 0x80) !== 0) !== isMasked) {
    throw new FrameFault(closeCodes.protocolError, `a frame is ${isMasked ? "not " : ""}masked`);
  }
  const isSplit = (first & 0x80) === 0;
  if (opcode >= opcodes.close && (isSplit || (second & 0x7f) > controlLimitBytes)) {
    throw new FrameFault(closeCodes.protocolError, "a control frame is split or too long");
  }
}

/** Four bytes at a time: a frame's payload begins at the begin of its buffer. */
function unmask(payload: Uint8Array, mask: Uint8Array): void {
  const words = new Uint32Array(payload.buffer, 0, payload.length >> 2);
  const word = new Uint32Array(mask.buffer, 0, 1)[0] ?? 0;
  if (word === 0) return;
  for (let index = 0; index < words.length; index++) words[index] = (words[index] ?? 0) ^ word;
  for (let index = words.length << 2; index < payload.length; index++) {
    payload[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  }
}
