import { type ProgramPlace, type ProgramType } from "../../../spec/program-spec.js";
import { type UsdtArgument } from "./usdt-arguments.js";
import { type RawParameter, type UserParameter } from "../../answers.js";
import {
  type CheckedExpression,
  type ProbeAttachment,
  type ProbeContext,
} from "../checked-program.js";
import { type AddressSpace } from "../type.js";
import { type Span } from "../../syntax/span.js";
import { type TracepointField } from "../../tracepoint-format.js";

/** One concrete place to attach to: what a probe of the program was expanded to, and what its statements can read there. */
export interface ConcreteProbe {
  /** As `probe` prints it. */
  readonly name: string;
  /** The probe's type in full: "tracepoint". */
  readonly type: ProbeType;
  readonly programType: ProgramType;
  /** Of programs that are loaded for one place; see ProgramSpec. */
  readonly place: ProgramPlace | undefined;
  readonly attachment: ProbeAttachment;
  readonly context: ProbeContext;
  /** What `ctx` points to, where that is known: "struct bpf_iter__task". */
  readonly contextType?: string;
  /** What `func` prints; `undefined` where it cannot be asked. */
  readonly functionName: string | undefined;
  /** Fields of `args` in a tracepoint, when the block reads them. */
  readonly fields: readonly TracepointField[];
  /** Those of them that the raw tracepoint tells, which stands for a tracepoint. */
  readonly rawFields?: ReadonlyMap<string, CheckedExpression>;
  /** Parameters of a raw tracepoint or, with fentry and fexit, of the function; `undefined` when they are not known. */
  readonly parameters: readonly RawParameter[] | undefined;
  /** What the function gives that a fexit is on, if anything. */
  readonly result: RawParameter | undefined;
  /** Of a function of a program's, whose debug information tells; "unknown" when it does not tell of this one. */
  readonly userParameters?: readonly UserParameter[] | "unknown";
  /** In code of 32 bits on a target of 64. */
  readonly is32Bit?: true;
  /** Of a USDT probe: where its arguments are. */
  readonly usdtArguments?: readonly UsdtArgument[];
  /** The tracepoints that it stands for. */
  readonly systemCalls?: SystemCallProbes;
  /** Further places that the same program is attached to. */
  readonly others?: readonly Pick<ConcreteProbe, "name" | "attachment" | "functionName">[];
  /** To all of them at once, and told by a cookie which one it is. */
  readonly isJoined?: true;
  /** Where addresses point that are only numbers: `str(arg0)`. */
  readonly pointerSpace: AddressSpace;
  readonly span: Span;
}

/** One probe that stands for the tracepoints of many system calls. */
export interface SystemCallProbes {
  /** In the order of their numbers, which are distinct. */
  readonly calls: readonly { readonly number: number; readonly name: string }[];
  readonly number: CheckedExpression;
  /** It was called as programs of 32 bits do, by other numbers: the tracepoints of system calls leave it out. */
  readonly isForeign: CheckedExpression;
}

/** Probe types by their full names, with the short ones that stand for them. */
export const probeTypes = {
  begin: ["BEGIN"],
  end: ["END"],
  tracepoint: ["t"],
  rawtracepoint: ["rt"],
  kprobe: ["k"],
  kretprobe: ["kr"],
  uprobe: ["u"],
  uretprobe: ["ur"],
  interval: ["i"],
  profile: ["p"],
  software: ["s"],
  hardware: ["h"],
  watchpoint: ["w"],
  iter: ["it"],
  self: [],
  fentry: ["f", "kfunc"],
  fexit: ["fr", "kretfunc"],
  usdt: ["U"],
  test: [],
  bench: [],
} as const;
export type ProbeType = keyof typeof probeTypes;

const byAnyName = new Map<string, ProbeType>(
  Object.entries(probeTypes).flatMap(([name, shortNames]) =>
    // The keys of an object literal with such a type are its key type.
    [name, ...shortNames].map((any) => [any, name as ProbeType] as const),
  ),
);

/** The probe type that a word means; what is longer than a letter may be in capitals. */
export function probeTypeOf(word: string): ProbeType | undefined {
  return byAnyName.get(word) ?? (word.length > 2 ? byAnyName.get(word.toLowerCase()) : undefined);
}
