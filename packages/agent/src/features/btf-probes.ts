import { type Kernel } from "../kernel/kernel.js";
import { encodeCString } from "../kernel/text.js";
import { BPF_PROG_TYPE_KPROBE } from "../kernel/uapi.js";
import { answerOfCreation, defineProbe, type ProbeAnswer } from "./probe.js";
import { type Target } from "./target.js";
import { tryHelper } from "./trial-program.js";

/** One type: its name, its kind (BTF_KIND_*, include/uapi/linux/btf.h), its number of parts, and what is behind these. */
interface TrialType {
  readonly name?: string;
  readonly kind: number;
  readonly parts?: number;
  readonly hasKindFlag?: boolean;
  /** The third word of struct btf_type, and those of the kind. */
  readonly words: readonly number[];
}

/** A u32 without sign; a variable of it; a prototype of a function of one. */
const int: TrialType = { name: "int", kind: 1, words: [4, 32] };
const variable: TrialType = { name: "x", kind: 14, words: [1, 0] };
const noFunction: TrialType = { kind: 13, words: [0] };
const section = (name: string): TrialType => ({ name, kind: 15, parts: 1, words: [4, 2, 0, 4] });

const header = { magic: 0xeb9f, version: 1, sizeBytes: 24 };

function encodeTypes(kernel: Kernel, types: readonly TrialType[]): Uint8Array {
  const names = ["", ...types.flatMap(({ name }) => name ?? [])];
  const strings = encodeCString(names.join("\0"));
  const offsetOf = (name: string): number =>
    names.slice(0, names.indexOf(name)).reduce((sum, one) => sum + one.length + 1, 0);
  const words = types.flatMap(({ name = "", kind, parts = 0, hasKindFlag, words: rest }) => {
    const info = ((hasKindFlag === true ? 1 << 31 : 0) | (kind << 24) | parts) >>> 0;
    return [offsetOf(name), info, ...rest];
  });
  const bytes = new Uint8Array(header.sizeBytes + words.length * 4 + strings.length);
  const view = kernel.view(bytes);
  const little = kernel.isLittleEndian;
  view.setUint16(0, header.magic, little);
  view.setUint8(2, header.version);
  const sizes = [header.sizeBytes, 0, words.length * 4, words.length * 4, strings.length];
  for (const [at, word] of [...sizes, ...words].entries()) view.setUint32(4 + at * 4, word, little);
  bytes.set(strings, header.sizeBytes + words.length * 4);
  return bytes;
}

function tryTypes({ kernel, bpf }: Target, ...types: readonly TrialType[]): ProbeAnswer {
  const result = bpf.loadBtf(encodeTypes(kernel, types));
  return answerOfCreation(kernel, "bpf(BPF_BTF_LOAD)", result, {
    supported: [],
    unsupported: ["EINVAL"],
  });
}

/** What a kernel takes of what objects come with. */
export const btfProbes = [
  defineProbe({
    name: "program_btf",
    since: "5.0",
    run: (target) => tryTypes(target, noFunction, { name: "f", kind: 12, words: [1] }),
  }),
  defineProbe({
    name: "btf_datasec",
    since: "5.2",
    run: (target) => tryTypes(target, int, variable, section(".data")),
  }),
  defineProbe({
    name: "btf_global_function",
    since: "5.6",
    run: (target) => tryTypes(target, noFunction, { name: "f", kind: 12, parts: 1, words: [1] }),
  }),
  defineProbe({
    name: "btf_float",
    since: "5.13",
    run: (target) => tryTypes(target, { name: "float", kind: 16, words: [4] }),
  }),
  defineProbe({
    name: "btf_decl_tag",
    since: "5.16",
    run: (target) =>
      tryTypes(target, int, variable, { name: "tag", kind: 17, words: [2, 0xffff_ffff] }),
  }),
  defineProbe({
    name: "btf_type_tag",
    since: "5.17",
    run: (target) =>
      tryTypes(target, int, { name: "tag", kind: 18, words: [1] }, { kind: 2, words: [2] }),
  }),
  defineProbe({
    name: "btf_enum64",
    since: "6.0",
    run: (target) => tryTypes(target, { kind: 19, hasKindFlag: true, words: [8] }),
  }),
  defineProbe({
    name: "btf_optional_section",
    since: "6.9",
    run: (target) => tryTypes(target, int, variable, section("?.data")),
  }),
  defineProbe({
    name: "attach_cookie",
    since: "5.15",
    run: (target) => tryHelper(target, 174, BPF_PROG_TYPE_KPROBE),
  }),
] as const;
