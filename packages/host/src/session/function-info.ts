import { type LabelledProgram } from "../asm/assemble.js";
import { type InfoRecords, type ProgramFunction } from "../spec/program-spec.js";

/** struct bpf_func_info (include/uapi/linux/bpf.h): u32 instruction, u32 type. */
const recordSizeBytes = 8;

/** What the kernel is told of a program's functions. */
export function functionInfo(
  functions: readonly ProgramFunction[],
  { labels }: LabelledProgram,
  byteOrder: "little" | "big",
): InfoRecords {
  const bytes = new Uint8Array(recordSizeBytes * functions.length);
  const view = new DataView(bytes.buffer);
  for (const [at, { label, type }] of functions.entries()) {
    const instruction = label === undefined ? 0 : (labels.get(label) ?? 0);
    view.setUint32(recordSizeBytes * at, instruction, byteOrder === "little");
    view.setUint32(recordSizeBytes * at + 4, type, byteOrder === "little");
  }
  return { recordSizeBytes, bytes };
}
