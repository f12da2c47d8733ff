import { type Mapping } from "./process-maps.js";

/** What the kernel has recorded of a process, at a time of its monotonic clock. */
export type TaskRecord = { readonly pid: number; readonly time: bigint } & (
  | { readonly kind: "mapping"; readonly mapping: Mapping }
  /** It runs another program from now on: what it had mapped is gone. */
  | { readonly kind: "exec" }
  /** It has been made by its parent, whose mappings it has. */
  | { readonly kind: "fork"; readonly parent: number }
  | { readonly kind: "exit" }
);

// enum perf_event_type, and PERF_RECORD_MISC_* (include/uapi/linux/perf_event.h).
const types = { comm: 3, exit: 4, fork: 7, mmap2: 10 } as const;
const misc = { commExec: 1 << 13, mmapBuildId: 1 << 14 } as const;
const headerSizeBytes = 8;
/** struct sample_id with PERF_SAMPLE_TIME alone: behind each record. */
const timeSizeBytes = 8;
const mapNameAt = 72;
const longestBuildId = 20;
const executable = 4;

const decoder = new TextDecoder();

/** Decodes whole records of perf events; what is not of use, or damaged, is passed over. */
export function decodeTaskRecords(
  span: Uint8Array,
  byteOrder: "little" | "big",
): readonly TaskRecord[] {
  const view = new DataView(span.buffer, span.byteOffset, span.length);
  const isLittle = byteOrder === "little";
  const records: TaskRecord[] = [];
  for (let at = 0; at + headerSizeBytes <= span.length;) {
    const size = view.getUint16(at + 6, isLittle);
    if (size < headerSizeBytes || at + size > span.length) break;
    const record = decodeRecord(span.subarray(at, at + size), isLittle);
    if (record !== undefined) records.push(record);
    at += size;
  }
  return records;
}

/** struct perf_event_header: u32 type, u16 misc, u16 size; then u32 pid, and u32 tid or the parent's pid. */
function decodeRecord(record: Uint8Array, isLittle: boolean): TaskRecord | undefined {
  if (record.length < headerSizeBytes + 8 + timeSizeBytes) return undefined;
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const flags = view.getUint16(4, isLittle);
  const pid = view.getUint32(8, isLittle);
  const time = view.getBigUint64(record.length - timeSizeBytes, isLittle);
  const second = view.getUint32(12, isLittle);
  switch (view.getUint32(0, isLittle)) {
    case types.comm:
      return (flags & misc.commExec) === 0 ? undefined : { kind: "exec", pid, time };
    case types.fork: {
      // A thread has its parent's pid.
      return pid === second ? undefined : { kind: "fork", pid, time, parent: second };
    }
    case types.exit: {
      const isWhole = record.length >= 24 && view.getUint32(16, isLittle) === pid;
      return isWhole ? { kind: "exit", pid, time } : undefined;
    }
    case types.mmap2: {
      const mapping = decodeMapping(record, view, isLittle);
      return mapping === undefined ? undefined : { kind: "mapping", pid, time, mapping };
    }
    default:
      return undefined;
  }
}

/** After pid and tid: u64 address, length, offset; 24 bytes on which file; u32 protection and flags; a name. */
function decodeMapping(record: Uint8Array, view: DataView, isLittle: boolean): Mapping | undefined {
  const end = record.length - timeSizeBytes;
  if (end <= mapNameAt) return undefined;
  const protection = view.getUint32(64, isLittle);
  if ((protection & executable) === 0) return undefined;
  const start = view.getBigUint64(16, isLittle);
  const name = record.subarray(mapNameAt, end);
  const nameEnd = name.indexOf(0);
  const path = decoder.decode(name.subarray(0, nameEnd === -1 ? name.length : nameEnd));
  const mapping = {
    start,
    end: start + view.getBigUint64(24, isLittle),
    fileOffset: view.getBigUint64(32, isLittle),
    path: path === "//anon" ? "" : path,
    isDeleted: false,
  };
  if ((view.getUint16(4, isLittle) & misc.mmapBuildId) === 0) {
    const number = (at: number): string =>
      view.getUint32(at, isLittle).toString(16).padStart(2, "0");
    const inode = view.getBigUint64(48, isLittle);
    return { ...mapping, device: `${number(40)}:${number(44)}`, inode };
  }
  const size = Math.min(record[40] ?? 0, longestBuildId);
  const buildId = Array.from(record.subarray(44, 44 + size), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  return { ...mapping, device: "", inode: 0n, buildId };
}
