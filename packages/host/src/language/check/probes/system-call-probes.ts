import { systemCallNumbers } from "../../../text/system-call-names.js";
import { type TargetDescription } from "../../../spec/target-description.js";
import { queryKey, type Answers, type Query } from "../../answers.js";
import { type ActionBlock } from "../../syntax/ast.js";
import { type Span } from "../../syntax/span.js";
import { type CheckedExpression } from "../checked-program.js";
import { memberOf } from "../kernel-member.js";
import { int32, uint32, uint64, type IntegerType } from "../type.js";
import { type ConcreteProbe, type SystemCallProbes } from "./concrete-probe.js";
import { longArgument, readsRecord } from "./raw-tracepoints.js";

/** The kernel takes up to 70 ms to detach one of these tracepoints, one after the other; fewer than this are faster in the kernel as they are. */
const minimumCalls = 10;

/**
 * What stands in the record of every system call, at the same place: struct syscall_trace_enter and syscall_trace_exit
 * (kernel/trace/trace.h).
 */
export const systemCallFields = { enter: ["__syscall_nr"], exit: ["__syscall_nr", "ret"] } as const;

interface Registers {
  /** Which system call it is, in struct pt_regs. */
  readonly number: string;
  /** Member and bit of struct thread_info that say it is one of 32 bits. */
  readonly foreign: { readonly member: string; readonly bit: bigint };
}

const registers: Partial<Record<TargetDescription["architecture"], Registers>> = {
  // arch/x86/include/asm/thread_info.h: TS_COMPAT
  x64: { number: "orig_ax", foreign: { member: "status", bit: 2n } },
  // arch/arm64/include/asm/thread_info.h: _TIF_32BIT
  arm64: { number: "syscallno", foreign: { member: "flags", bit: 1n << 22n } },
};

/**
 * Puts one raw tracepoint with a filter in the place of many tracepoints of system calls, where a block cannot tell the
 * difference. Queries without an answer are added to `missing`.
 */
export function joinSystemCalls(
  probes: readonly ConcreteProbe[],
  block: ActionBlock,
  { target, answers }: { readonly target: TargetDescription; readonly answers: Answers },
  missing: Query[],
): readonly ConcreteProbe[] {
  const layout = registers[target.architecture];
  if (layout === undefined || target.byteOrder !== "little") return probes;
  if (!target.features.includes("raw_tracepoint")) return probes;
  if (probes.length < minimumCalls) return probes;
  return (["enter", "exit"] as const).reduce<readonly ConcreteProbe[]>((rest, when) => {
    if (readsRecord(block, systemCallFields[when])) return rest;
    const members = membersOf(rest, when, target.architecture);
    const [first] = members.values();
    if (first === undefined || members.size < minimumCalls) return rest;
    const expressions = readers(layout, when, { target, answers, missing, span: first.span });
    if (expressions === undefined) return rest;
    const joined = join(first, when, members, expressions);
    const taken = new Set(members.values());
    return rest.flatMap((probe) => (probe === first ? [joined] : taken.has(probe) ? [] : [probe]));
  }, probes);
}

/** By number; of two of the same call the first. */
function membersOf(
  probes: readonly ConcreteProbe[],
  when: "enter" | "exit",
  architecture: TargetDescription["architecture"],
): ReadonlyMap<number, ConcreteProbe> {
  const numbers = systemCallNumbers(architecture);
  const members = new Map<number, ConcreteProbe>();
  for (const probe of probes) {
    const { attachment } = probe;
    if (attachment.kind !== "tracepoint" || attachment.category !== "syscalls") continue;
    const call = new RegExp(`^sys_${when}_(.*)$`).exec(attachment.name)?.[1];
    const number = call === undefined ? undefined : numbers.get(call);
    if (number !== undefined && !members.has(number)) members.set(number, probe);
  }
  return members;
}

function join(
  first: ConcreteProbe,
  when: "enter" | "exit",
  members: ReadonlyMap<number, ConcreteProbe>,
  { rawFields, ...expressions }: Readers,
): ConcreteProbe {
  const calls = [...members].map(([number, { name }]) => ({ number, name }));
  const optional = "ifRefused" in first.attachment ? { ifRefused: first.attachment.ifRefused } : {};
  return {
    ...first,
    name: `tracepoint:syscalls:sys_${when}_*`,
    programType: "raw_tracepoint",
    attachment: { kind: "rawTracepoint", name: `sys_${when}`, ...optional },
    context: "rawTracepoint",
    rawFields,
    systemCalls: { calls: calls.sort((a, b) => a.number - b.number), ...expressions },
  };
}

type Readers = Pick<SystemCallProbes, "number" | "isForeign"> &
  Required<Pick<ConcreteProbe, "rawFields">>;

/** Arguments of the raw tracepoints: the registers, then the number or what it gives (include/trace/events/syscalls.h). */
function readers(
  { number, foreign }: Registers,
  when: "enter" | "exit",
  about: {
    readonly target: TargetDescription;
    readonly answers: Answers;
    readonly missing: Query[];
    readonly span: Span;
  },
): Readers | undefined {
  const { answers, missing, span, target } = about;
  const offset = (structure: string, member: string): number | undefined => {
    const query = { kind: "memberOffset", structure, member } as const;
    const answer = answers.get(queryKey(query));
    if (answer === undefined) missing.push(query);
    return answer?.kind === "memberOffset" ? answer.offset : undefined;
  };
  const inTask = offset("task_struct", "thread_info");
  const inInfo = offset("thread_info", foreign.member);
  const inRegisters = offset("pt_regs", number);
  if (inTask === undefined || inInfo === undefined || inRegisters === undefined) return undefined;
  const argument = (index: number, type: IntegerType): CheckedExpression => {
    return { kind: "argument", index, type, span };
  };
  const callNumber = (type: IntegerType): CheckedExpression => {
    if (when === "enter") return argument(1, type);
    return memberOf(argument(0, uint64), inRegisters, type, span);
  };
  const task: CheckedExpression = { kind: "builtin", name: "curtask", type: uint64, span };
  return {
    number: callNumber(when === "enter" ? uint64 : uint32),
    rawFields: new Map([
      ["__syscall_nr", callNumber(int32)],
      ["ret", longArgument(1, target, span)],
    ]),
    isForeign: {
      kind: "binary",
      operation: "and",
      left: memberOf(task, inTask + inInfo, uint32, span),
      right: { kind: "constant", value: foreign.bit, type: uint64, span },
      type: uint64,
      span,
    },
  };
}
