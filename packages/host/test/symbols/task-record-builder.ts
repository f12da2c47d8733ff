const encoder = new TextEncoder();

/** A record of perf events, as the kernel lays it out with a time behind it. */
function record(
  type: number,
  misc: number,
  body: Uint8Array,
  time: bigint,
  isLittle: boolean,
): Uint8Array {
  const bytes = new Uint8Array(8 + body.length + 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, isLittle);
  view.setUint16(4, misc, isLittle);
  view.setUint16(6, bytes.length, isLittle);
  bytes.set(body, 8);
  view.setBigUint64(bytes.length - 8, time, isLittle);
  return bytes;
}

function words(isLittle: boolean, ...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of values.entries()) view.setUint32(4 * at, value, isLittle);
  return bytes;
}

function padded(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((text.length + 1) / 8) * 8);
  bytes.set(encoder.encode(text));
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export interface BuiltMapping {
  readonly pid: number;
  readonly start: bigint;
  readonly sizeBytes: bigint;
  readonly offset?: bigint;
  readonly path: string;
  /** In place of a device and inode. */
  readonly buildId?: string;
  readonly inode?: bigint;
  readonly protection?: number;
}

interface TaskRecordBuilder {
  readonly mmap: (mapping: BuiltMapping, time?: bigint) => Uint8Array;
  readonly exec: (pid: number, time?: bigint) => Uint8Array;
  readonly join: typeof join;
  readonly rename: (pid: number) => Uint8Array;
  readonly fork: (pid: number, parent: number, time?: bigint) => Uint8Array;
  readonly exit: (pid: number, tid?: number, time?: bigint) => Uint8Array;
}

/** Builds records in one byte order. */
export function taskRecordBuilder(byteOrder: "little" | "big"): TaskRecordBuilder {
  const isLittle = byteOrder === "little";
  const mmap = (mapping: BuiltMapping, time = 1n): Uint8Array => {
    const {
      pid,
      start,
      sizeBytes,
      offset = 0n,
      path,
      buildId,
      inode = 0n,
      protection = 5,
    } = mapping;
    const body = new Uint8Array(64);
    const view = new DataView(body.buffer);
    view.setUint32(0, pid, isLittle);
    view.setUint32(4, pid, isLittle);
    view.setBigUint64(8, start, isLittle);
    view.setBigUint64(16, sizeBytes, isLittle);
    view.setBigUint64(24, offset, isLittle);
    if (buildId === undefined) {
      view.setUint32(32, 8, isLittle);
      view.setUint32(36, 1, isLittle);
      view.setBigUint64(40, inode, isLittle);
    } else {
      body[32] = buildId.length / 2;
      for (let at = 0; at < buildId.length / 2; at++) {
        body[36 + at] = Number.parseInt(buildId.slice(2 * at, 2 * at + 2), 16);
      }
    }
    view.setUint32(56, protection, isLittle);
    const misc = buildId === undefined ? 2 : (1 << 14) | 2;
    return record(10, misc, join(body, padded(path)), time, isLittle);
  };
  const exec = (pid: number, time = 1n): Uint8Array =>
    record(3, (1 << 13) | 2, join(words(isLittle, pid, pid), padded("comm")), time, isLittle);
  const task = (type: number, parts: readonly number[], time: bigint): Uint8Array =>
    record(type, 0, join(words(isLittle, ...parts), new Uint8Array(8)), time, isLittle);
  return {
    mmap,
    exec,
    join,
    rename: (pid: number): Uint8Array =>
      record(3, 0, join(words(isLittle, pid, pid), padded("comm")), 1n, isLittle),
    fork: (pid: number, parent: number, time = 1n): Uint8Array =>
      task(7, [pid, parent, pid, parent], time),
    exit: (pid: number, tid = pid, time = 1n): Uint8Array => task(4, [pid, 1, tid, 1], time),
  };
}
