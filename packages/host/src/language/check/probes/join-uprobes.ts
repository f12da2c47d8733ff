import { type TargetDescription } from "../../../spec/target-description.js";
import { versionCode } from "../../../text/version-code.js";
import { type ActionBlock } from "../../syntax/ast.js";
import { type ConcreteProbe } from "./concrete-probe.js";
import { type ExpandedBlock } from "./raw-tracepoints.js";
import { mentions, mentionsAsArgument } from "./reads-arguments.js";

/** Before, the kernel left out all threads but the first of a process that such a link is for (46ba0e49b642). */
const knowsProcesses = versionCode("6.10");

/**
 * Gives the uprobes of a block one program for each file, which is attached to all their places at once: the kernel takes some
 * 80 ms to detach each by itself, one after the other. Which of them was hit the program is told by the place's cookie.
 */
export function joinUprobes(
  blocks: readonly ExpandedBlock[],
  { features, release }: Pick<TargetDescription, "features" | "release">,
): readonly ExpandedBlock[] {
  if (!features.includes("uprobe_multi")) return blocks;
  const limitsProcesses = versionCode(release) >= knowsProcesses;
  return blocks.map(({ block, probes }) => {
    if (wantsTexts(block)) return { block, probes };
    const groups = new Map<string, ConcreteProbe[]>();
    for (const probe of probes) {
      const key = groupOf(probe, block, limitsProcesses);
      if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), probe]);
    }
    const shared = new Map<ConcreteProbe, readonly ConcreteProbe[]>();
    const taken = new Set<ConcreteProbe>();
    for (const [first, ...others] of groups.values()) {
      if (first === undefined || others.length === 0) continue;
      shared.set(first, others);
      for (const other of others) taken.add(other);
    }
    return {
      block,
      probes: probes.flatMap((probe) => {
        const others = shared.get(probe);
        if (others !== undefined) return [{ ...probe, others, isJoined: true }];
        return taken.has(probe) ? [] : [probe];
      }),
    };
  });
}

/** Names are told by their number, of which functions of strings make nothing. */
function wantsTexts({ predicate, body }: ActionBlock): boolean {
  const functions = /^(strlen|strcap|strstr|strcontains|strncmp)$/;
  return mentionsAsArgument([predicate, body], functions, /^(probe|func)$/);
}

/** What probes have in common that one program does for; `undefined`: it is none of them. */
function groupOf(
  { attachment, type, is32Bit, functionName, usdtArguments, userParameters }: ConcreteProbe,
  { predicate, body }: ActionBlock,
  limitsProcesses: boolean,
): string | undefined {
  if (attachment.kind !== "uprobe" || attachment.ifRefused !== undefined) return undefined;
  const { path, isReturn, pid } = attachment;
  if (pid !== undefined && !limitsProcesses) return undefined;
  const parts = [predicate, body];
  if (userParameters !== undefined) return undefined;
  if (usdtArguments !== undefined && mentions(parts, /^arg[0-9]+$/)) return undefined;
  if (functionName === undefined && mentions(parts, /^func$/)) return undefined;
  return JSON.stringify([path, type, isReturn, pid, is32Bit]);
}
