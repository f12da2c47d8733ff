import { type TargetDescription } from "../../../spec/target-description.js";
import { type ActionBlock } from "../../syntax/ast.js";
import { type Span } from "../../syntax/span.js";
import { type ConcreteProbe } from "./concrete-probe.js";
import { type CheckedExpression } from "../checked-program.js";
import { type IntegerType } from "../type.js";
import { asksForProbe, mentions, readsOtherFields } from "./reads-arguments.js";

/** What a tracepoint's place in the kernel has a say in, and its record, other than by `args`. */
const ownOfTracepoint = /^(arg[0-9]+|ctx|kstack|stack|func|reg|retval|sarg[0-9]+)$/;

/** Fields of records that are an argument of the raw tracepoint as well (include/trace/events/syscalls.h). */
const givenFields: Readonly<Record<string, { readonly name: string; readonly index: number }>> = {
  "raw_syscalls:sys_enter": { name: "id", index: 1 },
  "raw_syscalls:sys_exit": { name: "ret", index: 1 },
};

/**
 * Categories whose events programs cause themselves while they run, where the kernel tells a tracepoint's program from a raw
 * tracepoint's: the former runs in no other one, the latter in no other run of itself. And those that have no raw tracepoints.
 */
const keptCategories: ReadonlySet<string> = new Set([
  ...["bpf_trace", "exceptions", "irq_vectors", "kmem", "lock", "percpu", "preemptirq", "rcu"],
  ...["eprobes", "fprobes", "ftrace", "kprobes", "probes", "synthetic", "syscalls", "tprobes"],
  ...["uprobes"],
]);

export interface ExpandedBlock {
  readonly block: ActionBlock;
  readonly probes: readonly ConcreteProbe[];
}

/**
 * Attaches to raw tracepoints where a block cannot tell the difference: the kernel calls their programs without making a
 * record first, and detaches them in a tenth of the time. Where it cannot tell the events from one another either, one
 * program does for all.
 */
export function preferRawTracepoints(
  blocks: readonly ExpandedBlock[],
  target: Pick<TargetDescription, "features" | "pointerSize">,
): readonly ExpandedBlock[] {
  const { features } = target;
  if (!features.includes("raw_tracepoint")) return blocks;
  const kept = new Set<string>();
  for (const { block, probes } of blocks) {
    for (const { attachment } of probes) {
      if (attachment.kind !== "tracepoint") continue;
      const event = `${attachment.category}:${attachment.name}`;
      if (readsRecord(block, fieldsGivenTo(event))) kept.add(event);
    }
  }
  return blocks.map(({ block, probes }) => {
    const chosen = probes.map((probe) => asRawTracepoint(probe, kept, target) ?? probe);
    return { block, probes: asksForProbe(block) ? chosen : shareProgram(chosen, probes) };
  });
}

/** Whether a block wants more of a tracepoint's record, or of its place, than these fields of `args`. */
export function readsRecord(block: ActionBlock, fields: readonly string[]): boolean {
  const { predicate, body } = block;
  return mentions([predicate, body], ownOfTracepoint) || readsOtherFields(block, fields);
}

function fieldsGivenTo(event: string): readonly string[] {
  const given = givenFields[event];
  return given === undefined ? [] : [given.name];
}

/** `kept`: events whose record another block reads. All programs of an event run in the order in which they are written. */
function asRawTracepoint(
  probe: ConcreteProbe,
  kept: ReadonlySet<string>,
  target: Pick<TargetDescription, "pointerSize">,
): ConcreteProbe | undefined {
  const { attachment, span } = probe;
  // One that may be refused would be refused for want of the raw tracepoint alone.
  if (attachment.kind !== "tracepoint" || attachment.ifRefused !== undefined) return undefined;
  const { category, name } = attachment;
  const event = `${category}:${name}`;
  if (keptCategories.has(category) || kept.has(event)) return undefined;
  const given = givenFields[event];
  return {
    ...probe,
    programType: "raw_tracepoint",
    attachment: { kind: "rawTracepoint", name },
    context: "rawTracepoint",
    ...(given === undefined
      ? {}
      : { rawFields: new Map([[given.name, longArgument(given.index, target, span)]]) }),
  };
}

/** An argument of a raw tracepoint that is a `long`. */
export function longArgument(
  index: number,
  { pointerSize }: Pick<TargetDescription, "pointerSize">,
  span: Span,
): CheckedExpression {
  const type: IntegerType = { kind: "integer", sizeBytes: pointerSize, isSigned: true };
  return { kind: "argument", index, type, span };
}

/** `chosen` and `before` are parallel. */
function shareProgram(
  chosen: readonly ConcreteProbe[],
  before: readonly ConcreteProbe[],
): readonly ConcreteProbe[] {
  const raw = chosen.filter((probe, index) => probe !== before[index]);
  const [first, ...others] = raw;
  if (first === undefined || others.length === 0) return chosen;
  const taken = new Set(others);
  const shared = { ...first, others };
  return chosen.flatMap((probe) => (probe === first ? [shared] : taken.has(probe) ? [] : [probe]));
}
