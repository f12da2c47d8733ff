import { buildIdWords } from "../spec/stack-map.js";
import { type Frame } from "./value.js";

/** BPF_STACK_BUILD_ID_VALID in include/uapi/linux/bpf.h; else the kernel gives an address. */
const hasBuildId = 1;
const buildIdSizeBytes = 20;

/** Frames of struct bpf_stack_build_id: an int of what it has, the build id, and an offset in the file or an address. Zeros at the end may be absent. */
export function readBuildIds(words: readonly bigint[], isLittleEndian: boolean): readonly Frame[] {
  const frames: Frame[] = [];
  const view = new DataView(new ArrayBuffer(8 * buildIdWords));
  for (let at = 0; at < words.length; at += buildIdWords) {
    for (let word = 0; word < buildIdWords; word++) {
      view.setBigUint64(8 * word, words[at + word] ?? 0n, isLittleEndian);
    }
    const address = words[at + buildIdWords - 1] ?? 0n;
    if (view.getInt32(0, isLittleEndian) !== hasBuildId) {
      frames.push({ address, symbol: undefined });
      continue;
    }
    const buildId = Array.from({ length: buildIdSizeBytes }, (_, index) =>
      view
        .getUint8(4 + index)
        .toString(16)
        .padStart(2, "0"),
    ).join("");
    frames.push({ address, symbol: undefined, buildId });
  }
  return frames;
}
