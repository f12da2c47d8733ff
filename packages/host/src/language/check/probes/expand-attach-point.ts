import { assertNever } from "../../../asm/internal-error.js";
import { type TargetDescription } from "../../../spec/target-description.js";
import { type Answers, type Query } from "../../answers.js";
import { meantHints, nearNames } from "../../near-names.js";
import { type ActionBlock, type AttachPoint } from "../../syntax/ast.js";
import { type Diagnostics } from "../diagnostics.js";
import { AttachPointContext, noAttachPoints, removedProbe } from "./attach-point-context.js";
import { probeTypeOf, probeTypes, type ConcreteProbe } from "./concrete-probe.js";
import { expandFentry, expandKprobe } from "./function-probes.js";
import { expandRawTracepoint, expandRunProbe, expandTracepoint } from "./kernel-probes.js";
import { expandIterator } from "./iterator-probes.js";
import { expandCountedProbe } from "./perf-probes.js";
import { expandSelfProbe } from "./self-probes.js";
import { expandTestProbe, isTest, type TestChoice } from "./test-probes.js";
import { joinProbes } from "./join-probes.js";
import { joinSystemCalls } from "./system-call-probes.js";
import { expandTimedProbe } from "./timed-probes.js";
import { expandWatchpoint } from "./watchpoint-probes.js";
import { asksForProbe, readsArguments, readsOtherFields } from "./reads-arguments.js";
import { expandUsdtProbe } from "./usdt-probes.js";
import { expandUserProbe } from "./user-probes.js";

export interface ExpansionInput {
  readonly answers: Answers;
  /** `$1` in a probe. */
  readonly positional: readonly string[];
  readonly pid: number | undefined;
  readonly target: TargetDescription;
  readonly missingProbes: "error" | "warn" | "ignore";
  readonly isUnsafe: boolean;
  /** The probes that are run to try or to measure something, of which the others are none. */
  readonly tests: TestChoice | undefined;
  /** What one wildcard may grow to. */
  readonly maximumPrograms: number;
}

/**
 * The concrete probes of a block, in the order in which they are written. Queries without an answer are added to `missing`; until
 * there are none, probes may be lacking.
 */
export function expandBlock(
  block: ActionBlock,
  input: ExpansionInput,
  missing: Query[],
  diagnostics: Diagnostics,
): readonly ConcreteProbe[] {
  const about = {
    reads: readsArguments(block),
    readsOtherFields: (fields: readonly string[]) => readsOtherFields(block, fields),
    isAlone: block.attachPoints.length === 1,
    asksForProbe: asksForProbe(block),
  };
  const before = missing.length;
  let hasIterator = false;
  const found = block.attachPoints.flatMap((attachPoint) => {
    const context = contextOf(attachPoint, input, about, missing, diagnostics);
    if (context === undefined) return [];
    if (context.type === "iter" && hasIterator) {
      context.fault("iter probe only supports one attach point.");
      return [];
    }
    hasIterator ||= context.type === "iter";
    const probes = expand(context, input);
    const most = Math.max(1, input.maximumPrograms);
    if (probes.length <= most) return probes;
    if (!about.asksForProbe && joinProbes(block, probes, input.target).length <= most) {
      return probes;
    }
    const message = `Your program is trying to generate more than ${probes.length} BPF programs, which exceeds the current limit of ${input.maximumPrograms}`;
    context.fault(message, context.span, [
      "You can increase the limit through the BPFTRACE_MAX_BPF_PROGS environment variable.",
    ]);
    return [];
  });
  if (found.length === 0 && missing.length === before && !block.attachPoints.some(isTest)) {
    tellNothing(block, input, diagnostics);
  }
  return joinSystemCalls(found, block, input, missing);
}

/** Says that a block is left without probes, where none of these has said so. */
function tellNothing(
  { attachPoints }: ActionBlock,
  { missingProbes }: ExpansionInput,
  diagnostics: Diagnostics,
): void {
  const [first] = attachPoints;
  const last = attachPoints.at(-1);
  if (first === undefined || last === undefined || diagnostics.hasErrors) return;
  const span = { start: first.span.start, end: last.span.end };
  if (missingProbes === "error") diagnostics.error("no-match", span, noAttachPoints);
  const isSaid = diagnostics.list.some(
    (one) => one.message === removedProbe && one.span.start === span.start,
  );
  if (missingProbes === "warn" && !isSaid) diagnostics.warn("bad-probe", span, removedProbe);
}

function contextOf(
  attachPoint: AttachPoint,
  input: ExpansionInput,
  about: {
    readonly reads: ReturnType<typeof readsArguments>;
    readonly readsOtherFields: (fields: readonly string[]) => boolean;
    readonly isAlone: boolean;
    readonly asksForProbe: boolean;
  },
  missing: Query[],
  diagnostics: Diagnostics,
): AttachPointContext | undefined {
  const [head, ...parts] = attachPoint.parts.map(({ text, span }) => ({
    text: text.replaceAll(/\$([1-9][0-9]*)/g, (_, index) => {
      return input.positional[Number(index) - 1] ?? "";
    }),
    span,
  }));
  if (head === undefined) return undefined;
  const type = probeTypeOf(head.text);
  if (type === undefined) {
    const near = nearNames(head.text, Object.keys(probeTypes));
    const message = `Invalid probe type: ${head.text}`;
    diagnostics.error("unknown-probe-type", attachPoint.span, message, meantHints(near));
    return undefined;
  }
  const { answers, pid, target, missingProbes, isUnsafe } = input;
  return new AttachPointContext({
    attachPoint,
    parts,
    type,
    ...about,
    isUnsafe,
    pid,
    target,
    answers,
    missing,
    diagnostics,
    missingProbes,
  });
}

function expand(context: AttachPointContext, { tests }: ExpansionInput): ConcreteProbe[] {
  switch (context.type) {
    case "begin":
    case "end":
      return expandRunProbe(context);
    case "tracepoint":
      return expandTracepoint(context);
    case "rawtracepoint":
      return expandRawTracepoint(context);
    case "kprobe":
    case "kretprobe":
      return expandKprobe(context);
    case "fentry":
    case "fexit":
      return expandFentry(context);
    case "uprobe":
    case "uretprobe":
      return expandUserProbe(context);
    case "usdt":
      return expandUsdtProbe(context);
    case "interval":
    case "profile":
      return expandTimedProbe(context);
    case "software":
    case "hardware":
      return expandCountedProbe(context, context.type);
    case "watchpoint":
      return expandWatchpoint(context);
    case "iter":
      return expandIterator(context);
    case "self":
      return expandSelfProbe(context);
    case "test":
    case "bench":
      return expandTestProbe(context, tests);
    default:
      return assertNever(context.type);
  }
}
