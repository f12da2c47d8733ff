import { type TargetDescription } from "../../../spec/target-description.js";
import { type ActionBlock } from "../../syntax/ast.js";
import { type ConcreteProbe } from "./concrete-probe.js";
import { mentions } from "./reads-arguments.js";

/** What a tracepoint's record or its place in the kernel has a say in. */
export const ownOfTracepoint =
  /^(args|arg[0-9]+|ctx|kstack|ustack|stack|func|reg|retval|sarg[0-9]+)$/;

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
  { features }: Pick<TargetDescription, "features">,
): readonly ExpandedBlock[] {
  if (!features.includes("raw_tracepoint")) return blocks;
  const kept = new Set<string>();
  for (const { block, probes } of blocks) {
    if (!needsRecord(block)) continue;
    for (const { attachment } of probes) {
      if (attachment.kind === "tracepoint") kept.add(`${attachment.category}:${attachment.name}`);
    }
  }
  return blocks.map(({ block, probes }) => {
    if (needsRecord(block)) return { block, probes };
    const chosen = probes.map((probe) => asRawTracepoint(probe, kept) ?? probe);
    return { block, probes: asksName(block) ? chosen : shareProgram(chosen, probes) };
  });
}

function needsRecord({ predicate, body }: ActionBlock): boolean {
  return mentions([predicate, body], ownOfTracepoint);
}

function asksName({ predicate, body }: ActionBlock): boolean {
  return mentions([predicate, body], /^probe$/);
}

/** `kept`: events whose record another block reads. All programs of an event run in the order in which they are written. */
function asRawTracepoint(
  probe: ConcreteProbe,
  kept: ReadonlySet<string>,
): ConcreteProbe | undefined {
  const { attachment } = probe;
  // One that may be refused would be refused for want of the raw tracepoint alone.
  if (attachment.kind !== "tracepoint" || attachment.ifRefused !== undefined) return undefined;
  const { category, name } = attachment;
  if (keptCategories.has(category) || kept.has(`${category}:${name}`)) return undefined;
  return {
    ...probe,
    programType: "raw_tracepoint",
    attachment: { kind: "rawTracepoint", name },
    context: "rawTracepoint",
  };
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
